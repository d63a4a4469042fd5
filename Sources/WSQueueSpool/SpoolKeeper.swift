package import WSQueueSystem

/// The operator's hand in a spool: looks at files, removes them, holds them back and brings them back. A server that owns
/// the spool meanwhile takes each of these for what any publisher may do.
package struct SpoolKeeper {
    /// Why something was not done.
    package enum Fault: Error, Equatable {
        /// The word can be no name of an event file.
        case notAName(String)
        /// There is no such file in a state in which it could be done.
        case notFound(String)
        /// A file of its name waits already.
        case taken(String)
        /// The entry is no regular file: what it is.
        case notRegular(String, String)
        /// The system refused.
        case system(SystemCallError)
    }

    private let spool: Directory
    private let unix: Int64

    /// Works in an open spool.
    ///
    /// - Parameter unix: Now, Unix nanoseconds.
    package init(_ spool: Directory, unix: Int64) {
        self.spool = spool
        self.unix = unix
    }

    /// Finds the file that somebody means: by its path below the spool as a listing shows it, by its name, or by the
    /// event's id as its publisher knows it. No word leads out of the spool, or to what is no event file.
    ///
    /// - Parameter states: In which it may be; the first in which it is, in this order, is meant.
    package func find(_ word: String, _ states: [SpoolItem.State]) throws(Fault) -> SpoolItem {
        let (name, named) = try Self.state(of: word)
        guard !name.isEmpty, name.utf8.count <= 255, !name.utf8.contains(0) else { throw .notAName(word) }
        for state in named.map({ [$0] }) ?? states where states.contains(state) {
            guard let directory = try Self.openDirectory(of: state, in: spool) else { continue }
            for candidate in Self.names(name) {
                let entry = state == .held ? SpoolPlace.heldPrefix + candidate : candidate
                guard entry.utf8.count <= 255, (try? directory.status(of: FileName(entry))) != nil,
                    let item = SpoolItem(Array(entry.utf8).span, in: directory, as: state, unix: unix)
                else { continue }
                return item
            }
            if state == .held, let item = heldItem(Self.names(name), in: directory) { return item }
        }
        throw Self.isPath(name) ? .notAName(word) : .notFound(word)
    }

    /// What is held back and would be released as one of these names.
    private func heldItem(_ names: [String], in directory: Directory) -> SpoolItem? {
        var found: FileName?
        try? directory.forEachName { entry in
            guard found == nil, let released = HeldName.released(copy entry) else { return }
            if names.contains(where: { $0.utf8.elementsEqual(released) }) { found = FileName(entry) }
        }
        return found.flatMap { SpoolItem($0.bytes.span, in: directory, as: .held, unix: unix) }
    }

    /// Opens a file to be read. What is no regular file is not touched.
    package func open(_ item: SpoolItem) throws(Fault) -> FileDescriptor {
        try checkRegular(item)
        do {
            let directory = try Self.openedDirectory(of: item.state, in: spool)
            return try directory.openForReading(item.entry)
        } catch {
            throw .system(error)
        }
    }

    /// Removes a file, and with one that was set aside the reason.
    package func remove(_ item: SpoolItem) throws(Fault) {
        do {
            let directory = try Self.openedDirectory(of: item.state, in: spool)
            if try directory.status(of: item.entry).kind == .directory {
                try directory.removeDirectory(item.entry)
            } else {
                try directory.remove(item.entry)
            }
            if item.state == .failed { try? directory.remove(item.name.appending(FailedFiles.reasonSuffix)) }
        } catch {
            throw .system(error)
        }
    }

    /// Hides a file that waits, so that the server passes it over.
    package func hold(_ item: SpoolItem) throws(Fault) {
        try checkRegular(item)
        try rename(item, to: HeldName.held(item.name))
    }

    /// Brings back a file that is held, under the name and so in the place and with the id that it had.
    package func release(_ item: SpoolItem) throws(Fault) {
        try rename(item, to: item.name)
    }

    /// Brings back a file that was set aside, and removes the reason.
    ///
    /// - Returns: The name it has now: its own, or where that is taken one beside it.
    package func requeue(_ item: SpoolItem) throws(Fault) -> FileName {
        try checkRegular(item)
        for name in Self.namesOutside(item.name) {
            do throws(Fault) {
                try rename(item, to: name)
            } catch .taken {
                continue
            }
            if let directory = try Self.openDirectory(of: .failed, in: spool) {
                try? directory.remove(item.name.appending(FailedFiles.reasonSuffix))
            }
            return name
        }
        throw .taken(item.name.description)
    }

    private func rename(_ item: SpoolItem, to name: FileName) throws(Fault) {
        do {
            let directory = try Self.openedDirectory(of: item.state, in: spool)
            try directory.renameWithoutReplacing(item.entry, to: name, in: spool)
        } catch {
            if error.isExisting { throw .taken(name.description) }
            throw error.isNotFound ? .notFound(item.path) : .system(error)
        }
    }

    private func checkRegular(_ item: SpoolItem) throws(Fault) {
        let status: FileStatus
        do {
            status = try Self.openedDirectory(of: item.state, in: spool).status(of: item.entry)
        } catch {
            throw error.isNotFound ? .notFound(item.path) : .system(error)
        }
        guard status.kind == .regular else { throw .notRegular(item.path, status.kind.rawValue) }
    }
}

