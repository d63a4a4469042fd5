internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueOperation
internal import WSQueueSystem

/// Sees to it that what is recorded gets to the disk: when the journal is written, whether it could be, and up to where
/// it is synced. Where that fails events are sent all the same, and their files stay.
struct Keeper {
    private let log: Log
    /// Brings a journal that is kept to the disk; `nil` where it is kept in memory only.
    private let syncer: JournalSyncer?
    private let place: Configuration.JournalPlace
    /// Since when the journal cannot be written, and when it is tried again; monotonic nanoseconds.
    private var writeFault: (since: Int64, nextTry: Int64)?
    /// Since when it cannot be brought to the disk.
    private var syncFaultSince: Int64?

    /// How long after a failed write the next one is tried.
    private static let retryNanoseconds: Int64 = 100_000_000
    /// How much may wait for a disk that is slower than the events before the queue waits too.
    private static let unsyncedFiles = 32_768
    private static let unsyncedBytes: UInt64 = 64 * 1_048_576

    init(log: Log, syncer: JournalSyncer?, place: Configuration.JournalPlace) {
        self.log = log
        self.syncer = syncer
        self.place = place
    }

    /// Writes what is recorded, so that it can be announced, and has it brought to the disk, so that its files can be
    /// deleted. For a moment after a write has failed nothing is written.
    ///
    /// - Parameter finished: Up to this number all events' files are gone.
    mutating func keep(_ recorder: inout Recorder, finished: UInt64, now: Int64, unix: Int64) {
        guard recorder.hasStaged else { return }
        if let writeFault, now < writeFault.nextTry { return recorder.showStaged() }
        do throws(SystemCallError) {
            report(try recorder.commit(unix: unix, finished: finished))
            request(&recorder)
            guard let fault = writeFault else { return }
            writeFault = nil
            log.write(LogLine(.notice, "journal.back").with("seconds", (now - fault.since) / 1_000_000_000))
        } catch {
            if writeFault == nil { writeFailing(error) }
            writeFault = (writeFault?.since ?? now, now + Self.retryNanoseconds)
        }
    }

    /// Has everything written brought to the disk.
    func request(_ recorder: inout Recorder) {
        syncer?.request(recorder.takeUnsynced(), position: recorder.position)
    }

    /// Lets go of history that is too much.
    func trim(_ recorder: inout Recorder, finished: UInt64) { report(recorder.trim(finished: finished)) }

    /// Lets go of history that is too old.
    func age(_ recorder: inout Recorder, _ ages: AgeClock, finished: UInt64, unix: Int64) {
        report(recorder.age(ages, unix: unix, finished: finished))
    }

    /// Has the files of segments that have gone closed: tens of megabytes take milliseconds, for which the hub does not
    /// wait.
    func releaseRetired(_ recorder: inout Recorder) {
        let retired = recorder.takeRetired()
        if !retired.isEmpty { syncer?.release(retired) }
    }

    /// Writes the journal on in a directory that has taken the place of the queue, where it is kept there. What could not
    /// be brought to the old disk is given up.
    func move(_ recorder: inout Recorder, to queue: Directory) throws(SystemCallError) {
        guard case .queue = place else { return }
        recorder.move(to: try HubJournal.storage(place, in: queue, log: log), unix: Clock.unixNanoseconds())
        syncer?.abandonFailed()
    }

    /// Says on the disk that the journal ends in order.
    func close(_ recorder: inout Recorder) {
        do throws(SystemCallError) {
            try recorder.close()
        } catch {
            log.write(LogLine(.error, "journal.error").with("error", error.description))
        }
    }

    /// Says when what was written does not get to the disk, and when it does again.
    mutating func noteSync(_ recorder: inout Recorder, now: Int64) {
        guard let syncer else { return }
        let fault = syncer.fault
        guard (fault != nil) != (syncFaultSince != nil) else { return }
        recorder.noteSync(isFailing: fault != nil)
        if let fault {
            syncFaultSince = now
            writeFailing(fault)
        } else if let since = syncFaultSince {
            syncFaultSince = nil
            log.write(LogLine(.notice, "journal.back").with("seconds", (now - since) / 1_000_000_000))
        }
    }

    /// Up to where the log's events are durable, or need not be: `passed` where there is no file.
    func synced(orPassed passed: UInt64) -> UInt64 { syncer?.syncedPosition ?? passed }

    /// Whether everything before a position is durable, or durability does not matter.
    func isSynced(_ position: UInt64) -> Bool { syncer.map { $0.syncedPosition == position } ?? true }

    /// Whether too much is not on the disk yet to record more.
    ///
    /// - Parameters:
    ///   - position: Where the log stands.
    ///   - waitingFiles: How many files wait for a sync.
    func isBehind(position: UInt64, isFull: Bool, waitingFiles: Int) -> Bool {
        guard let syncer else { return false }
        return isFull || waitingFiles >= Self.unsyncedFiles
            || position - syncer.syncedPosition >= Self.unsyncedBytes
    }

    /// Whether files wait for a disk that takes nothing.
    var isSyncFailing: Bool { syncFaultSince != nil }

    /// What keeps events from getting to the disk.
    func fault(now: Int64) -> ServerHealth.Reason? {
        guard let since = writeFault?.since ?? syncFaultSince else { return nil }
        return .journal("the journal could not be written for \((now - since) / 1_000_000_000) s")
    }

    /// Says what was found when the journal was opened.
    func reportOpening(_ findings: [JournalFinding], _ history: Journal) {
        report(findings)
        let size = history.size
        log.write(
            LogLine(.notice, "journal.open").with("epoch", history.epoch).with("seq", history.inheritedSeq)
                .with("events", size.events).with("bytes", size.bytes))
    }

    /// Says what the journal found, or let go.
    private func report(_ findings: [JournalFinding]) { for finding in findings { log.write(LogLine(finding)) } }

    private func writeFailing(_ error: SystemCallError) {
        log.write(
            LogLine(.error, "journal.error").with("error", error.description)
                .with("hint", "events are sent, and their files stay until they can be written here too"))
    }
}
