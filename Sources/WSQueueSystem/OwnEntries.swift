internal import WSQueueLibc

/// An entry of somebody else that stood where one of ours belongs, and was given another name.
package struct ForeignEntry: Equatable, Sendable {
    /// Where it stood.
    package let path: String
    /// The name it has now.
    package let newName: FileName
    /// Whose it is.
    package let owner: UInt32
}

/// Opens what belongs to this user alone, in a directory in which others may make entries too.
///
/// An entry that is there is used only if it is ours, of the right kind and has no second name, and is closed to everybody
/// else. Anything else under its name is somebody's attempt to read or write what is ours, or an accident: it is renamed,
/// so that nobody can keep us out by coming first, and ours is made in its place.
package struct OwnEntries {
    private let directory: Directory
    private let noteForeign: (ForeignEntry) -> Void

    /// Others may make an entry anew as soon as one was moved; they do not win for ever.
    private static let attempts = 100

    /// Works in a directory.
    ///
    /// - Parameter noteForeign: Is told of each entry that was moved out of the way.
    package init(in directory: Directory, noteForeign: @escaping (ForeignEntry) -> Void) {
        self.directory = directory
        self.noteForeign = noteForeign
    }

    /// Opens a directory of ours, which is made where it is missing, with mode 0700.
    ///
    /// - Parameters:
    ///   - creating: Whether it is made; else a missing one is an error (`ENOENT`).
    ///   - followsOwnLinks: Whether a symbolic link that is ours, or root's, may lead to it.
    package func openDirectory(
        _ name: FileName, creating: Bool = true, followsOwnLinks: Bool = false
    ) throws(SystemCallError) -> Directory {
        if !creating { _ = try directory.status(of: name) }
        return try repeated(name) { () throws(SystemCallError) in
            guard let present = try status(of: name) else {
                try directory.makeDirectory(name, mode: 0o700)
                return nil
            }
            let isLink = followsOwnLinks && present.kind == .symbolicLink
            guard isLink ? isTrusted(present) : present.kind == .directory && isOurs(present) else {
                try displace(name, present)
                return nil
            }
            let opened = try directory.openDirectory(name, followsLinks: isLink)
            let status = try opened.status()
            if isOurs(status) {
                if status.mode & Self.othersBits != 0 {
                    try tighten { () throws(SystemCallError) in try opened.setMode(0o700) }
                }
                return opened
            }
            // What a link of the operator's leads to is not ours to rename.
            guard !isLink else { throw SystemCallError(call: "open", object: opened.path, code: EPERM) }
            return nil
        }
    }

    /// Opens a file of ours for reading and writing, which is made where it is missing, with mode 0600.
    ///
    /// - Parameter keepsMode: Whether one that others may open is left so.
    package func openFile(_ name: FileName, keepsMode: Bool = false) throws(SystemCallError) -> FileDescriptor {
        try repeated(name) { () throws(SystemCallError) in
            guard let present = try status(of: name) else { return try directory.createFileForUpdate(name) }
            guard isOwnFile(present) else {
                try displace(name, present)
                return nil
            }
            let file = try directory.openForUpdate(name)
            let status = try file.status(object: directory.path(of: name))
            guard isOwnFile(status) else { return nil }
            if !keepsMode, status.mode & Self.othersBits != 0 {
                try tighten { () throws(SystemCallError) in
                    try file.setMode(0o600, object: directory.path(of: name))
                }
            }
            return file
        }
    }

    /// Opens the reading end of a FIFO of ours, which is made anew unless it has exactly this mode: one that others could
    /// read might still have other readers.
    ///
    /// - Returns: `nil` where the file system has none, or no room.
    package func openFIFO(_ name: FileName, mode: UInt32) throws(SystemCallError) -> FileDescriptor? {
        var isMade = false
        for _ in 0..<Self.attempts {
            guard let present = try status(of: name) else {
                guard (try? directory.makeFIFO(name)) != nil else { return nil }
                isMade = true
                try? directory.openForReading(name).setMode(mode, object: directory.path(of: name))
                continue
            }
            guard isOurs(present), present.kind != .directory else {
                try displace(name, present)
                continue
            }
            guard present.kind == .fifo, present.mode & 0o777 == mode else {
                try directory.remove(name)
                // Where modes cannot be set everybody may read it, and it would say nothing.
                if isMade { return nil }
                continue
            }
            if let file = try? directory.openForReading(name),
                (try? file.status(object: directory.path(of: name)))?.identity == present.identity
            {
                return file
            }
        }
        return nil
    }

    /// Moves away what stands under a name and is no file of ours.
    package func clear(_ name: FileName) throws(SystemCallError) {
        guard let present = try status(of: name), !isOwnFile(present) else { return }
        try displace(name, present)
    }

    /// Makes room for a socket of ours: the one that an earlier process of ours has left is removed, and anything else moved
    /// away.
    package func clearForSocket(_ name: FileName) throws(SystemCallError) {
        guard let present = try status(of: name) else { return }
        guard present.kind == .socket, isOurs(present) else { return try displace(name, present) }
        try directory.remove(name)
    }

    /// Moves away every entry of others, and closes our own files to everybody else.
    ///
    /// - Parameter isMeant: Of which entries that is asked.
    package func clear(where isMeant: (FileName) -> Bool) throws(SystemCallError) {
        var names: [FileName] = []
        try directory.forEachName {
            let name = FileName($0)
            if isMeant(name) { names.append(name) }
        }
        for name in names {
            guard let present = try status(of: name) else { continue }
            if isOwnFile(present) {
                _ = try openFile(name)
            } else if present.kind != .directory || !isOurs(present) {
                try displace(name, present)
            }
        }
    }

    /// Whether an entry is ours: what this user makes here has that owner.
    package func isOurs(_ status: FileStatus) -> Bool {
        status.owner == Process.user || status.owner == ownerOfWhatWeMake()
    }

    /// Gives an entry a name that no one uses.
    package func displace(_ name: FileName, _ status: FileStatus) throws(SystemCallError) {
        let newName = FileName(".foreign-\(name)-\(RandomText.make(count: 8))")
        do {
            try directory.renameWithoutReplacing(name, to: newName)
        } catch  where error.isNotFound {
            return
        }
        noteForeign(ForeignEntry(path: directory.path(of: name), newName: newName, owner: status.owner))
    }

    private static let othersBits: UInt32 = 0o077

    private func isOwnFile(_ status: FileStatus) -> Bool {
        // With a second name it may be any other file of ours.
        status.kind == .regular && status.links < 2 && isOurs(status)
    }

    private func isTrusted(_ status: FileStatus) -> Bool { status.owner == 0 || isOurs(status) }

    /// Some file systems give all files one owner (FAT, shared folders), or root's another one (NFS).
    private func ownerOfWhatWeMake() -> UInt32? {
        let name = FileName(".owner-\(RandomText.make(count: 8)).tmp")
        guard let file = try? directory.createFile(name, mode: 0o600) else { return nil }
        defer { try? directory.remove(name) }
        return (try? file.status(object: directory.path(of: name)))?.owner
    }

    private func status(of name: FileName) throws(SystemCallError) -> FileStatus? {
        do { return try directory.status(of: name) } catch  where error.isNotFound { return nil }
    }

    private func tighten(_ body: () throws(SystemCallError) -> Void) throws(SystemCallError) {
        do {
            try body()
        } catch  where error.isUnsupported || error.isPermission {
            // A file system without modes; that it is ours was looked at.
        }
    }

    /// Somebody may take or give back the name at any moment between the looks.
    private func repeated<Opened: ~Copyable>(
        _ name: FileName, _ body: () throws(SystemCallError) -> Opened?
    ) throws(SystemCallError) -> Opened {
        for _ in 0..<Self.attempts {
            do {
                if let opened = try body() { return opened }
            } catch  where error.isNotFound || error.isExisting || error.isSymbolicLink || error.isNotDirectory {
                continue
            }
        }
        throw .existing("open", directory.path(of: name))
    }
}
