internal import WSQueueSpool
internal import WSQueueSystem

/// Files whose events are sent, which have names of ours by now, and which somebody may still write into: each is deleted
/// once no one does.
struct TakenFiles {
    private struct Taken {
        var file: ReadFile
        let since: Int64
    }

    private var files: [FileName: Taken] = [:]

    /// How many are looked at in one turn.
    private static let turnFiles = 256

    var isEmpty: Bool { files.isEmpty }

    /// Adds a file, under the name that it has now.
    ///
    /// - Parameter now: The monotonic clock, nanoseconds.
    mutating func add(_ file: ReadFile, now: Int64) { files[file.name] = Taken(file: file, since: now) }

    /// Deletes those that are finished, and finds those that were written on.
    ///
    /// - Parameters:
    ///   - writers: What notices tell of those who write.
    ///   - isEnding: Whether the server ends, so that only what is known to be open stays.
    mutating func lookAgain(
        _ writers: SeenWriters, isEnding: Bool = false, now: Int64
    ) -> [(file: ReadFile, outcome: Result<Removal.Outcome, SystemCallError>)] {
        var outcomes: [(ReadFile, Result<Removal.Outcome, SystemCallError>)] = []
        for (name, taken) in files.prefix(isEnding ? files.count : Self.turnFiles) {
            let isOpen = isOpen(taken, writers, isEnding: isEnding, now: now)
            let removal = Removal(name, in: taken.file.directory, readAs: taken.file.mark)
            let outcome = Result { () throws(SystemCallError) in
                isOpen ? try removal.compare() : try removal.finish()
            }
            if case .success(.taken) = outcome { continue }
            files[name] = nil
            outcomes.append((taken.file, outcome))
        }
        return outcomes
    }

    /// Forgets what was known of another directory's files.
    mutating func forget() { files = [:] }

    private func isOpen(_ taken: Taken, _ writers: SeenWriters, isEnding: Bool, now: Int64) -> Bool {
        let name = taken.file.name
        let lease: Bool?
        do { lease = try taken.file.directory.isBeingWritten(name) } catch {
            // Where it cannot be asked, somebody may.
            return !error.isNotFound
        }
        let isSeen = writers.isOpen(name, sizeBytes: taken.file.mark?.status.sizeBytes ?? 1)
        switch FileWriter(lease: lease, isSeenOpen: isSeen, isNoticed: false) {
        case .open: return true
        case .closed: return false
        // Of a batch it cannot be said whether it ends here.
        case .unknown:
            return taken.file.progress != nil && !isEnding && now - taken.since < Unfinished.batchRestNanoseconds
        }
    }
}
