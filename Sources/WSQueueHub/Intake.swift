internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueSpool
internal import WSQueueSystem

/// Which file of the queue is next: the directory is watched and looked at, and what is found in it kept in order.
struct Intake: ~Copyable {
    private let log: Log
    /// Time between two looks at the directory.
    private let pollNanoseconds: Int64
    private var directory: QueueDirectory
    private var watcher: SpoolWatcher
    private var queue = SpoolQueue()
    /// Why a listing is due though nothing was noticed.
    private var listingCause: HubCounters.ScanCause? = .start
    private var nextLook: Int64 = 0
    /// When the directory may be listed again for no other reason than that it has changed.
    private var nextListing: Int64 = 0
    /// When hidden files of dead publishers are next looked for.
    private var nextSweep: Int64 = 0
    /// When the next file that waits for its time is due, by the monotonic clock.
    private var nextDue = Int64.max
    private var trouble = IntakeTrouble()
    private var overflowCount: UInt64 = 0
    private var scanCounts = [UInt64](repeating: 0, count: HubCounters.ScanCause.allCases.count)
    /// Files that had to wait because no client was connected, and how many of those that wait now are among them.
    private var heldCount: UInt64 = 0
    private var heldNow = 0

    init(_ configuration: Configuration, log: Log) {
        self.log = log
        pollNanoseconds = Int64(configuration.pollMilliseconds) * 1_000_000
        directory = QueueDirectory(path: configuration.queuePath, log: log)
        watcher = SpoolWatcher(path: configuration.queuePath, usesNotices: configuration.usesNotices)
    }

    /// For the poller: readable when there are notices; `nil` without inotify.
    var noticeNumber: Int32? { watcher.number }

    /// How many files are known to wait.
    var count: Int { queue.count }
    /// What files are read by; `nil` while there is no directory to take them from.
    var reader: SpoolReader? { directory.reader }
    /// Which directory that is, or was.
    var identity: FileIdentity? { directory.identity }
    /// Whether nothing is taken for the moment, because that would change the order.
    var isPausing: Bool { trouble.isPausing }
    /// Whether a file can be taken.
    var hasNext: Bool { directory.reader != nil && !queue.isEmpty && !trouble.isPausing }

    /// Whether the directory has been listed, and all that was found is taken.
    var isThrough: Bool {
        let isListed = listingCause != .start && listingCause != .retry
        return isListed && queue.isEmpty && !queue.isTruncated && queue.unplacedFault == nil
    }

    /// How long the hub may sleep when nothing wakes it, nanoseconds.
    func sleepNanoseconds(now: Int64) -> Int64 { min(nextLook, nextDue, trouble.end) - now }

    // MARK: The directory

    /// Works in the first directory, whose lock is held.
    mutating func open(_ queue: Directory, _ lock: consuming QueueLock) throws(SystemCallError) {
        let opened = try QueueDirectory.opened(queue, lock, log)
        _ = try watch(opened)
        directory.use(opened)
        putBackTaken()
        guard let fault = watcher.fault else { return }
        log.write(
            LogLine(.warning, "queue.nowatch").with("error", fault.description)
                .with("hint", "events are found by looking every \(pollNanoseconds / 1_000_000) ms"))
    }

    /// Acts on what a look has found about the directory as a whole.
    ///
    /// - Returns: A directory that stands there again, or for the first time, and is to be used.
    mutating func reopen(after look: SpoolWatcher.Look) -> QueueDirectory.Opened? {
        switch look {
        case .unchanged, .changed:
            if directory.reader != nil { return nil }
        case .replaced: directory.lose(reason: "another directory is there now")
        case .missing(let error):
            directory.lose(reason: error.reason)
            return nil
        }
        do throws(QueueDirectoryError) {
            return try directory.open()
        } catch {
            directory.noteFault(error)
            return nil
        }
    }

    /// Watches a directory that was found, so that what happens in it from now on is noticed.
    ///
    /// - Returns: Whether it is another one than before, whose files are forgotten.
    mutating func watch(_ opened: borrowing QueueDirectory.Opened) throws(SystemCallError) -> Bool {
        try watcher.attach(opened.reader.directory)
        listingCause = .start
        guard directory.isAnother(opened) else { return false }
        trouble.endPause()
        queue.reset()
        return true
    }

    /// Uses a directory from now on.
    mutating func use(_ opened: consuming QueueDirectory.Opened) { directory.use(opened) }

