internal import WSQueueBroker
internal import WSQueueCore
package import WSQueueLog
package import WSQueueOperation
internal import WSQueueRedis
internal import WSQueueSequencer
internal import WSQueueSpool
package import WSQueueSystem
internal import WSQueueWire

/// Events on their way into the journal.
extension SpoolPump {
    /// How long after a failed write the next one is tried.
    private static let retryNanoseconds: Int64 = 100_000_000
    /// So much may wait for a disk that is slower than the events, before the queue waits too.
    private static let unsyncedFiles = 32_768
    private static let unsyncedBytes: UInt64 = 64 * 1_048_576

    /// Opens the journal of a queue that this server holds.
    package static func openJournal(_ configuration: Configuration, in queue: Directory) throws(SystemCallError)
        -> JournalWriter
    {
        let limits = JournalLimits(
            events: configuration.journalEvents, ageNanoseconds: Int64(configuration.journalSeconds) * 1_000_000_000,
            bytes: configuration.journalBytes)
        return try JournalWriter(
            storage(configuration.journalPlace, in: queue), limits: limits, epoch: RandomText.make(count: 8),
            unix: Clock.unixNanoseconds(), boot: BootIdentifier.text(), isShared: configuration.redis != nil)
    }

    /// Adds an event to what the journal gets at the end of the pass; `message` holds the text of its last copy.
    mutating func stage(
        _ event: SpooledEvent, _ identity: JournalRecord.Identity, _ bytes: Span<UInt8>, seq: UInt64, unix: Int64
    ) {
        var record = JournalRecord(seq: seq, unixNanoseconds: unix, identity: identity)
        if !event.text.channels.isEmpty {
            record.channels = event.text.channels.map(\.name)
            message.write(event.text, event.fields(seq: seq, channel: nil), in: bytes)
        }
        record.recipients = event.text.recipients.map { $0.map(\.text) }
        record.except = event.text.except
        record.line = event.lineIdentity
        let written = message.message
        journal.stage(record, message: written.span)
    }

    /// Writes what was staged, so that it can be announced, and has it brought to the disk, so that its files can be
    /// deleted. Where that fails the events are sent all the same, and the files stay.
    mutating func keep(now: Int64, unix: Int64) {
        guard journal.hasStaged else { return }
        if let journalFault, now < journalFault.nextTry { return journal.showStaged() }
        do throws(SystemCallError) {
            report(try journal.commit(unix: unix, finished: finishedSeq))
            syncer?.request(journal.takeUnsynced(), position: writer.position)
            guard let fault = journalFault else { return }
            journalFault = nil
            context.log.write(LogLine(.notice, "journal.back").with("seconds", (now - fault.since) / 1_000_000_000))
        } catch {
            if journalFault == nil { writeFailing(error) }
            journalFault = (journalFault?.since ?? now, now + Self.retryNanoseconds)
        }
    }

    /// Has the files of segments that have gone closed: tens of megabytes take milliseconds, for which the hub does not wait.
    mutating func releaseRetired() {
        let retired = journal.takeRetired()
        if !retired.isEmpty { syncer?.release(retired) }
    }

    /// Up to where files may be deleted: for what the journal has on the disk nobody need wait.
    func deletable(_ passed: UInt64) -> UInt64 { stream?.writtenNumber ?? syncer?.syncedPosition ?? passed }

    /// Whether all that was appended is on the disk, or would be of no use there.
    var isSynced: Bool { syncer.map { $0.syncedPosition == writer.position } ?? true }

    /// Up to this number all events' files are gone.
    var finishedSeq: UInt64 {
        // What is in the shared stream is not sent again whatever the journal knows.
        guard journal.isKept, stream == nil else { return .max }
        if let removedSeq { return removedSeq }
        // What is left of a batch begins behind its last line that the journal knows.
        return batch == nil ? .max : max(1, broker.seq) - 1
    }

    /// Whether so much is not on the disk that no more may be taken.
    var isJournalBehind: Bool {
        guard let syncer else { return false }
        return journal.isFull || (stream == nil && deletions.count >= Self.unsyncedFiles)
            || writer.position - syncer.syncedPosition >= Self.unsyncedBytes
    }