extension SpoolKeeper {
    /// The directory in which files of a state are; `nil` while there is none.
    static func directory(of state: SpoolItem.State, in spool: Directory) throws(SystemCallError) -> Directory? {
        guard state == .failed else { return spool }
        do {
            return try spool.openDirectory(FailedFiles.directoryName)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    private static func openedDirectory(
        of state: SpoolItem.State, in spool: Directory
    ) throws(SystemCallError) -> Directory {
        state == .failed ? try spool.openDirectory(FailedFiles.directoryName) : spool
    }

    private static func openDirectory(of state: SpoolItem.State, in spool: Directory) throws(Fault) -> Directory? {
        do { return try directory(of: state, in: spool) } catch { throw .system(error) }
    }

    /// Takes off what a listing puts before the name.
    private static func state(of word: String) throws(Fault) -> (name: String, state: SpoolItem.State?) {
        let failed = "\(FailedFiles.directoryName)/"
        if word.utf8.starts(with: failed.utf8) { return (String(word.dropFirst(failed.count)), .failed) }
        let held = SpoolPlace.heldPrefix
        if word.utf8.starts(with: held.utf8) { return (String(word.dropFirst(held.count)), .held) }
        guard word.utf8.first != UInt8(ascii: ".") else { throw .notAName(word) }
        return (word, nil)
    }

    private static func isPath(_ name: String) -> Bool { name.utf8.contains(UInt8(ascii: "/")) || name == ".." }

    /// The names that somebody may mean: the name itself, that of an event with this id, one without its suffix.
    private static func names(_ name: String) -> [String] {
        let identified = SpoolStem(identity: name)
        var stems = [identified.description, identified.due.description]
        // An id may have a slash, and a name never.
        if !isPath(name) { stems.append(name) }
        return (isPath(name) ? [] : [name])
            + stems.flatMap { ["\($0)\(SpoolSuffix.event.rawValue)", "\($0)\(SpoolSuffix.batch.rawValue)"] }
    }

    /// The names under which a file that was set aside may come back. In `.failed/` a second one of a name has a number
    /// after it, with which it would be no event file.
    private static func namesOutside(_ name: FileName) -> [FileName] {
        var bytes = Array(name.bytes)
        while ![.event, .batch].contains(SpoolName(bytes.span).kind), let dot = bytes.lastIndex(of: UInt8(ascii: ".")) {
            bytes.removeLast(bytes.count - dot)
        }
        let parsed = SpoolName(bytes.span)
        guard parsed.kind == .event || parsed.kind == .batch else { return [] }
        let (stem, suffix) = (bytes[..<parsed.stemCount], bytes[parsed.stemCount...])
        return [FileName(bytes.span)]
            + (2...100).map { number in
                let numbered = Array(stem) + Array("-\(number)".utf8) + suffix
                return FileName(numbered.span)
            }
    }
}