    /// Has the next listing give files back their names that a server before this one has taken and not deleted: what it
    /// has sent of them is known. Where another file has the name by now, it is taken in from where it is.
    mutating func putBackTaken() { trouble.mayHaveTaken = true }

    /// Notes that a directory that was found cannot be used.
    mutating func noteFault(_ error: SystemCallError) { directory.noteFault(.failed(error)) }

    /// Says once when nothing can be deleted in the directory, and tells anew that it is served, where that has to be.
    mutating func noteDirectory(unix: Int64) {
        directory.noteWritable()
        directory.noteServing(unix: unix)
    }

    /// Tells in the directory where the server listens.
    mutating func announce(_ addresses: [String]) { directory.announce(addresses) }

    /// Takes no further files; the lock is kept.
    mutating func stop() {
        directory.leave()
        trouble.endPause()
        queue.reset()
    }

    /// Looks no more, so that nothing but others wakes the hub before `now`, monotonic nanoseconds.
    mutating func rest(until moment: Int64) {
        nextLook = moment
        nextDue = .max
        // Read so that they do not wake the hub.
        _ = try? watcher.arrivals()
    }

    // MARK: Finding files

    /// Takes in what notices tell of, and what is due.
    mutating func notice(_ hasNotices: Bool, now: Int64, unix: Int64) {
        if hasNotices { takeNotices() }
        trouble.look(now: now)
        releaseDue(now: now, unix: unix)
        if !trouble.hasUnplaced { placeAgain(now: now) }
    }

    /// Looks once more at files that could not be looked at: an error that comes once is over by now, and where it lasts
    /// nothing is taken before the next look at the directory.
    private mutating func placeAgain(now: Int64) {
        guard let reader = directory.reader else { return }
        for name in queue.takeUnplaced() { queue.retry(name, in: reader.directory) }
        guard trouble.noteUnplaced(queue.unplacedFault, until: nextLook, now: now), let error = queue.unplacedFault
        else { return }
        log.write(LogLine(.warning, "queue.unreadable").with("error", error.description))
    }

    private mutating func takeNotices() {
        guard let arrivals = try? watcher.arrivals() else {
            // Some may have been read before that.
            listingCause = listingCause ?? .retry
            return
        }
        if arrivals.needsListing {
            if arrivals.hasOverflown { overflowCount += 1 }
            listingCause = listingCause ?? (arrivals.hasOverflown ? .overflow : .change)
            nextLook = 0
        }
        guard let reader = directory.reader, !arrivals.names.isEmpty else { return }
        queue.merge(arrivals.names, in: reader.directory)
    }

    private mutating func releaseDue(now: Int64, unix: Int64) {
        nextDue = .max
        guard let reader = directory.reader else { return }
        if queue.release(at: unix, in: reader.directory) { list(reader, .due, now: now) }
        guard let due = queue.nextDueNanoseconds else { return }
        nextDue = now + min(due - unix, 1_000_000_000)
    }

    /// Looks at the directory as a whole, if it is time to: one stat(2) while nothing has changed.
    mutating func look(now: Int64) -> SpoolWatcher.Look? {
        guard now >= nextLook else { return nil }
        nextLook = now + pollNanoseconds
        return watcher.look(now: now)
    }

    /// Lists the directory if that is due after a look.
    ///
    /// - Parameter retried: Files that could not be taken before and are to be looked at again.
    mutating func list(after look: SpoolWatcher.Look, retrying retried: [FileName], now: Int64, unix: Int64) {
        guard let reader = directory.reader else { return }
        noteWriting()
        // A listing that had no room for all is repeated when its files are done; only lost notices make it due before.
        let isDue = look == .changed && now >= nextListing && (queue.isEmpty || !queue.isTruncated)
        if let cause = listingCause ?? (isDue ? .change : nil) { list(reader, cause, now: now) }
        for name in retried { queue.retry(name, in: reader.directory) }
        placeAgain(now: now)
    }

    /// Takes in what was noticed of those who write in place, and the files that they have begun: what can be read already
    /// is whole.
    mutating func noteWriting() {
        let begun = watcher.beginnings()
        guard let reader = directory.reader else { return }
        for name in begun { queue.retry(name, in: reader.directory) }
    }

    /// The files that are being written, as far as was noticed.
    var writers: SeenWriters { watcher.writers }

    // MARK: Taking files

