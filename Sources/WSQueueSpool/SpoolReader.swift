package import WSQueueCore
package import WSQueueSystem

/// The server's hand in an open spool: reads a file, deletes it, or sets it aside.
package final class SpoolReader {
    /// What reading a file gave.
    package enum Outcome: Equatable {
        /// Its contents, which are in ``SpoolReader/contents`` until the next read.
        case contents(FileStatus)
        /// It is not there any more.
        case gone
        /// It cannot be an event as it is now.
        case fault(SpoolFault, FileStatus)
        /// It could not be read now, and whether it is good is not known yet.
        case failed(SystemCallError)
    }

    /// The spool.
    package let directory: Directory
    /// Which directory that is: it may be renamed, and another one may stand at its path.
    package let identity: FileIdentity
    /// The contents of the file that was read last.
    package private(set) var contents: [UInt8] = []
    private var failedFiles: FailedFiles

    /// Works in an open spool.
    ///
    /// - Parameter entries: Of that directory.
    package init(_ directory: Directory, _ entries: OwnEntries) throws(SystemCallError) {
        self.directory = directory
        identity = try directory.status().identity
        failedFiles = FailedFiles(spool: directory, entries)
    }

    /// Makes what belongs to the server where it is missing, so that no one else does.
    package func prepare() throws(SystemCallError) { try failedFiles.prepare() }

    /// Reads a file that may be anything, placed there by anyone: it is opened so that nothing is followed and nothing
    /// blocks, judged by its open descriptor, and read no further than the limit.
    package func read(_ name: FileName, limitBytes: Int) -> Outcome {
        do {
            let file = try directory.openForReading(name)
            return try read(file, name, limitBytes: limitBytes)
        } catch {
            return judge(error, name)
        }
    }

    /// Gives away the contents of the file that was read last.
    package func takeContents() -> [UInt8] {
        defer { contents = [] }
        return contents
    }

    /// Moves a file to `.failed/` with its reason.
    package func quarantine(
        _ name: FileName, reason: String
    ) throws(SystemCallError) -> (name: FileName, pruned: FailedFiles.Pruned?) {
        try failedFiles.take(name, reason: reason)
    }

    /// The files in `.failed/` that were set aside, or changed, within an hour; of very many the newest.
    package func recentFailures(unix: Int64, limit: Int) -> [FailedFiles.Recent] {
        failedFiles.recent(unix: unix, limit: limit)
    }

    /// What a file in `.failed/` looks like; `nil` when it has gone.
    package func failedStatus(of name: FileName) throws(SystemCallError) -> FileStatus? {
        try failedFiles.status(of: name)
    }

    /// Whether somebody has a file in `.failed/` open for writing; `nil` where this process may not know.
    package func isFailedBeingWritten(_ name: FileName) -> Bool? { failedFiles.isBeingWritten(name) }

    /// Brings a file in `.failed/` back under its name, if that is free.
    ///
    /// - Returns: Whether it is back.
    package func restore(_ moved: FileName, as name: FileName) -> Bool { failedFiles.restore(moved, as: name) }

    /// What is in `.failed/`: how much, and the newest.
    package func failures(limit: Int) -> FailedFiles.Overview { failedFiles.overview(limit: limit) }

    /// Removes what is too old or too much in `.failed/`.
    package func pruneFailedFiles(_ ages: AgeClock) -> FailedFiles.Pruned? { failedFiles.prune(ages) }

    private func read(
        _ file: borrowing FileDescriptor, _ name: FileName, limitBytes: Int
    ) throws(SystemCallError) -> Outcome {
        let status = try file.status(object: directory.path(of: name))
        guard status.kind == .regular else { return .fault(.notRegular(status.kind.rawValue), status) }
        guard status.links < 2 else { return .fault(.hardLinks(Int(status.links)), status) }
        guard status.sizeBytes <= limitBytes else { return .fault(.tooLarge(limitBytes: limitBytes), status) }
        contents.removeAll(keepingCapacity: contents.capacity <= Self.keptBytes)
        // One byte more than the status says, so that a file that grows meanwhile shows it.
        try file.readAll(
            into: &contents, sizeBytes: Int(status.sizeBytes), limitBytes: limitBytes + 1,
            object: directory.path(of: name))
        if contents.count > limitBytes { return .fault(.tooLarge(limitBytes: limitBytes), status) }
        if contents.count == status.sizeBytes { return .contents(status) }
        // It was written meanwhile. If this was the end of it, its status is that of now: by the former one it would be
        // taken for another file when it is to be deleted, and sent once more.
        let present = try file.status(object: directory.path(of: name))
        return .contents(contents.count == present.sizeBytes ? present : status)
    }

    /// A batch may be 64 MiB; its buffer is not kept for the small files after it.
    private static let keptBytes = 2 * 1_048_576

    private func judge(_ error: SystemCallError, _ name: FileName) -> Outcome {
        if error.isNotFound { return .gone }
        guard error.isSymbolicLink || error.isPermission || error.isNoDevice else { return .failed(error) }
        do {
            let status = try directory.status(of: name)
            let isRegular = status.kind == .regular
            return .fault(
                isRegular ? .unreadable(reason: error.reason) : .notRegular(status.kind.rawValue), status)
        } catch {
            return error.isNotFound ? .gone : .failed(error)
        }
    }
}
