internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSequencer
internal import WSQueueSpool
internal import WSQueueSystem

/// The half of the hub's turn that concerns files: the directory, which file is next, what it holds, and its end.
struct FileTurn: ~Copyable {
    /// What a file has given.
    enum Taken {
        /// An event, whose text is in the reader.
        case event(SpooledEvent, PendingFile, FileStatus, SpoolReader)
        case batch(Batch)
        /// Nothing that can be sent.
        case nothing
    }

    private var directory: QueueDirectory
    private var intake: Intake
    private var examiner: FileExaminer
    private var disposal: FileDeletion
    private var chores = Chores()

    /// How many failed files are named.
    private static let failureLimit = 20

    init(_ configuration: Configuration, log: Log, hubWakeup: Wakeup) {
        directory = QueueDirectory(path: configuration.queuePath, log: log)
        intake = Intake(configuration, log: log)
        examiner = FileExaminer(configuration, log: log)
        disposal = FileDeletion(log: log, hubWakeup: hubWakeup)
    }

    var noticeNumber: Int32? { intake.noticeNumber }
    /// How many files are known to wait.
    var waitingCount: Int { intake.count }
    /// Whether a file can be taken.
    var hasNext: Bool { directory.reader != nil && !intake.isEmpty }
    /// Whether there is a directory to take files from.
    var isOpen: Bool { directory.reader != nil }
    /// How many files wait for their deletion, whether any are being deleted, and up to which number all are gone.
    var undeletedCount: Int { disposal.count }
    var isRemoving: Bool { disposal.isRemoving }
    var finishedSeq: UInt64? { disposal.finishedSeq }

    func sleepNanoseconds(now: Int64) -> Int64 { intake.sleepNanoseconds(now: now) }

    /// Whether files may be deleted by now, or have been.
    func hasDeletions(released mark: UInt64) -> Bool { disposal.hasWork(released: mark) }

    // MARK: The directory

    /// Works in the first directory, whose lock is held.
    mutating func open(_ queue: Directory, _ lock: consuming FileLock) throws(SystemCallError) {
        let opened = try QueueDirectory.opened(queue, lock)
        _ = try watch(opened)
        use(opened)
        intake.reportWatching()
    }

    /// Takes in what notices tell of, and what is due.
    mutating func notice(_ hasNotices: Bool, now: Int64, unix: Int64) {
        if hasNotices { intake.notice(in: directory.reader) }
        intake.releaseDue(in: directory.reader, now: now, unix: unix)
    }

    /// Looks at the directory, if it is time to.
    mutating func look(now: Int64) -> SpoolWatcher.Look? { intake.look(now: now) }

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

    /// Watches a directory that was found; what was known of another one's files is forgotten.
    ///
    /// - Returns: Whether it is another one than before.
    mutating func watch(_ opened: borrowing QueueDirectory.Opened) throws(SystemCallError) -> Bool {
        try intake.attach(opened.reader.directory)
        guard directory.isAnother(opened) else { return false }
        intake.forget()
        examiner.forget()
        disposal.forget()
        return true
    }

    /// Uses a directory from now on.
    mutating func use(_ opened: consuming QueueDirectory.Opened) { directory.use(opened) }

    /// Notes that a directory that was found cannot be used.
    mutating func noteFault(_ error: SystemCallError) { directory.noteFault(.failed(error)) }

    /// Lists the directory if that is due after a look, and looks at files again.
    mutating func list(after look: SpoolWatcher.Look, now: Int64, unix: Int64) {
        guard let reader = directory.reader else { return }
        intake.list(reader, after: look, retrying: examiner.retried, now: now, unix: unix)
        guard examiner.hasStuckFiles || disposal.hasUndeletable, chores.isRetryDue(now: now) else { return }
        _ = finish(disposal.retry(in: reader))
        for name in examiner.takeChanged(in: reader) {
            intake.finish(name)
            intake.requireListing()
        }
    }

