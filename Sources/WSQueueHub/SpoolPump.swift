internal import WSQueueBroker
internal import WSQueueCore
package import WSQueueLog
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueRedis
internal import WSQueueSequencer
internal import WSQueueSpool
internal import WSQueueSystem
internal import WSQueueWire

/// The way of an event from its file into the log and, once all clients have been handed it, of its file to the end.
///
/// It belongs to the hub's thread and never waits: what cannot go on now goes on at the next turn.
package struct SpoolPump: ~Copyable {
    /// What is done once everyone has passed an event.
    struct Settled {
        /// The line to write.
        var sent: SentEvent?
        var selections: [PublicationLog.Selection] = []
    }

    /// What was handed to the loops together.
    struct Pass {
        /// Monotonic nanoseconds.
        let publishedAt: Int64
        let events: UInt64
    }

    let context: HubContext
    /// The wall clock when the server came, nanoseconds.
    let startedAt = Clock.unixNanoseconds()
    /// Writes what clients get, one event after the other.
    var message: EventMessageWriter
    var watcher: SpoolWatcher
    var queue = SpoolQueue()
    var unfinished = Unfinished()
    var broker: Broker
    var writer: PublicationWriter
    var journal: JournalWriter
    /// Brings a journal that is kept to the disk.
    let syncer: JournalSyncer?
    /// Since when the journal cannot be written (monotonic nanoseconds), and when it is tried again.
    var journalFault: (since: Int64, nextTry: Int64)?
    /// Since when it cannot be brought to the disk.
    var syncFaultSince: Int64?
    var settlement = Settlement<Settled>()
    /// Files whose events have been appended.
    var deletions = Settlement<ReadFile>()
    /// Deletes them where they are many; `nil` before the first backlog.
    var remover: FileRemover?
    /// What it is deleting, list by list as it was asked to, and how many these are.
    var removing: [[ReadFile]] = []
    var removingCount = 0
    var lines: EventLines
    var figures = DeliveryFigures()
    var counters = HubCounters()
    /// What was handed to the loops together, until all clients have it.
    var passes = Settlement<Pass>()
    /// How many of the files that wait for a client have been counted.
    private var heldFiles = 0
    /// When the operator was told last how the queue stands.
    var statusAt = Int64.min
    var batch: Batch?
    /// The hand in the spool, while there is one.
    var reader: SpoolReader?
    var lock: FileLock?
    /// Files that were sent and could not be deleted, and what they looked like.
    var undeletable: [FileName: Unfinished.Look] = [:]
    /// The order that this server shares with others; `nil` is one of its own.
    var stream: SharedStream?
    /// Files that can be neither read nor moved, and what they looked like when that was said.
    var immovable: [FileName: Unfinished.Look] = [:]
    /// Files that could not be read for now, and why; they are looked at again.
    var failing: [FileName: Int32] = [:]
    /// Why a listing is due though nothing was noticed.
    var listingCause: HubCounters.ScanCause? = .start
    /// Whether the poller has said that notices wait.
    var isNoticed = true
    var isMissing = false
    /// Whether it was said that nothing can be deleted in the directory.
    var isUnwritable = false
    /// Why the directory is missing.
    var missingReason = ""
    /// Why the directory could not be opened again, as it was said last.
    var reopeningFault: String?
    /// The directory that everything known of files is about.
    var identity: FileIdentity?
    /// How much the present pass has read: files that are refused take time too.
    var readBytes = 0
    /// How many files the present pass may still delete.
    var deletionsLeft = 0
    private var nextLook: Int64 = 0
    /// When a directory with files that wait may be listed again.
    var nextListing: Int64 = 0
    private var nextRetry: Int64 = 0
    private var nextAging: Int64 = 0
    /// When the next file that waits for its time is due, by the monotonic clock.
    var nextDue = Int64.max
    /// When hidden files of dead publishers are next looked for.
    var nextSweep: Int64 = 0
    /// Whether the last turn left files behind because clients must take something first.
    private(set) var isHeld = false

    /// One pass ends after so much, so that clients get the first events of a backlog while the next are read.
    private static let passBytes = 262_144
    private static let passFiles = 1_024
    private static let passReadBytes = 4 * 1_048_576
    /// A sync releases many files at once; deleting them all in one pass would keep new ones waiting. So many more than
    /// were taken make up for it.
    private static let turnDeletions = 32

    package init(context: HubContext, journal: consuming JournalWriter, syncer: JournalSyncer?) {
        self.context = context
        self.journal = journal
        self.syncer = syncer
        let configuration = context.configuration
        message = EventMessageWriter(payloadKey: configuration.payloadKey)
        watcher = SpoolWatcher(path: configuration.queuePath, usesNotices: configuration.usesNotices)
        writer = PublicationWriter(context.publications)
        broker = Broker(seq: context.publications.snapshot(since: 0).seq)
        lines = EventLines(log: context.log, mode: configuration.eventLines)
    }

    /// The number of the last event.
    package var seq: UInt64 { broker.seq }
    /// How many files are known to wait.
    package var waitingCount: Int { queue.count }
    /// How many events have not been handed to all clients, or not been said.
    package var unsettledCount: Int { settlement.count }
    /// For the poller: readable when notices about the queue wait.
    package var noticeNumber: Int32? { watcher.number }

    /// The poller has said that notices wait.
    package mutating func noteNotices() { isNoticed = true }

    /// Writes the line that sums up events which have none of their own.
    package mutating func writeSum() { lines.writeSum() }

    /// One pass over everything: what has arrived, what is due, what may be appended, what is done.
    package mutating func turn(now: Int64, unix: Int64) {
        notice()
        releaseDue(now: now, unix: unix)
        if now >= nextLook { look(now: now, unix: unix) }
        take(now: now, unix: unix)
        settle(now: now, unix: unix)
        lines.turn(unix: unix)
        reportStatus(now: now)
    }

    /// How long the hub may sleep when nothing wakes it: until the next look at the directory.
    package func sleepMilliseconds(now: Int64) -> Int32 {
        let isTaking = batch != nil || (reader != nil && !queue.isEmpty && mayQueue) || hasStreamWork
        if isTaking, !isHeld, !isWaitingForClients, !isJournalBehind { return 0 }
        let look = (min(nextLook, nextDue) - now + 999_999) / 1_000_000
        return Int32(max(0, min(1_000, look, isHeld ? 1_000 : presenceSleepMilliseconds(now: now))))
    }

    /// Whether there is something to do though nothing has arrived: clients took what was waited for.
    package var canGoOn: Bool {
        let oldest = context.marks.oldest
        return settlement.hasSettled(passed: oldest) || deletions.hasSettled(passed: deletable(oldest))
            || (isHeld && hasRoom) || hasRemovals || hasStreamNews
    }

    /// One pass on the way out: no file is begun any more, but a batch that has begun is sent whole.
    package mutating func finishTurn(now: Int64, unix: Int64) {
        // Nothing is looked for: this is how long the hub may sleep, and notices are read so that they do not wake it.
        nextLook = now + 50_000_000
        _ = try? watcher.arrivals()
        take(now: now, unix: unix)
        settle(now: now, unix: unix)
        reportStatus(now: now)
    }

    /// Whether everything that was begun has been handed out and deleted.
    package var isFinished: Bool {
        if let stream, !stream.isFinished { return false }
        // What a journal that cannot be written keeps from being deleted stays for the next server.
        return settlement.isEmpty && batch == nil && removingCount == 0
            && (deletions.isEmpty || isJournalFailing || stream != nil)
    }

    /// Takes no further files.
    package mutating func stopTaking() {
        reader = nil
        queue.reset()
        isMissing = true
        stream?.isStopping = true
    }

    /// Counts the files that have come to wait for a client.
    private mutating func countHeld() {
        guard isWaitingForClients, queue.count > heldFiles else { return }
        counters.held += UInt64(queue.count - heldFiles)
        heldFiles = queue.count
    }

    /// Whether no file is begun because nobody is there.
    var isWaitingForClients: Bool {
        context.configuration.holdsWithoutClients && context.marks.clients == 0
    }

    private mutating func notice() {
        guard isNoticed else { return }
        isNoticed = false
        guard let arrivals = try? watcher.arrivals() else { return }
        if arrivals.needsListing {
            if arrivals.hasOverflown { counters.overflows += 1 }
            listingCause = listingCause ?? (arrivals.hasOverflown ? .overflow : .change)
            nextLook = 0
        }
        guard let reader, !arrivals.names.isEmpty else { return }
        queue.merge(arrivals.names, in: reader.directory)
    }

    /// The regular look: one stat(2) while nothing has changed.
    private mutating func look(now: Int64, unix: Int64) {
        nextLook = now + Int64(context.configuration.pollMilliseconds) * 1_000_000
        let found = watcher.look()
        guard checkPresence(found, unix: unix), let reader else { return }
        // A listing that had no room for all is repeated when its files are done; only lost notices make it due before.
        // Our own deletions change the directory too: while files wait, listing it may take a twentieth of the time.
        let isDue = found == .changed && (queue.isEmpty || (!queue.isTruncated && now >= nextListing))
        if let cause = listingCause ?? (isDue ? .change : nil) { list(reader, cause, unix: unix) }
        for name in unfinished.names { queue.retry(name, in: reader.directory) }
        for name in failing.keys { queue.retry(name, in: reader.directory) }
        if now >= nextAging {
            nextAging = now + 1_000_000_000
            report(journal.age(unix: unix, finished: finishedSeq))
            noteWritable(reader)
        }
        if now >= nextSweep, !queue.isTruncated { sweep(reader, now: now, unix: unix) }
        if now >= nextRetry, !undeletable.isEmpty || !immovable.isEmpty {
            nextRetry = now + 60_000_000_000
            retryStuckFiles(reader)
        }
    }

    private mutating func take(now: Int64, unix: Int64) {
        isHeld = false
        deletionsLeft = Self.turnDeletions
        if stream != nil { return takeShared(now: now, unix: unix) }
        guard reader != nil || batch != nil, !isWaitingForClients else {
            countHeld()
            context.held.end(now)
            return keep(now: now, unix: unix)
        }
        heldFiles = 0
        let start = writer.position
        let seq = broker.seq
        var files = 0
        readBytes = 0
        publishPresence(now: now, unix: unix)
        while writer.position - start < UInt64(Self.passBytes), readBytes < Self.passReadBytes, files < Self.passFiles {
            guard hasRoom else {
                isHeld = true
                break
            }
            guard !isJournalBehind, appendNext(upTo: start + UInt64(Self.passBytes), now: now, unix: unix) else {
                break
            }
            files += 1
        }
        deletionsLeft += files
        noteWaiting(now: now)
        // First, because a client may come back with the number of any event it was sent.
        keep(now: now, unix: unix)
        announce(since: start, seq)
    }

    /// Appends what the shared stream brings, and gives it what the queue has.
    private mutating func takeShared(now: Int64, unix: Int64) {
        hearStream(unix: unix)
        let start = writer.position
        let seq = broker.seq
        while writer.position - start < UInt64(Self.passBytes) {
            guard hasRoom else {
                isHeld = hasStreamItems
                break
            }
            guard !isJournalBehind, takeStreamItem(now: now, unix: unix) else { break }
        }
        noteWaiting(now: now)
        keep(now: now, unix: unix)
        announce(since: start, seq)
        openIfCaughtUp()
        queueFiles(now: now, unix: unix)
    }

    /// Has the files that wait put into the shared stream, as many as it takes now.
    private mutating func queueFiles(now: Int64, unix: Int64) {
        defer { sendQueued() }
        readBytes = 0
        guard !isWaitingForClients else { return countHeld() }
        heldFiles = 0
        var files = 0
        while reader != nil, mayQueue, files < Self.passFiles, readBytes < Self.passReadBytes {
            guard appendNext(upTo: 0, now: now, unix: unix) else { break }
            files += 1
        }
        deletionsLeft += files
    }

    /// Shows what a pass has appended to the loops.
    private mutating func announce(since start: UInt64, _ seq: UInt64) {
        guard writer.position != start else { return }
        counters.bytes += writer.position - start
        if context.marks.clients > 0 {
            let pass = Pass(publishedAt: Clock.monotonicNanoseconds(), events: broker.seq - min(seq, broker.seq))
            passes.add(pass, end: writer.position)
        }
        announce()
    }

    /// Shows everything appended to the loops.
    mutating func announce() {
        writer.publish(oldestNeeded: context.marks.oldest)
        context.loops.wake()
    }

    /// Whether every client the queue waits for is near enough to the end, and nothing anybody needs would be
    /// overwritten.
    var hasRoom: Bool { writer.position < roomEnd }

    /// Before this position there is room for one more event.
    var roomEnd: UInt64 {
        let room = writer.room(oldestNeeded: context.marks.oldest) - eventRoomBytes
        guard room >= 0 else { return 0 }
        let paceEnd = context.marks.pace + UInt64(context.configuration.slowClients.limitBytes)
        return min(writer.position + UInt64(room) + 1, paceEnd)
    }

    private func isWithinLimit(_ position: UInt64) -> Bool {
        writer.position - position < UInt64(context.configuration.slowClients.limitBytes)
    }

    /// Charges those the queue waits for, and those it goes on without because they take nothing.
    private func noteWaiting(now: Int64) {
        guard isHeld || !isWithinLimit(context.marks.oldest) else { return context.held.end(now) }
        guard context.held.begin(now) else { return }
        // They look at the clients that are behind, again and again, as long as this lasts.
        context.loops.wake()
    }

    /// The most that one event may take in the log, all its copies together.
    var eventRoomBytes: Int { 2 * context.configuration.eventLimitBytes }

    private mutating func appendNext(upTo limit: UInt64, now: Int64, unix: Int64) -> Bool {
        if batch != nil {
            appendBatch(upTo: limit, unix: unix)
            return true
        }
        guard let reader else { return false }
        if queue.isEmpty, queue.isTruncated { list(reader, .backlog, unix: unix) }
        guard let file = queue.next() else { return false }
        accept(file, reader, now: now, unix: unix)
        return true
    }

    /// Deletes what is kept, and says what everyone has been handed.
    private mutating func settle(now: Int64, unix: Int64) {
        let passed = context.marks.oldest
        noteSync(now: now)
        deleteKept(upTo: deletable(passed), unix: unix)
        releaseRetired()
        while let pass = passes.next(passed: passed) {
            counters.sends.count(nanoseconds: context.marks.passedAt - pass.publishedAt, times: pass.events)
        }
        while let settled = settlement.next(passed: passed) {
            guard let sent = settled.sent else { continue }
            let isForSome = !settled.selections.isEmpty
            let clients = isForSome ? settled.selections.reduce(0) { $0 + $1.receivers } : sent.clientCount
            lines.write(sent, clients: clients)
        }
    }
}
