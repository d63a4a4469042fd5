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
    private var foreign: Set<FileName> = []
    /// After this file the last listing left out what it had no room for, and notices must not overtake that.
    private var horizon: PendingFile?
    private let limit: Int
    /// Files that are not to be sent yet; none of them is among the others.
    private var schedule: SpoolSchedule
    /// The time by which files are due, as it was said last.
    private var unix: Int64 = 0

    /// Makes an empty queue.
    package init(limitFiles: Int = Self.limitFiles) {
        limit = limitFiles
        schedule = SpoolSchedule(limitFiles: limitFiles)
    }

    package var isEmpty: Bool { listed.isEmpty && noticed.isEmpty }

    /// Whether the directory holds more than the last listing had room for.
    package var isTruncated: Bool { horizon != nil }

    /// How many files wait here.
    package var count: Int { listed.count + noticed.count }

    /// Adds names that notices told of, in the order they came.
    package mutating func merge(_ names: [FileName], in directory: Directory) {
        for name in names { insert(name, isNoticed: true, in: directory) }
        if count > 2 * limit { keepEarliest(upTo: nil) }
    }

    /// Adds a file that was looked at before and could not be taken then. No notice said that it is finished.
    package mutating func retry(_ name: FileName, in directory: Directory) {
        insert(name, isNoticed: false, in: directory)
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
        while let file = schedule.popDue(at: unix) { insert(file.name, isNoticed: file.isNoticed, in: directory) }
        return schedule.passesHorizon(at: unix)
    }

    private mutating func insert(_ name: FileName, isNoticed: Bool, in directory: Directory) {
        guard !known.contains(name), let file = Self.file(name, isNoticed: isNoticed, in: directory) else { return }
        if file.isScheduled, file.nanoseconds > unix { return schedule.insert(file) }
        if let horizon, horizon.precedes(file) { return }
        known.insert(name)
        noticed.insert(file)
    }

    /// Lists the directory and adds what is new.
    ///
    /// It is listed twice: the second listing may show event k+1 of a publisher and miss k when both appear meanwhile,
    /// so only names that sort at or before the last of the first listing are taken. A publisher that named its second event
    /// before that moment had renamed its first one before it too. What is left out is found by its notice or by the
    /// next look.
    ///
    /// - Returns: What was found. Names left out for their lateness make the next look a listing again.
    package mutating func list(_ directory: Directory) throws(SystemCallError) -> Listing {
        let last = try lastFile(in: directory)
        if last == nil { horizon = nil }
        var found: [PendingFile] = []
        var cut: PendingFile?
        var listing = Listing()
        try directory.forEachName { bytes in
            let parsed = SpoolName(bytes)
            guard parsed.kind == .event || parsed.kind == .batch else {
                if parsed.kind == .other { note(FileName(bytes), &listing) }
                return
            }
            if isHeldBack(parsed, bytes) { return }
            guard let order = Self.order(of: parsed, bytes, in: directory) else { return }
            if parsed.isScheduled, order.nanoseconds > unix {
                let name = FileName(bytes)
                return schedule.insert(PendingFile(name: name, parsed: parsed, order: order, isNoticed: false))
            }
            guard let last, !last.precedes(order, bytes) else { return }
            if let cut, cut.precedes(order, bytes) { return }
            let name = FileName(bytes)
            guard !known.contains(name) else { return }
            found.append(PendingFile(name: name, parsed: parsed, order: order, isNoticed: false))
            if found.count >= 2 * limit {
                found.sort { $0.precedes($1) }
                found.removeLast(found.count - limit)
                cut = found.last
            }
        }
        guard last != nil else { return listing }
        // A listing during which files are renamed may name one twice (seen on tmpfs).
        found.removeAll { !known.insert($0.name).inserted }
        listing.added = found.count
        listed.append(contentsOf: found)
        keepEarliest(upTo: cut)
        return listing
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

    /// Forgets a name: its file is deleted, set aside, gone, or to be looked at again.
    package mutating func finish(_ name: FileName) { known.remove(name) }

    /// Forgets everything but what has been sent: the directory is another one now.
    package mutating func reset() {
        listed = []
        noticed = Heap<PendingFile>()
        known = []
        horizon = nil
        schedule = SpoolSchedule(limitFiles: limit)
    }

    private mutating func note(_ name: FileName, _ listing: inout Listing) {
        guard foreign.count < Self.limitForeign, foreign.insert(name).inserted else { return }
        listing.foreign.append(name)
    }

    /// Whether a name is known to wait for the time it says; one that says none is to be asked.
    private func isHeldBack(_ parsed: SpoolName, _ bytes: Span<UInt8>) -> Bool {
        guard parsed.isScheduled, let time = parsed.timeNanoseconds, time > unix else { return false }
        return schedule.contains(FileName(bytes))
    }

    /// The last of the files that are not known: one that is sent and cannot be deleted says nothing of the moment.
    private func lastFile(in directory: Directory) throws(SystemCallError) -> PendingFile? {
        var last: PendingFile?
        try directory.forEachName { bytes in
            let parsed = SpoolName(bytes)
            guard parsed.kind == .event || parsed.kind == .batch else { return }
            guard let order = Self.order(of: parsed, bytes, in: directory) else { return }
            // What is not due says nothing of the moment either.
            if parsed.isScheduled, order.nanoseconds > unix { return }
            if let last, !last.precedes(order, bytes) { return }
            let name = FileName(bytes)
            guard !known.contains(name) else { return }
            last = PendingFile(name: name, parsed: parsed, order: order, isNoticed: false)
        }
        return last
    }

    private static func file(_ name: FileName, isNoticed: Bool, in directory: Directory) -> PendingFile? {
        let bytes = name.terminated.span.extracting(..<name.count)
        let parsed = SpoolName(bytes)
        guard parsed.kind == .event || parsed.kind == .batch else { return nil }
        guard let order = order(of: parsed, bytes, in: directory) else { return nil }
        return PendingFile(name: name, parsed: parsed, order: order, isNoticed: isNoticed)
    }

    /// A file's place; `nil` when the name has no time and the file has gone before its own could be asked for.
    private static func order(
        of parsed: SpoolName, _ bytes: Span<UInt8>, in directory: Directory
    ) -> SpoolOrder? {
        if parsed.timeNanoseconds != nil { return parsed.order(modifiedNanoseconds: 0) }
        guard let status = try? directory.status(of: FileName(bytes)) else { return nil }
        return parsed.order(modifiedNanoseconds: status.modifiedNanoseconds)
    }
}
