package import WSQueueCore
package import WSQueueSystem

/// The directory `.failed/` of a spool: files that could not be accepted, each with its reason beside it.
package struct FailedFiles {
    /// What was removed to keep the bound.
    package struct Pruned: Equatable {
        package let count: Int
    }

    /// What is here.
    package struct Overview {
        /// One file and why it is here.
        package struct Failure {
            package let name: String
            package let reason: String
            /// When it was set aside, Unix nanoseconds.
            package let changedNanoseconds: Int64
        }

        package var count = 0
        /// The newest first.
        package var newest: [Failure] = []
    }

    /// How many files are kept, the reasons not counted.
    package static let limitFiles = 10_000
    /// What they may take on the disk.
    package static let limitBytes: Int64 = 256 * 1_048_576
    /// How long a file is kept.
    package static let limitNanoseconds: Int64 = 30 * 86_400 * 1_000_000_000

    private static let pruneAtLeast = 1_000
    private static let pruneAtLeastBytes = limitBytes / 16
    /// Its name in the spool.
    package static let directoryName = FileName(".failed")
    static let reasonSuffix = ".why"

    /// How many of the last names are looked at for the newest: most names begin with a time.
    private static let overviewCandidates = 200
    private static let reasonLimitBytes = 1_024

    private let spool: Directory
    /// How the directory is opened; `nil` for those who only look, whosever it is.
    private let entries: OwnEntries?
    private var directory: Directory?
    private var count = 0
    private var bytes: Int64 = 0
    /// The count at which it is next worth looking for what can go.
    private var nextPrune = Self.limitFiles
    /// The last overview, and the directory's time at that moment.
    private var known: (overview: Overview, modifiedNanoseconds: Int64)?

    /// Works in `spool`.
    ///
    /// - Parameter entries: Of that directory: for the server, whose `.failed/` is. Others only look at it.
    package init(spool: Directory, _ entries: OwnEntries? = nil) {
        self.spool = spool
        self.entries = entries
    }

    /// Makes `.failed/` where it is missing, so that no one else does.
    ///
    /// - Throws: ``SystemCallError`` where somebody else has, and it cannot be moved away.
    package mutating func prepare() throws(SystemCallError) {
        do throws(SystemCallError) {
            _ = try opened()
        } catch  where error.isDiskFull || error.isReadOnly || error.isInputOutput || error.isTryAgain {
            // It is made when the first file needs it.
        }
    }

    /// Moves a file here, and writes its reason beside it.
    ///
    /// - Parameters:
    ///   - reason: One line.
    /// - Returns: The name it has here, and what had to go for it.
    /// - Throws: ``SystemCallError`` when it cannot be moved; it stays where it was.
    package mutating func take(
        _ name: FileName, reason: String
    ) throws(SystemCallError) -> (name: FileName, pruned: Pruned?) {
        var directory = try opened()
        if (try? directory.status())?.links == 0 {
            // Somebody has removed it.
            self.directory = nil
            directory = try opened()
        }
        let newName = try move(name, reason: reason, to: directory)
        count += 1
        bytes += (try? directory.status(of: newName))?.allocatedBytes ?? 0
        return (newName, count > nextPrune || bytes > Self.limitBytes ? prune(directory, nil) : nil)
    }

    /// A file that was set aside not long ago.
    package struct Recent {
        /// Its name here, and the one that it had.
        package let moved: FileName
        package let name: FileName
        package let status: FileStatus
        /// Whether it was written after it was set aside, or may have been.
        package let isChanged: Bool
    }

    /// The files here that were set aside, or changed, within an hour; of very many the newest.
    mutating func recent(unix: Int64, limit: Int) -> [Recent] {
        guard let directory = try? opened(creating: false) else { return [] }
        var names: [FileName] = []
        try? directory.forEachName { if !Self.isReason($0) { names.append(FileName($0)) } }
        var recent: [Recent] = []
        for moved in names {
            guard let status = try? directory.status(of: moved), status.kind == .regular,
                abs(unix - status.changedNanoseconds) < 3_600_000_000_000,
                let reason = try? directory.status(of: moved.appending(Self.reasonSuffix)),
                let name = Self.original(moved)
            else { continue }
            // The reason was written when the file had rested.
            let isChanged = status.modifiedNanoseconds >= reason.modifiedNanoseconds
            recent.append(Recent(moved: moved, name: name, status: status, isChanged: isChanged))
        }
        return Array(recent.sorted { $0.status.changedNanoseconds > $1.status.changedNanoseconds }.prefix(limit))
    }

    /// The name of an event file that a file here had: a second one of a name has a number after it.
    private static func original(_ moved: FileName) -> FileName? {
        var bytes = Array(moved.bytes)
        while true {
            let kind = SpoolName.kind(of: bytes.span).0
            if kind == .event || kind == .batch { return FileName(bytes.span) }
            guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return nil }
            bytes.removeLast(bytes.count - dot)
        }
    }

    /// What a file here looks like; `nil` when it has gone.
    func status(of name: FileName) throws(SystemCallError) -> FileStatus? {
        do { return try directory?.status(of: name) } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }

    /// Whether somebody has a file here open for writing; `nil` where this process may not know.
    func isBeingWritten(_ name: FileName) -> Bool? { (try? directory?.openForReading(name))?.isBeingWritten }

    /// Moves a file back under its name in the spool, if that is free, and removes the reason.
    ///
    /// - Returns: Whether it is back.
    mutating func restore(_ moved: FileName, as name: FileName) -> Bool {
        guard let directory, (try? directory.renameWithoutReplacing(moved, to: name, in: spool)) != nil else {
            return false
        }
        try? directory.remove(moved.appending(Self.reasonSuffix))
        count -= 1
        return true
    }

    /// Removes what is too old or too much, the oldest first. A listing: to be called seldom.
    package mutating func prune(_ ages: AgeClock) -> Pruned? {
        guard let directory = try? opened(creating: false) else { return nil }
        return prune(directory, ages)
    }

    /// Counts the files, and reads why the newest of them are here. A listing only when the directory has changed.
    package mutating func overview(limit: Int) -> Overview {
        guard let directory = try? opened(creating: false), let status = try? directory.status() else {
            return Overview()
        }
        if let known, known.modifiedNanoseconds == status.modifiedNanoseconds { return known.overview }
        var names: [FileName] = []
        try? directory.forEachName { if !Self.isReason($0) { names.append(FileName($0)) } }
        names.sort { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        // The clock of a file system ticks every few milliseconds: within one, the later name is the later file.
        let aged = names.suffix(Self.overviewCandidates).enumerated().compactMap { place, name in
            (try? directory.status(of: name)).map { (name: name, place: place, changed: $0.changedNanoseconds) }
        }.sorted { ($0.changed, $0.place) > ($1.changed, $1.place) }
        let newest = aged.prefix(limit).map { file in
            Overview.Failure(
                name: file.name.description, reason: Self.reason(for: file.name, in: directory),
                changedNanoseconds: file.changed)
        }
        let overview = Overview(count: names.count, newest: newest)
        known = (overview, status.modifiedNanoseconds)
        return overview
    }

    /// Why a file is here: a line, empty where no one knows.
    static func reason(for name: FileName, in directory: Directory) -> String {
        let reasonName = name.appending(reasonSuffix)
        var bytes: [UInt8] = []
        guard let file = try? directory.openForReading(reasonName) else { return "" }
        try? file.readAll(into: &bytes, limitBytes: reasonLimitBytes, object: directory.path(of: reasonName))
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    private mutating func opened(creating: Bool = true) throws(SystemCallError) -> Directory {
        if let directory { return directory }
        let found: Directory
        if let entries {
            found = try entries.openDirectory(Self.directoryName, creating: creating)
            // Files move in from another directory, whose change may reach the disk first.
            try? spool.sync()
        } else {
            found = try spool.openDirectory(Self.directoryName)
        }
        directory = found
        var names: [FileName] = []
        try? found.forEachName { if !Self.isReason($0) { names.append(FileName($0)) } }
        count = names.count
        bytes = names.reduce(0) { $0 + ((try? found.status(of: $1))?.allocatedBytes ?? 0) }
        return found
    }

    /// Gives a file a name here that no other has, with its reason beside it.
    private func move(
        _ name: FileName, reason: String, to directory: Directory
    ) throws(SystemCallError) -> FileName {
        var newName = name
        var number = 1
        while true {
            // Of a name that cannot be looked at only the rename tells whether it is free.
            let isFree = (try? directory.has(newName)).map { !$0 }
            if isFree != false {
                // First, so that the reason is there as soon as the file is, unless it may be another file's; one that
                // cannot be written is in the server's log.
                if isFree != nil { try? write(reason, beside: newName, in: directory) }
                do throws(SystemCallError) {
                    try spool.renameWithoutReplacing(name, to: newName, in: directory)
                    if isFree == nil { try? write(reason, beside: newName, in: directory) }
                    return newName
                } catch {
                    if isFree != nil { try? directory.remove(newName.appending(Self.reasonSuffix)) }
                    guard error.isExisting else { throw error }
                }
            }
            number += 1
            newName = name.appending(".\(number)")
        }
    }

    private func write(_ reason: String, beside name: FileName, in directory: Directory) throws(SystemCallError) {
        let reasonName = name.appending(Self.reasonSuffix)
        // One without its file is what a server has left that was killed before it moved that.
        do throws(SystemCallError) { try directory.remove(reasonName) } catch  where error.isNotFound {}
        let file = try directory.createFile(reasonName, mode: 0o600)
        let line = Array((reason + "\n").utf8)
        try file.writeAll(line.span, object: directory.path(of: reasonName))
    }

    private mutating func prune(_ directory: Directory, _ ages: AgeClock?) -> Pruned? {
        var names: [FileName] = []
        try? directory.forEachName { if !Self.isReason($0) { names.append(FileName($0)) } }
        let aged = names.compactMap { name in
            (try? directory.status(of: name)).map {
                (name: name, changed: $0.changedNanoseconds, bytes: $0.allocatedBytes, kind: $0.kind)
            }
        }.sorted { $0.changed < $1.changed }
        bytes = aged.reduce(0) { $0 + $1.bytes }
        // Some more than must go, so that the next file does not cause the next listing.
        let excess = aged.count > Self.limitFiles ? aged.count - Self.limitFiles + Self.pruneAtLeast : 0
        var excessBytes = bytes > Self.limitBytes ? bytes - Self.limitBytes + Self.pruneAtLeastBytes : 0
        var removed = 0
        for file in aged {
            let isTooOld = ages.map { $0.mayTrim && $0.age(of: file.changed) > Self.limitNanoseconds } ?? false
            guard removed < excess || excessBytes > 0 || isTooOld else { break }
            // What cannot go shields nothing after it.
            guard remove(file.name, file.kind, in: directory) else { continue }
            try? directory.remove(file.name.appending(Self.reasonSuffix))
            removed += 1
            bytes -= file.bytes
            excessBytes -= file.bytes
        }
        count = aged.count - removed
        nextPrune = max(Self.limitFiles, count + Self.pruneAtLeast)
        return removed > 0 ? Pruned(count: removed) : nil
    }

    /// Removes what was set aside, a directory with what is in it.
    private func remove(_ name: FileName, _ kind: FileStatus.Kind, in directory: Directory, depth: Int = 0) -> Bool {
        guard kind == .directory else { return (try? directory.remove(name)) != nil }
        // Somebody else may have made it, as deep as he liked.
        if depth < Self.limitDepth, let inner = try? directory.openDirectory(name) {
            var names: [FileName] = []
            try? inner.forEachName { names.append(FileName($0)) }
            for name in names {
                guard let status = try? inner.status(of: name) else { continue }
                _ = remove(name, status.kind, in: inner, depth: depth + 1)
            }
        }
        return (try? directory.removeDirectory(name)) != nil
    }

    private static let limitDepth = 32

    /// Whether a name here is that of a reason.
    static func isReason(_ name: borrowing Span<UInt8>) -> Bool {
        let suffix = Array(reasonSuffix.utf8)
        guard name.count > suffix.count else { return false }
        return suffix.indices.allSatisfy { name[name.count - suffix.count + $0] == suffix[$0] }
    }
}
