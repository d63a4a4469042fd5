package import WSQueueLog
package import WSQueueOperation
package import WSQueueSystem

/// The journal as the operator has placed it.
package enum HubJournal {
    /// Opens the journal of a queue that this server holds.
    package static func open(
        _ configuration: Configuration, in queue: Directory, log: Log
    ) throws(JournalOpeningError) -> JournalWriter {
        var limits = JournalLimits(
            events: configuration.journalPlace == .off
                ? configuration.eventsInMemory : configuration.journalEvents ?? .max,
            ageNanoseconds: Int64(configuration.journalSeconds) * 1_000_000_000,
            bytes: configuration.journalBytes)
        limits.kept = configuration.keptLimits
        limits.marks = configuration.historyMarkLimit
        let storage: JournalStorage
        do throws(SystemCallError) {
            storage = try self.storage(configuration.journalPlace, in: queue, log: log)
        } catch {
            throw .failed(error)
        }
        return try JournalWriter(
            storage, limits: limits, epoch: RandomText.make(count: 8),
            unix: Clock.unixNanoseconds(), boot: BootIdentifier.text(), host: HostIdentifier.text(),
            isShared: configuration.redis != nil)
    }

    /// The directory that the journal is in; `nil` where it is in memory.
    package static func directory(
        _ place: Configuration.JournalPlace, in queue: Directory, log: Log
    ) throws(SystemCallError) -> Directory? {
        switch try storage(place, in: queue, log: log) {
        case .memory: nil
        case .directory(let directory): directory
        }
    }

    /// Where segments are kept.
    static func storage(
        _ place: Configuration.JournalPlace, in queue: Directory, log: Log
    ) throws(SystemCallError) -> JournalStorage {
        switch place {
        case .off: .memory
        case .queue: try .open(in: queue) { log.write(LogLine($0)) }
        case .directory(let path): try .open(at: path) { log.write(LogLine($0)) }
        }
    }
}

extension Configuration {
    /// How much state is kept.
    package var keptLimits: KeptLimits { KeptLimits(keys: keyLimit, bytes: keyBytes) }
}

extension LogLine {
    /// What the journal found, or let go.
    init(_ finding: JournalFinding) {
        self =
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
            case .moved(let reason):
                LogLine(.warning, "journal.moved").with("reason", reason)
                    .with("hint", "what it says may be less than was sent: numbers are left out")
            case .trimmed(let from, let to, let reason):
                LogLine(.info, "journal.trim").with("from", from).with("to", to).with("reason", reason)
            case .unkept(let error):
                LogLine(.error, "journal.unkept").with("error", error.description)
                    .with("hint", "the oldest history stays until what of it was sent can be noted")
            case .undeletable(let name, let error):
                LogLine(.error, "journal.undeletable").with("file", name).with("error", error.description)
            case .unplaced(let error):
                LogLine(.warning, "journal.unplaced").with("error", error.description)
                    .with("hint", "until the next start nothing tells it from a copy that is put back")
            }
    }
}