    /// Whether it is time to look what has become too old.
    mutating func isAgingDue(now: Int64) -> Bool {
        guard directory.reader != nil, chores.isAgingDue(now: now) else { return false }
        directory.noteWritable()
        return true
    }

    /// Takes no further files.
    mutating func stop() {
        directory.leave()
        intake.forget()
    }

    /// Looks for nothing before a moment, monotonic nanoseconds.
    mutating func rest(until moment: Int64) { intake.rest(until: moment) }

    // MARK: Files in

    /// Begins a pass.
    mutating func beginPass() { disposal.beginPass() }

    /// Notes how many files a pass has taken: it may delete as many more.
    mutating func endPass(_ files: Int) { disposal.allow(files) }

    /// Counts the files that have come to wait for a client, or notes that none does.
    mutating func noteHolding(_ isHolding: Bool) {
        if isHolding { intake.countHeld() } else { intake.endHolding() }
    }

    /// Takes the oldest file.
    ///
    /// - Parameter readBytes: Grows by what was read: files that are refused take time too.
    /// - Returns: `nil` when there is none.
    mutating func next(now: Int64, unix: Int64, readBytes: inout Int) -> Taken? {
        guard let reader = directory.reader, let file = intake.next(in: reader, unix: unix) else { return nil }
        let status: FileStatus
        switch examiner.read(file, reader, now: now, unix: unix) {
        case .good(let found): status = found
        case .nothing:
            intake.finish(file.name)
            return .nothing
        case .immovable: return .nothing
        }
        readBytes += reader.contents.count
        if file.isBatch {
            return taken(examiner.batch(in: file, status, reader, now: now, unix: unix), file) { .batch($0) }
        }
        return taken(examiner.event(in: file, status, reader, now: now, unix: unix), file) {
            .event($0, file, status, reader)
        }
    }

    private mutating func taken<Contents>(
        _ finding: FileExaminer.Finding<Contents>, _ file: PendingFile, _ wrap: (Contents) -> Taken
    ) -> Taken {
        switch finding {
        case .good(let contents): return wrap(contents)
        case .nothing: intake.finish(file.name)
        case .immovable: break
        }
        return .nothing
    }

    /// Whether a server before this one may have sent lines of a batch.
    func mayBeBegun(_ batch: Batch) -> Bool { examiner.mayBeBegun(batch) }

    // MARK: Files out

    /// Adds a file that may be deleted from a mark on.
    mutating func add(_ file: ReadFile, after mark: UInt64) { disposal.add(file, after: mark) }

    /// Deletes a file at once.
    mutating func delete(_ file: ReadFile) { _ = finish(disposal.delete(file, in: directory.identity)) }

    /// Deletes what is released.
    ///
    /// - Returns: Whether any file was deleted.
    mutating func deleteReleased(upTo mark: UInt64) -> Bool {
        finish(disposal.deleteReleased(upTo: mark, in: directory.identity))
    }

    private mutating func finish(_ outcome: FileDeletion.Outcome) -> Bool {
        for name in outcome.finished { intake.finish(name) }
        if outcome.needsListing { intake.requireListing() }
        return outcome.hasDeleted
    }

    // MARK: For the operator

    /// Adds how the queue stands.
    func describe(_ status: inout HubStatus, _ batch: Batch?) {
        status.waiting = intake.count + (batch == nil ? 0 : 1)
        status.isMore = intake.isTruncated
        status.unfinished = examiner.waitingCount
        status.oldestNanoseconds = (batch?.pendingFile ?? intake.oldest)?.nanoseconds
        status.counters.rejected = examiner.rejectedCount
        intake.count(into: &status.counters)
        status.freeBytes = try? directory.reader?.directory.freeBytes()
        if let fault = directory.fault { status.faults.append(fault) }
        guard let failed = directory.reader?.failures(limit: Self.failureLimit) else { return }
        status.failed = failed.count
        status.failures = failed.newest.map {
            HubStatus.Failure(file: $0.name, reason: $0.reason, unixSeconds: $0.changedNanoseconds / 1_000_000_000)
        }
    }
}
