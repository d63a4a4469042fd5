internal import WSQueueBroker
internal import WSQueueLog
internal import WSQueueOperation
internal import WSQueueSpool
internal import WSQueueSystem

/// The end of a file.
extension SpoolPump {
    /// A file that was read: its name, what it was, and the directory it was in, because by the time it is deleted another
    /// one may stand at the path.
    struct ReadFile {
        let name: FileName
        /// What it looked like; `nil` where its name is the contract's, which no publisher uses twice.
        let status: FileStatus?
        let directory: Directory
        let directoryIdentity: FileIdentity
        /// The number of its last event, or of the last event before it.
        let seq: UInt64

        init(_ file: PendingFile, _ status: FileStatus, _ reader: SpoolReader, seq: UInt64) {
            name = file.name
            self.status = file.isNamedByContract ? nil : status
            directory = reader.directory
            directoryIdentity = reader.identity
            self.seq = seq
        }
    }

    /// From so many files on that may go at once, the remover is asked.
    private static let backlogFiles = 128
    /// So many are with the remover at most; beyond them the hub deletes as well, which slows it down as it should.
    private static let removingLimit = 16_384

    /// Deletes what is kept.
    mutating func deleteKept(upTo position: UInt64, unix: Int64) {
        var isTrimDue = finishRemovals()
        if deletions.hasSettled(Self.backlogFiles, passed: position), removingCount < Self.removingLimit {
            handOver(upTo: position)
        }
        while deletionsLeft > 0, let file = deletions.next(passed: position) {
            deletionsLeft -= 1
            delete(file)
            isTrimDue = true
        }
        if isTrimDue { report(journal.trim(unix: unix, finished: finishedSeq)) }
    }

    /// Deletes a file whose event has been handed out, or remembers that it cannot be deleted.
    mutating func delete(_ file: ReadFile) {
        do throws(SystemCallError) {
            noteRemoval(of: file, isGone: try SpoolReader.delete(file.name, in: file.directory, readAs: file.status))
        } catch {
            noteFailedRemoval(of: file, error)
        }
    }

    /// Up to this number all events' files are gone, of those that are deleted at all by now.
    var removedSeq: UInt64? {
        (removing.first?.first ?? deletions.first).map { max(1, $0.seq) - 1 }
    }

    /// Whether the remover has done something that is not noted yet.
    var hasRemovals: Bool { remover?.hasOutcomes ?? false }

    private mutating func handOver(upTo position: UInt64) {
        guard let remover = remover ?? startRemover() else { return }
        var files: [ReadFile] = []
        while files.count < Self.removingLimit, let file = deletions.next(passed: position) { files.append(file) }
        remover.remove(files.map { FileRemover.Order(name: $0.name, status: $0.status, directory: $0.directory) })
        removing.append(files)
        removingCount += files.count
    }

    private mutating func startRemover() -> FileRemover? {
        // Without a thread the hub does it, as it always may.
        remover = try? FileRemover(hubWakeup: context.hubWakeup)
        return remover
    }

    /// Notes what the remover has done.
    ///
    /// - Returns: Whether it has done anything.
    private mutating func finishRemovals() -> Bool {
        guard removingCount > 0, let done = remover?.takeOutcomes(), !done.isEmpty else { return false }
        for outcomes in done {
            let files = removing.removeFirst()
            removingCount -= files.count
            for (file, outcome) in zip(files, outcomes) {
                switch outcome {
                case .success(let isGone): noteRemoval(of: file, isGone: isGone)
                case .failure(let error): noteFailedRemoval(of: file, error)
                }
            }
        }
        return true
    }

    private mutating func noteRemoval(of file: ReadFile, isGone: Bool) {
        // A file of the same name in a directory that stands there by now is another one.
        guard file.directoryIdentity == identity else { return }
        queue.finish(file.name)
        if !isGone { listingCause = .retry }
    }

    private mutating func noteFailedRemoval(of file: ReadFile, _ error: SystemCallError) {
        if file.directoryIdentity == identity, let status = try? file.directory.status(of: file.name) {
            undeletable[file.name] = Unfinished.Look(status)
        }
        context.log.write(
            LogLine(.error, "event.undeletable").with("file", file.name.description).with("error", error.reason)
                .with("hint", "sent once and not again; let the server's user write and delete in the queue"))
    }
}