    /// Takes the oldest file. It stays known, so that it is not found again, until ``finish(_:)``.
    mutating func next(now: Int64) -> PendingFile? {
        guard let reader = directory.reader, !trouble.isPausing else { return nil }
        if queue.isEmpty, queue.isTruncated { list(reader, .backlog, now: now) }
        return queue.next()
    }

    /// Gives back a file that cannot be read now. It is the next one again, after a moment in which nothing is taken.
    mutating func putBack(_ file: PendingFile, now: Int64) {
        queue.putBack(file)
        trouble.pause(now: now)
    }

    /// Forgets a name: its file is deleted, set aside, gone, or to be looked at again.
    mutating func finish(_ name: FileName) { queue.finish(name) }

    /// Takes in the file that stands under a name whose own file is done.
    mutating func retake(_ name: FileName) {
        guard let reader = directory.reader else { return queue.finish(name) }
        queue.retake(name, in: reader.directory)
    }

    /// Counts the files that have come to wait for a client, or notes that none does.
    mutating func noteHolding(_ isHolding: Bool) {
        guard isHolding else {
            heldNow = 0
            return
        }
        guard queue.count > heldNow else { return }
        heldCount += UInt64(queue.count - heldNow)
        heldNow = queue.count
    }

    /// Adds how the queue stands.
    ///
    /// - Parameter begun: A file that is being sent and not among those that wait.
    func describe(_ status: inout HubStatus, begun: PendingFile?) {
        status.waiting = queue.count + (begun == nil ? 0 : 1)
        status.isMore = queue.isTruncated
        status.oldestNanoseconds = (begun ?? queue.oldest)?.nanoseconds
        status.counters.overflows = overflowCount
        status.counters.scans = scanCounts
        status.counters.held = heldCount
        directory.describe(&status)
    }

    private mutating func list(_ reader: SpoolReader, _ cause: HubCounters.ScanCause, now: Int64) {
        for (index, other) in HubCounters.ScanCause.allCases.enumerated() where other == cause {
            scanCounts[index] += 1
        }
        let start = Clock.monotonicNanoseconds()
        defer {
            let cost = Clock.monotonicNanoseconds() - start
            nextListing = now + cost + ListingPace.rest(after: cost, isTold: watcher.isTold)
        }
        do throws(SystemCallError) {
            if trouble.mayHaveTaken {
                queue.addLeft(try Removal.putBackAll(in: reader.directory), in: reader.directory)
                trouble.mayHaveTaken = false
            }
            try watcher.willList(reader.directory, now: now)
            let listing = try queue.list(reader.directory)
            listingCause = nil
            trouble.noteListed()
            // What came meanwhile was perhaps listed before its notice was read, which says in which order it came.
            takeNotices()
            for name in listing.foreign {
                log.write(
                    LogLine(.warning, "queue.foreign").with("file", name.description)
                        .with("hint", "event files end in .json or .jsonl; this is left alone"))
            }
        } catch {
            listingCause = .retry
            trouble.noteUnlisted(error, until: nextLook, now: now)
            log.write(LogLine(.error, "queue.unreadable").with("error", error.description))
        }
    }

    /// Lets go of what is too old: what dead publishers have left, and what was set aside long ago.
    mutating func age(_ ages: AgeClock, now: Int64) {
        guard let reader = directory.reader, now >= nextSweep, !queue.isTruncated else { return }
        nextSweep = now + 600_000_000_000
        directory.prune(ages)
        let names = AbandonedFiles(reader).sweep(ages)
        guard let first = names.first else { return }
        log.write(
            LogLine(.notice, "queue.swept").with("files", names.count).with("first", first.description)
                .with("hint", "unfinished for an hour: their publishers have died"))
    }
}

/// How often a directory is listed that has changed: our own deletions change it too, and files that are no events make
/// each listing long.
enum ListingPace {
    /// For how long it is not listed for no other reason than that it has changed.
    ///
    /// - Parameters:
    ///   - cost: How long the last listing took, nanoseconds.
    ///   - isTold: Whether notices tell of all that comes, so that a listing only makes sure.
    static func rest(after cost: Int64, isTold: Bool) -> Int64 {
        let (factor, limit): (Int64, Int64) =
            isTold ? (400, 5 * ListingMark.limitNanoseconds) : (20, ListingMark.limitNanoseconds)
        return min(factor * max(0, cost), limit)
    }
}