    /// Whether files wait for a disk that takes nothing.
    var isJournalFailing: Bool { journal.isFailing || syncFaultSince != nil }

    /// Says when what was written does not get to the disk, and when it does again.
    mutating func noteSync(now: Int64) {
        guard let syncer else { return }
        let fault = syncer.fault
        guard (fault != nil) != (syncFaultSince != nil) else { return }
        journal.noteSync(isFailing: fault != nil)
        if let fault {
            syncFaultSince = now
            writeFailing(fault)
        } else if let since = syncFaultSince {
            syncFaultSince = nil
            context.log.write(LogLine(.notice, "journal.back").with("seconds", (now - since) / 1_000_000_000))
        }
    }

    /// Writes on in a directory that has taken the place of the queue.
    mutating func moveJournal(to queue: Directory) throws(SystemCallError) {
        guard case .queue = context.configuration.journalPlace else { return }
        journal.move(to: try Self.storage(.queue, in: queue), unix: Clock.unixNanoseconds())
        syncer?.abandonFailed()
    }

    /// Says what was found at the start.
    package func reportJournal() {
        report(journal.findings)
        let size = journal.journal.size
        context.log.write(
            LogLine(.notice, "journal.open").with("epoch", context.epoch).with("seq", journal.journal.inheritedSeq)
                .with("events", size.events).with("bytes", size.bytes))
    }

    /// Says that the journal ends in order.
    package mutating func closeJournal() {
        do throws(SystemCallError) {
            try journal.close()
        } catch {
            context.log.write(LogLine(.error, "journal.error").with("error", error.description))
        }
    }

    private func writeFailing(_ error: SystemCallError) {
        context.log.write(
            LogLine(.error, "journal.error").with("error", error.description)
                .with("hint", "events are sent, and their files stay until they can be written here too"))
    }

    /// Says that the first lines of a batch are not sent again.
    mutating func writeDuplicateLines(_ batch: Batch) {
        counters.duplicates += UInt64(batch.knownLines)
        context.log.write(
            LogLine(.info, "event.duplicate").with("id", "\(String(decoding: batch.stem, as: UTF8.self))/1")
                .with("file", batch.file.name.description).with("lines", batch.knownLines))
    }

    /// Says that an event is not sent again.
    func writeDuplicate(_ event: SpooledEvent, _ bytes: Span<UInt8>) {
        let line = LogLine(.info, "event.duplicate").with("id", event.id(in: bytes))
        context.log.write(event.fileName.map { line.with("file", $0.description) } ?? line)
    }

    /// Says what the journal found, or let go.
    func report(_ findings: [JournalFinding]) {
        for finding in findings { context.log.write(Self.line(finding)) }
    }

    private static func storage(
        _ place: Configuration.JournalPlace, in queue: Directory
    ) throws(SystemCallError) -> JournalStorage {
        switch place {
        case .off: .memory
        case .queue: try .open(in: queue)
        case .directory(let path): try .open(at: path)
        }
    }

    private static func line(_ finding: JournalFinding) -> LogLine {
        switch finding {
        case .torn(let name, let byteCount):
            LogLine(.warning, "journal.torn").with("file", name).with("bytes", byteCount)
                .with("hint", "the server was killed while it wrote; nothing of it had been sent")
        case .damaged(let name, let byteCount):
            LogLine(.error, "journal.damaged").with("file", name).with("bytes", byteCount)
                .with("hint", "left out; clients that need it are told of the gap")
        case .foreign(let name):
            LogLine(.warning, "journal.foreign").with("file", name).with("hint", "of another numbering; removed")
        case .skipped(let from, let to):
            LogLine(.warning, "journal.skip").with("from", from).with("to", to)
                .with("hint", "the machine went down, or the disk failed: these numbers may have been given")
        case .trimmed(let from, let to, let reason):
            LogLine(.info, "journal.trim").with("from", from).with("to", to).with("reason", reason)
        case .undeletable(let name, let error):
            LogLine(.error, "journal.undeletable").with("file", name).with("error", error.description)
        }
    }
}
