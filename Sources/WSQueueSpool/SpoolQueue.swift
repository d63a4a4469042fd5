internal import WSQueueCore
package import WSQueueSystem

/// The files that wait, oldest first, each name once.
///
/// At most ``limitFiles`` are held at a time: of a larger backlog the oldest, and the rest stays where it is, in
/// the directory, until these are done.
package struct SpoolQueue {
    /// What a listing brought to light.
    package struct Listing {
        /// How many files were added.
        package var added = 0
        /// Visible entries that are no event files, seen for the first time.
        package var foreign: [FileName] = []
    }

    /// How many files are held in memory, about 150 bytes each.
    package static let limitFiles = 32_768
    private static let limitForeign = 1_000

    /// Latest first, so that the oldest is taken from the end.
    private var listed: [PendingFile] = []
    private var noticed = Heap<PendingFile>()
    /// Names that wait or that were sent and are not deleted yet.
    private var known: Set<FileName> = []
    /// Of these some were noticed again while they were known; with the number of that notice.
    private var again: [FileName: FileArrival] = [:]
    /// How many notices there were.
    private var arrivals: UInt64 = 0
    private var foreign: Set<FileName> = []
    /// Files that a server before this one has taken and not deleted, and whose names others have by now.
    private var left: Set<FileName> = []
    /// Files that could not be looked at, so that their places are not known, and why.
    private var unplaced: Set<FileName> = []
    /// Why the last of these could not be; `nil` where there is none.
    package private(set) var unplacedFault: SystemCallError?
    /// After this file the last listing left out what it had no room for, and notices must not overtake that.
    private var horizon: PendingFile?
    private let limit: Int
    /// Files that are not to be sent yet; none of them is among the others.
    private var schedule: SpoolSchedule
    private var dueTimes: DueTimes
    /// The time by which files are due, as it was said last.
    private var unix: Int64 = 0

    /// Makes an empty queue.
    package init(limitFiles: Int = Self.limitFiles) {
        limit = limitFiles
        schedule = SpoolSchedule(limitFiles: limitFiles)
        dueTimes = DueTimes(limitFiles: limitFiles)
    }

    /// What comes without a notice comes now.
    private var unnoticed: FileArrival { .found(after: arrivals) }

    package var isEmpty: Bool { listed.isEmpty && noticed.isEmpty }

    /// Whether the directory holds more than the last listing had room for.
    package var isTruncated: Bool { horizon != nil }

    /// How many files wait here.
    package var count: Int { listed.count + noticed.count }

    /// Adds names that notices told of, in the order they came.
    package mutating func merge(_ names: [FileName], in directory: Directory) {
        var isAnyKnown = false
        for name in names {
            arrivals += 1
            let arrival = FileArrival.notice(arrivals)
            if known.contains(name) {
                again[name] = arrival
                isAnyKnown = true
            } else {
                insert(name, arrival: arrival, in: directory)
            }
        }
        if isAnyKnown, !listed.isEmpty { noteArrivals() }
        if count > 2 * limit { keepEarliest(upTo: nil) }
    }

    /// Adds a file that was looked at before and could not be taken then, or another one of its name.
    package mutating func retry(_ name: FileName, in directory: Directory) {
        insert(name, arrival: again.removeValue(forKey: name) ?? unnoticed, in: directory)
    }

    /// Adds files that a server before this one has taken and not deleted, under the names that it gave them.
    package mutating func addLeft(_ names: [FileName], in directory: Directory) {
        left.formUnion(names)
        for name in names { retry(name, in: directory) }
    }

    /// Gives up the files that could not be looked at, so that they can be looked at again (``retry(_:in:)``). No listing
    /// need find them: one that was taken has a hidden name.
    package mutating func takeUnplaced() -> Set<FileName> {
        defer { (unplaced, unplacedFault) = ([], nil) }
        return unplaced
    }

    private mutating func noteUnplaced(_ name: FileName, _ error: SystemCallError) {
        guard !error.isNotFound, !known.contains(name) else { return }
        // Of very many the rest is left to listings.
        guard unplaced.count < limit || TakenName.isOne(name.terminated.span) else { return }
        unplaced.insert(name)
        unplacedFault = error
    }

    /// Brings files that a listing found before their notices were read into the order of these.
    private mutating func noteArrivals() {
        var isChanged = false
        for index in listed.indices where !listed[index].isNoticed {
            guard let arrival = again.removeValue(forKey: listed[index].name) else { continue }
            listed[index] = listed[index].noticed(arrival)
            isChanged = true
        }
        if isChanged { listed.sort { $1.precedes($0) } }
    }

    /// When the next file that waits for its time is due, Unix nanoseconds.
    package var nextDueNanoseconds: Int64? { schedule.nextNanoseconds }

    /// Takes in what is due.
    ///
    /// - Parameter unix: The wall clock, nanoseconds.
    /// - Returns: Whether a listing is needed for more.
    package mutating func release(at unix: Int64, in directory: Directory) -> Bool {
        self.unix = unix
        // Looked at again: it may have been taken back, and published again for another time.
        while let file = schedule.popDue(at: unix) { insert(file.name, arrival: file.arrival, in: directory) }
        return schedule.passesHorizon(at: unix)
    }

    private mutating func insert(_ name: FileName, arrival: FileArrival, in directory: Directory) {
        guard !known.contains(name), let file = file(name, arrival: arrival, in: directory) else { return }
        if file.isScheduled, file.nanoseconds > unix { return schedule.insert(file) }
        if let horizon, horizon.precedes(file) { return }
        known.insert(name)
        noticed.insert(file)
    }

    /// Lists the directory and adds what is new.
    ///
    /// It is listed once, and where that finds anything once more: the second listing may show event k+1 of a publisher
    /// and miss k when both appear meanwhile, so only names that sort at or before the last of the first listing are
    /// taken. A publisher that named its second event before that moment had renamed its first one before it too. What
    /// is left out is found by its notice or by the next look.
    ///
    /// A last name that is ahead of the clock says nothing of that moment. Then, if anything is named by a time that passed
    /// during the second listing, what is named by the moment before that is taken, and the rest is left as if there were no
    /// room for it.
    ///
    /// - Parameter clock: The wall clock, nanoseconds.
    /// - Returns: What was found. Names left out for their lateness make the next look a listing again.
    package mutating func list(
        _ directory: Directory, clock: () -> Int64 = Clock.unixNanoseconds
    ) throws(SystemCallError) -> Listing {
        var listing = Listing()
        guard let last = try lastFile(in: directory, &listing) else {
            horizon = nil
            return listing
        }
        let moment = clock()
        var found: [PendingFile] = []
        var cut: PendingFile?
        try directory.forEachName { bytes in
            guard let (parsed, order) = place(of: bytes, in: directory) else { return }
            guard !last.precedes(order, bytes) else { return }
            if let cut, cut.precedes(order, bytes) { return }
            let name = FileName(bytes)
            guard !known.contains(name) else { return }
            found.append(PendingFile(name: name, parsed: parsed, order: order, arrival: unnoticed))
            if found.count >= 2 * limit {
                found.sort { $0.precedes($1) }
                found.removeLast(found.count - limit)
                cut = found.last
            }
        }
        if last.nanoseconds > moment {
            let now = clock()
            if found.contains(where: { $0.nanoseconds > moment && $0.nanoseconds <= now }) {
                found.sort { $0.precedes($1) }
                cut = found.first { $0.nanoseconds > moment }
                found.removeAll { $0.nanoseconds > moment }
            }
        }
        // A listing during which files are renamed may name one twice (seen on tmpfs).
        found.removeAll { !known.insert($0.name).inserted }
        listing.added = found.count
        listed.append(contentsOf: found)
        keepEarliest(upTo: cut)
        return listing
    }

    /// The last of the files that are not known: one that is sent and cannot be deleted says nothing of the moment. What
    /// else there is is noted on the way.
    private mutating func lastFile(
        in directory: Directory, _ listing: inout Listing
    ) throws(SystemCallError) -> PendingFile? {
        var last: PendingFile?
        try directory.forEachName { bytes in
            guard let (parsed, order) = place(of: bytes, in: directory) else { return note(bytes, &listing) }
            if let last, !last.precedes(order, bytes) { return }
            let name = FileName(bytes)
            guard !known.contains(name) else { return }
            last = PendingFile(name: name, parsed: parsed, order: order, arrival: unnoticed)
        }
        return last
    }

    /// What an entry is and where it belongs; `nil` where it is no event file, has gone, could not be looked at, or waits for
    /// its time.
    private mutating func place(
        of name: Span<UInt8>, in directory: Directory
    ) -> (parsed: SpoolName, order: SpoolOrder)? {
        let parsed = SpoolName(name)
        guard parsed.kind == .event || parsed.kind == .batch, !isHeldBack(parsed, name) else { return nil }
        let order: SpoolOrder
        do { order = try dueTimes.order(of: parsed, name, in: directory) } catch {
            noteUnplaced(FileName(name), error)
            return nil
        }
        guard parsed.isScheduled, order.nanoseconds > unix else { return (parsed, order) }
        schedule.insert(PendingFile(name: FileName(name), parsed: parsed, order: order, arrival: unnoticed))
        return nil
    }

    /// Brings all files that wait into one order and holds no more of them than the limit. What goes is still in the
    /// directory and is listed again; until then nothing behind it is taken in, or it would be overtaken.
    ///
    /// - Parameter cut: Files after this one go in any case, because others among them were left out.
    private mutating func keepEarliest(upTo cut: PendingFile?) {
        listed.append(contentsOf: noticed.elements)
        noticed = Heap<PendingFile>()
        listed.sort { $1.precedes($0) }
        horizon = cut
        var surplus = max(0, listed.count - limit)
        if let cut { surplus = max(surplus, listed.firstIndex { !cut.precedes($0) } ?? listed.count) }
        guard surplus > 0 else { return }
        for file in listed[..<surplus] { known.remove(file.name) }
        listed.removeFirst(surplus)
        horizon = listed.first ?? cut
    }

    /// The file that is next.
    package var oldest: PendingFile? {
        guard let listedFile = listed.last, let noticedFile = noticed.first else { return listed.last ?? noticed.first }
        return noticedFile.precedes(listedFile) ? noticedFile : listedFile
    }

    /// Takes the oldest file. It stays known, so that it is not found again, until `finish`.
    package mutating func next() -> PendingFile? {
        guard let listedFile = listed.last else { return noticed.popFirst() }
        if let noticedFile = noticed.first, noticedFile.precedes(listedFile) { return noticed.popFirst() }
        return listed.popLast()
    }

    /// Gives back a file that was taken and has to wait: it is the next one again.
    package mutating func putBack(_ file: PendingFile) { noticed.insert(file) }

    /// Forgets a name: its file is deleted, set aside, gone, or to be looked at again.
    package mutating func finish(_ name: FileName) {
        known.remove(name)
        if !again.isEmpty { again[name] = nil }
        dueTimes.forget(name)
    }

    /// Takes a file in that stands under the name of one that is done, and is an event of its own.
    package mutating func retake(_ name: FileName, in directory: Directory) {
        let arrival = again.removeValue(forKey: name) ?? unnoticed
        finish(name)
        insert(name, arrival: arrival, in: directory)
    }

    /// Forgets everything but what has been sent: the directory is another one now.
    package mutating func reset() {
        listed = []
        noticed = Heap<PendingFile>()
        known = []
        again = [:]
        left = []
        horizon = nil
        schedule = SpoolSchedule(limitFiles: limit)
        dueTimes = DueTimes(limitFiles: limit)
        (unplaced, unplacedFault) = ([], nil)
    }

    /// Notes an entry that is no event file. Of a heap of them most are passed over without a look at the name.
    private mutating func note(_ bytes: Span<UInt8>, _ listing: inout Listing) {
        guard foreign.count < Self.limitForeign, SpoolName.kind(of: bytes).0 == .other else { return }
        let name = FileName(bytes)
        if foreign.insert(name).inserted { listing.foreign.append(name) }
    }

    /// Whether a name is known to wait for the time it says; one that says none is to be asked.
    private func isHeldBack(_ parsed: SpoolName, _ bytes: Span<UInt8>) -> Bool {
        guard parsed.isScheduled, let time = parsed.timeNanoseconds, time > unix else { return false }
        return schedule.contains(FileName(bytes))
    }

    private mutating func file(_ name: FileName, arrival: FileArrival, in directory: Directory) -> PendingFile? {
        // One that was taken and may not be deleted is an event of its own, with the id that its former name gives it.
        let start = TakenName.isOne(name.terminated.span) ? TakenName.prefixCount : 0
        let bytes = name.terminated.span.extracting(start..<name.count)
        let parsed = SpoolName(bytes)
        guard parsed.kind == .event || parsed.kind == .batch else { return nil }
        do throws(SystemCallError) {
            let order =
                start == 0
                ? try dueTimes.order(of: parsed, bytes, in: directory)
                : try parsed.order(of: bytes, entry: name, in: directory)
            return PendingFile(
                name: name, from: start, wasLeft: start > 0 && left.contains(name), parsed: parsed, order: order,
                arrival: arrival)
        } catch {
            noteUnplaced(name, error)
            return nil
        }
    }
}
