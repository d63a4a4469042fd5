internal import WSQueueOperation
package import WSQueueSpool
package import WSQueueSystem

/// What is in a queue, counted in one listing.
package struct QueueContents: Sendable {
    /// Event files that could be sent now.
    package var waiting = 0
    /// The time of the oldest of them, Unix nanoseconds.
    package var oldestNanoseconds = Int64.max
    /// Files whose names say a time that lies ahead, though they do not wait for it.
    package var ahead = 0
    /// The farthest of their times, Unix nanoseconds.
    package var farthestNanoseconds = Int64.min
    /// Held back.
    package var held = 0
    /// Since when the oldest of them has been held, Unix nanoseconds.
    package var oldestHeldNanoseconds = Int64.max
    /// Hidden files that have rested for an hour.
    package var abandoned = 0
    /// Visible files that are no events.
    package var foreign = 0
    /// The name of one of them; it need not be UTF-8.
    package var foreignName: [UInt8] = []
    /// What could not be accepted.
    package var failed: FailedFiles.Overview?
    /// The newest time of anything that the server writes, Unix nanoseconds.
    package var newestServerNanoseconds = Int64.min
    /// Why it could not be listed.
    package var fault: SystemCallError?

    /// Stands before a listing: an empty queue.
    package init() {}

    static func of(_ path: String, unix: Int64) -> QueueContents {
        var contents = QueueContents()
        do throws(SystemCallError) {
            let directory = try Directory.open(path)
            try directory.forEachName { contents.note(copy $0, directory, unix: unix) }
            var failedFiles = FailedFiles(spool: directory)
            contents.failed = failedFiles.overview(limit: 1)
            contents.noteServer(directory)
        } catch {
            contents.fault = error
        }
        return contents
    }

    private mutating func note(_ bytes: Span<UInt8>, _ directory: Directory, unix: Int64) {
        let parsed = SpoolName(bytes)
        switch parsed.kind {
        case .hidden: noteHidden(bytes, directory, unix: unix)
        case .other:
            foreign += 1
            foreignName = Array(FileName(bytes).bytes)
        case .event, .batch:
            guard let time = try? parsed.order(of: bytes, in: directory).nanoseconds else { return }
            if time > unix {
                guard !parsed.isScheduled else { return }
                ahead += 1
                farthestNanoseconds = max(farthestNanoseconds, time)
            }
            waiting += 1
            oldestNanoseconds = min(oldestNanoseconds, time)
        }
    }

    private mutating func noteHidden(_ bytes: Span<UInt8>, _ directory: Directory, unix: Int64) {
        let name = FileName(bytes)
        let isHeld = name.description.hasPrefix(SpoolPlace.heldPrefix)
        guard isHeld || AbandonedFiles.isUnfinished(bytes), let status = try? directory.status(of: name),
            status.kind == .regular
        else { return }
        let time = status.modifiedNanoseconds
        if isHeld {
            held += 1
            oldestHeldNanoseconds = min(oldestHeldNanoseconds, time)
        } else if unix - time > AbandonedFiles.restNanoseconds {
            abandoned += 1
        }
    }

    private mutating func noteServer(_ directory: Directory) {
        func note(_ directory: Directory, _ name: FileName) {
            guard let status = try? directory.status(of: name) else { return }
            newestServerNanoseconds = max(newestServerNanoseconds, status.modifiedNanoseconds)
        }
        note(directory, FileName(".lock"))
        note(directory, FileName(".address"))
        guard let journal = try? directory.openDirectory(FileName(".journal")) else { return }
        var names: [FileName] = []
        try? journal.forEachName { names.append(FileName($0)) }
        for name in names { note(journal, name) }
    }
}
