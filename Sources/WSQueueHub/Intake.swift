internal import WSQueueOperation
internal import WSQueueSpool
internal import WSQueueSystem

/// Which file of the queue is next: notices and looks find them, the queue keeps them in order.
struct Intake: ~Copyable {
    private let log: Log
    /// Time between two looks at the directory.
    private let pollNanoseconds: Int64
    private var watcher: SpoolWatcher
    private var queue = SpoolQueue()
    /// Why a listing is due though nothing was noticed.
    private var listingCause: HubCounters.ScanCause? = .start
    private var nextLook: Int64 = 0
    /// When a directory with files that wait may be listed again.
    private var nextListing: Int64 = 0
    /// When hidden files of dead publishers are next looked for.
    private var nextSweep: Int64 = 0
    /// When the next file that waits for its time is due, by the monotonic clock.
    private var nextDue = Int64.max
    private var overflowCount: UInt64 = 0
    private var scanCounts = [UInt64](repeating: 0, count: HubCounters.ScanCause.allCases.count)
    /// Files that had to wait because no client was connected, and how many of those that wait now are among them.
    private var heldCount: UInt64 = 0
    private var heldNow = 0

    init(_ configuration: Configuration, log: Log) {
        self.log = log
        pollNanoseconds = Int64(configuration.pollMilliseconds) * 1_000_000
        watcher = SpoolWatcher(path: configuration.queuePath, usesNotices: configuration.usesNotices)
    }

    /// For the poller: readable when there are notices; `nil` without inotify.
    var noticeNumber: Int32? { watcher.number }

    /// How many files are known to wait, whether there are more, and which is the oldest.
    var count: Int { queue.count }
    var isTruncated: Bool { queue.isTruncated }
    var oldest: PendingFile? { queue.oldest }
    var isEmpty: Bool { queue.isEmpty }

    /// Adds what it has counted.
    func count(into counters: inout HubCounters) {
        counters.overflows = overflowCount
        counters.scans = scanCounts
        counters.held = heldCount
    }

    /// How long the hub may sleep when nothing wakes it, nanoseconds.
    func sleepNanoseconds(now: Int64) -> Int64 { min(nextLook, nextDue) - now }

    /// Works in a directory from now on. It must be open already, so that what happens in it is noticed.
    mutating func attach(_ directory: Directory) throws(SystemCallError) {
        try watcher.attach(directory)
        listingCause = .start
    }

    /// Says when there are no notices though there should be.
    func reportWatching() {
        guard let fault = watcher.fault else { return }
        log.write(
            LogLine(.warning, "queue.nowatch").with("error", fault.description)
                .with("hint", "events are found by looking every \(pollNanoseconds / 1_000_000) ms"))
    }

    /// Forgets what was known of another directory's files.
    mutating func forget() { queue.reset() }

    /// Looks no more, so that nothing but others wakes the hub before `now`, monotonic nanoseconds.
    mutating func rest(until moment: Int64) {
        nextLook = moment
        // Read so that they do not wake the hub.
        _ = try? watcher.arrivals()
    }

    /// Takes in what notices tell of.
    mutating func notice(in reader: SpoolReader?) {
        guard let arrivals = try? watcher.arrivals() else { return }
        if arrivals.needsListing {
            if arrivals.hasOverflown { overflowCount += 1 }
            listingCause = listingCause ?? (arrivals.hasOverflown ? .overflow : .change)
            nextLook = 0
        }
        guard let reader, !arrivals.names.isEmpty else { return }
        queue.merge(arrivals.names, in: reader.directory)
    }

    /// Takes in the files whose time has come.
    mutating func releaseDue(in reader: SpoolReader?, now: Int64, unix: Int64) {
        nextDue = .max
        guard let reader else { return }
        if queue.release(at: unix, in: reader.directory) { list(reader, .due, unix: unix) }
        guard let due = queue.nextDueNanoseconds else { return }
        nextDue = now + min(due - unix, 1_000_000_000)
    }

    /// Looks at the directory as a whole, if it is time to: one stat(2) while nothing has changed.
    mutating func look(now: Int64) -> SpoolWatcher.Look? {
        guard now >= nextLook else { return nil }
        nextLook = now + pollNanoseconds
        return watcher.look()
    }

    /// Lists the directory if that is due after a look.
    ///
    /// - Parameter retried: Files that could not be taken before and are to be looked at again.
    mutating func list(
        _ reader: SpoolReader, after look: SpoolWatcher.Look, retrying retried: [FileName], now: Int64, unix: Int64
    ) {
        // A listing that had no room for all is repeated when its files are done; only lost notices make it due before.
        // Our own deletions change the directory too: while files wait, listing it may take a twentieth of the time.
        let isDue = look == .changed && (queue.isEmpty || (!queue.isTruncated && now >= nextListing))
        if let cause = listingCause ?? (isDue ? .change : nil) { list(reader, cause, unix: unix) }
        for name in retried { queue.retry(name, in: reader.directory) }
        if now >= nextSweep, !queue.isTruncated { sweep(reader, now: now, unix: unix) }
    }

    /// Takes the oldest file. It stays known, so that it is not found again, until ``finish(_:)``.
    mutating func next(in reader: SpoolReader, unix: Int64) -> PendingFile? {
        if queue.isEmpty, queue.isTruncated { list(reader, .backlog, unix: unix) }
        return queue.next()
    }

    /// Forgets a name: its file is deleted, set aside, gone, or to be looked at again.
    mutating func finish(_ name: FileName) { queue.finish(name) }

    /// Has the directory listed at the next look: a file was not what it should have been.
    mutating func requireListing() { listingCause = .retry }

    /// Counts the files that have come to wait for a client.
    mutating func countHeld() {
        guard queue.count > heldNow else { return }
        heldCount += UInt64(queue.count - heldNow)
        heldNow = queue.count
    }

    /// No file waits for a client any more.
    mutating func endHolding() { heldNow = 0 }

    private mutating func list(_ reader: SpoolReader, _ cause: HubCounters.ScanCause, unix: Int64) {
        for (index, other) in HubCounters.ScanCause.allCases.enumerated() where other == cause {
            scanCounts[index] += 1
        }
        let start = Clock.monotonicNanoseconds()
        defer {
            let end = Clock.monotonicNanoseconds()
            nextListing = end + 20 * (end - start)
        }
        do throws(SystemCallError) {
            try watcher.willList(reader.directory, unix: unix)
            let listing = try queue.list(reader.directory)
            listingCause = nil
            for name in listing.foreign {
                log.write(
                    LogLine(.warning, "queue.foreign").with("file", name.description)
                        .with("hint", "event files end in .json or .jsonl; this is left alone"))
            }
        } catch {
            listingCause = .retry
            log.write(LogLine(.error, "queue.unreadable").with("error", error.description))
        }
    }

    /// Removes what publishers that died have left.
    private mutating func sweep(_ reader: SpoolReader, now: Int64, unix: Int64) {
        nextSweep = now + 600_000_000_000
        let names = AbandonedFiles(reader).sweep(unix: unix)
        guard let first = names.first else { return }
        log.write(
            LogLine(.notice, "queue.swept").with("files", names.count).with("first", first.description)
                .with("hint", "unfinished for an hour: their publishers have died"))
    }
}
