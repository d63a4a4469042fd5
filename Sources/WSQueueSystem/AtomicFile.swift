/// What a file must survive once it is published.
package enum Durability: String, CaseIterable, Sendable {
    /// The end of any process: the page cache has it. A power cut may take it, or leave it empty.
    case none
    /// A power cut leaves the file whole or leaves no file.
    case data
    /// A power cut leaves the file.
    case full
}

/// A file that becomes visible whole or not at all: written under a hidden name, then renamed.
///
/// `create`, `append`…, `seal`, `reveal`. Letting go of it before `reveal` has succeeded leaves nothing behind,
/// unless even the removal fails or the process is killed: then a hidden file stays.
@usableFromInline  // Embedded Swift wants to see what becomes of it from where it is let go of.
package struct AtomicFile: ~Copyable {
    private let directory: Directory
    private let hiddenName: FileName
    private let durability: Durability
    private var descriptor: FileDescriptor?
    private var isHidden = true
    private var hasOwnTime = false

    /// Creates the hidden file, which must not exist in any form (openat(2) with `O_EXCL`).
    ///
    /// - Parameter hiddenName: In the same directory, because a rename between file systems fails.
    package static func create(
        _ hiddenName: FileName, in directory: Directory, durability: Durability
    ) throws(SystemCallError) -> AtomicFile {
        // Only the owner may read it until it is whole; `seal` sets the mode that is wanted.
        let descriptor = try directory.createFile(hiddenName, mode: 0o600)
        return AtomicFile(directory, hiddenName, durability, descriptor)
    }

    private init(
        _ directory: Directory, _ hiddenName: FileName, _ durability: Durability,
        _ descriptor: consuming FileDescriptor
    ) {
        self.directory = directory
        self.hiddenName = hiddenName
        self.durability = durability
        self.descriptor = consume descriptor
    }

    deinit {
        if isHidden { try? directory.remove(hiddenName) }
    }

    /// Appends all of `bytes` (write(2)).
    package mutating func append(_ bytes: Span<UInt8>) throws(SystemCallError) {
        try withDescriptor { file throws(SystemCallError) in try file.writeAll(bytes, object: path) }
    }

    /// Gives the file another mtime than that of its last write (futimens(2)); to be called after the last one.
    package mutating func setModified(_ unixNanoseconds: Int64) throws(SystemCallError) {
        try withDescriptor { file throws(SystemCallError) in
            do throws(SystemCallError) {
                try file.setModified(unixNanoseconds, object: path)
            } catch  where error.isUnsupported || error.isPermission {
                // A file system without times of our choice; the event says its time itself.
            }
        }
        hasOwnTime = true
    }

    /// Ends writing: sets the mode whatever the umask is, and makes the contents durable before any name is
    /// (fchmod(2), fdatasync(2)). Closes the file where nothing more is asked of it, because close(2) may be where a
    /// failed write shows.
    package mutating func seal(mode: UInt32) throws(SystemCallError) {
        try withDescriptor { file throws(SystemCallError) in
            do throws(SystemCallError) {
                try file.setMode(mode, object: path)
            } catch  where error.isUnsupported || error.isPermission {
                // Where all files have one mode, as on FAT, that may be enough.
                guard try file.status(object: path).mode & mode == mode else { throw error }
            }
            // fdatasync(2) may leave out a time that says something.
            if durability != .none { try file.sync(dataOnly: !hasOwnTime, object: path) }
        }
        if durability != .full { try close() }
    }

    /// Gives the sealed file its name, which must be free (`EEXIST`; another one may be tried then), and makes the name
    /// durable where that is wanted (renameat2(2), fsync(2)).
    ///
    /// - Parameter replacing: Whether a file that has the name goes.
    /// - Throws: ``RevealError``, which says whether the file is visible nevertheless.
    package mutating func reveal(as name: FileName, replacing: Bool = false) throws(RevealError) {
        do {
            if replacing {
                try directory.rename(hiddenName, to: name, in: directory)
            } else {
                try directory.renameWithoutReplacing(hiddenName, to: name)
            }
        } catch {
            // Where linkat(2) stands in for the rename, the name exists before the hidden one is removed.
            throw RevealError(isVisible: error.call == "unlink", cause: error)
        }
        isHidden = false
        guard durability == .full else { return }
        do {
            try syncName()
            try close()
        } catch {
            throw RevealError(isVisible: true, cause: error)
        }
    }

    /// The file once more, to be looked at when it has another name or none; `nil` where it cannot be opened.
    package func openAgain() -> FileDescriptor? { try? directory.openForReading(hiddenName) }

    private var path: String { directory.path(of: hiddenName) }

    /// In a drop box, which its writers may not read, the directory cannot be opened for fsync(2); syncing the file
    /// once more after the rename writes its name too, on ext4, xfs and btrfs.
    private func syncName() throws(SystemCallError) {
        do {
            try directory.sync()
        } catch  where error.isPermission {
            try withDescriptor { file throws(SystemCallError) in try file.sync(dataOnly: false, object: path) }
        }
    }

    private mutating func close() throws(SystemCallError) {
        guard let open = descriptor.take() else { return }
        do {
            try open.close()
        } catch {
            throw SystemCallError(call: error.call, object: path, code: error.code)
        }
    }

    private func withDescriptor(
        _ body: (borrowing FileDescriptor) throws(SystemCallError) -> Void
    ) throws(SystemCallError) {
        switch descriptor {
        case .some(let descriptor): try body(descriptor)
        case .none: preconditionFailure("a file is written and sealed before it is closed")
        }
    }
}

/// A file that could not be given its name, or not durably.
package struct RevealError: Error, Equatable {
    /// Whether the file stands under its name all the same, whole: the server will get it.
    package let isVisible: Bool
    /// The call that failed.
    package let cause: SystemCallError
}
