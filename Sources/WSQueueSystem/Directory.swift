internal import CWSQueueLinux
internal import WSQueueLibc

/// An open directory. Everything below it is reached through the descriptor, so that a directory that is renamed or
/// replaced meanwhile leads nowhere else (openat(2)).
package final class Directory: Sendable {
    /// The path it was opened by, for messages.
    package let path: String
    let descriptor: FileDescriptor
    private let isUnlisted: Bool

    private init(path: String, descriptor: consuming FileDescriptor, isUnlisted: Bool = false) {
        self.path = path
        self.descriptor = descriptor
        self.isUnlisted = isUnlisted
    }

    /// Opens the directory at `path`, following symbolic links: the path is the operator's word.
    package static func open(_ path: String) throws(SystemCallError) -> Directory {
        let number = try systemCall("open", path) {
            unsafe Int(path.withCString { unsafe WSQueueLibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
        }
        return Directory(path: path, descriptor: FileDescriptor(owning: Int32(number)))
    }

    /// Opens the directory at `path` for what needs no permission to list it: a drop box lets its writers create and
    /// rename, and nothing else (open(2) with `O_PATH`).
    package static func openUnlisted(_ path: String) throws(SystemCallError) -> Directory {
        // 0o10000000 is O_PATH (asm-generic/fcntl.h), which no header shows without _GNU_SOURCE.
        let flags = 0o10000000 | O_DIRECTORY | O_CLOEXEC
        let number = try systemCall("open", path) {
            unsafe Int(path.withCString { unsafe WSQueueLibc.open($0, flags) })
        }
        return Directory(path: path, descriptor: FileDescriptor(owning: Int32(number)), isUnlisted: true)
    }

    /// Makes the directory at `path` below a parent that exists (mkdir(2)).
    ///
    /// - Returns: Whether it was missing.
    package static func makeIfMissing(_ path: String, mode: UInt32) throws(SystemCallError) -> Bool {
        do {
            _ = try systemCall("mkdir", path) { unsafe Int(path.withCString { unsafe mkdir($0, mode) }) }
            return true
        } catch  where error.isExisting {
            return false
        }
    }

    /// Opens a directory in this one.
    ///
    /// - Parameter followsLinks: Whether a symbolic link may lead to it.
    package func openDirectory(_ name: FileName, followsLinks: Bool = false) throws(SystemCallError) -> Directory {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        let opened = try openFile(name, flags: followsLinks ? flags : flags | O_NOFOLLOW)
        return Directory(path: path(of: name), descriptor: opened)
    }

    /// The path of an entry, for messages.
    package func path(of name: FileName) -> String { path.hasSuffix("/") ? "\(path)\(name)" : "\(path)/\(name)" }

    /// The directory's own status (fstat(2)).
    package func status() throws(SystemCallError) -> FileStatus { try descriptor.status(object: path) }

    /// The path of an entry that is short enough for a socket's name (unix(7)): by way of this directory's descriptor, where
    /// its own path is too long. Valid for as long as this value lives.
    package func socketPath(of name: FileName) -> String {
        let path = path(of: name)
        return path.utf8.count <= 107 ? path : "/proc/self/fd/\(descriptor.number)/\(name)"
    }

    /// The status of what stands at `path` now, following symbolic links (stat(2)).
    package static func status(at path: String) throws(SystemCallError) -> FileStatus {
        var raw = stat()
        _ = try systemCall("stat", path) { unsafe Int(path.withCString { unsafe stat($0, &raw) }) }
        return FileStatus(raw)
    }

    /// The status of what stands at `path` now; of a symbolic link itself (lstat(2)).
    package static func linkStatus(at path: String) throws(SystemCallError) -> FileStatus {
        var raw = stat()
        _ = try systemCall("lstat", path) {
            unsafe Int(path.withCString { unsafe fstatat(AT_FDCWD, $0, &raw, AT_SYMLINK_NOFOLLOW) })
        }
        return FileStatus(raw)
    }

    /// Whether a file system is mounted at a directory: it is on another one than its parent.
    package static func isMountPoint(_ path: String) -> Bool {
        guard let own = try? status(at: path), let parent = try? status(at: "\(path)/..") else { return false }
        return own.device != parent.device
    }

    /// The path of a directory without symbolic links (realpath(3)); `nil` where none is there.
    package static func canonicalPath(of path: String) -> String? {
        guard let text = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    /// An entry's status; of a symbolic link itself, not of what it points to (fstatat(2)).
    package func status(of name: FileName) throws(SystemCallError) -> FileStatus {
        var raw = stat()
        _ = try systemCall("stat", path(of: name)) {
            unsafe Int(name.withCString { unsafe fstatat(descriptor.number, $0, &raw, AT_SYMLINK_NOFOLLOW) })
        }
        return FileStatus(raw)
    }

    /// Whether there is an entry of this name. An error is no answer: what is there may be lost by whoever takes it for one.
    package func has(_ name: FileName) throws(SystemCallError) -> Bool {
        do { _ = try status(of: name) } catch {
            guard error.isNotFound else { throw error }
            return false
        }
        return true
    }

    /// Whether somebody has a file open for writing; `nil` where this process may not know.
    package func isBeingWritten(_ name: FileName) throws(SystemCallError) -> Bool? {
        do { return try openForReading(name).isBeingWritten } catch {
            guard error.isPermission else { throw error }
            return nil
        }
    }

    /// Opens an entry for reading. Neither a symbolic link nor a FIFO can lead astray or block (`O_NOFOLLOW`,
    /// `O_NONBLOCK`); what was opened is to be checked with `status`.
    package func openForReading(_ name: FileName) throws(SystemCallError) -> FileDescriptor {
        try openFile(name, flags: O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY)
    }

    /// Creates an entry for writing; fails when the name exists in any form.
    package func createFile(_ name: FileName, mode: UInt32) throws(SystemCallError) -> FileDescriptor {
        try openFile(name, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode: mode)
    }

    /// Opens an entry for reading and writing, creating it when it is missing, never through a symbolic link.
    package func openOrCreateFile(_ name: FileName, mode: UInt32) throws(SystemCallError) -> FileDescriptor {
        try openFile(name, flags: O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, mode: mode)
    }

    /// Creates an entry for reading and writing, for its owner alone; fails when the name exists in any form.
    func createFileForUpdate(_ name: FileName) throws(SystemCallError) -> FileDescriptor {
        try openFile(name, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode: 0o600)
    }

    /// Opens an entry that is there for reading and writing, as `openForReading` does.
    package func openForUpdate(_ name: FileName) throws(SystemCallError) -> FileDescriptor {
        try openFile(name, flags: O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY)
    }

    /// Opens an entry that is there for writing, of a FIFO only where somebody has it open for reading (`ENXIO`).
    package func openForWriting(_ name: FileName) throws(SystemCallError) -> FileDescriptor {
        try openFile(name, flags: O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY)
    }

    /// Makes a FIFO, for its owner alone (mkfifoat(3)).
    func makeFIFO(_ name: FileName) throws(SystemCallError) {
        _ = try systemCall("mkfifo", path(of: name)) {
            unsafe Int(name.withCString { unsafe mkfifoat(descriptor.number, $0, 0o600) })
        }
    }

    /// Sets the directory's own permission bits (fchmod(2)).
    func setMode(_ mode: UInt32) throws(SystemCallError) { try descriptor.setMode(mode, object: path) }

    /// Removes a file's name (unlinkat(2)).
    package func remove(_ name: FileName) throws(SystemCallError) {
        _ = try systemCall("unlink", path(of: name)) {
            unsafe Int(name.withCString { unsafe unlinkat(descriptor.number, $0, 0) })
        }
    }

    /// Removes an empty directory (unlinkat(2) with `AT_REMOVEDIR`).
    package func removeDirectory(_ name: FileName) throws(SystemCallError) {
        _ = try systemCall("rmdir", path(of: name)) {
            unsafe Int(name.withCString { unsafe unlinkat(descriptor.number, $0, AT_REMOVEDIR) })
        }
    }

    /// Creates a directory in this one (mkdirat(2)).
    package func makeDirectory(_ name: FileName, mode: UInt32) throws(SystemCallError) {
        _ = try systemCall("mkdir", path(of: name)) {
            unsafe Int(name.withCString { unsafe mkdirat(descriptor.number, $0, mode) })
        }
    }

    /// Gives an entry another name, here or in `other`, replacing what has that name (renameat(2)).
    package func rename(_ name: FileName, to newName: FileName, in other: Directory) throws(SystemCallError) {
        _ = try systemCall("rename", path(of: name)) {
            unsafe name.withCString { old in
                unsafe newName.withCString {
                    unsafe Int(renameat(descriptor.number, old, other.descriptor.number, $0))
                }
            }
        }
    }

    /// Gives an entry another name, here or in `other`, and fails with `EEXIST` when that name is taken
    /// (renameat2(2) with `RENAME_NOREPLACE`; linkat(2) and unlinkat(2) where the file system lacks it; where it lacks both,
    /// a look and renameat(2), beside a marker that others respect).
    package func renameWithoutReplacing(
        _ name: FileName, to newName: FileName, in other: Directory? = nil
    ) throws(SystemCallError) {
        let target = other ?? self
        do {
            _ = try systemCall("rename", target.path(of: newName)) {
                unsafe name.withCString { old in
                    unsafe newName.withCString {
                        // 1 is RENAME_NOREPLACE (linux/fs.h), which no header shows without _GNU_SOURCE.
                        unsafe Int(renameat2(descriptor.number, old, target.descriptor.number, $0, 1))
                    }
                }
            }
        } catch  where error.isUnsupported {
            do {
                try link(name, to: newName, in: target)
            } catch  where error.isWithoutLinks {
                return try CheckedRename(of: newName, in: target).run(from: name, in: self)
            }
            try remove(name)
        }
    }

    private func link(_ name: FileName, to newName: FileName, in target: Directory) throws(SystemCallError) {
        _ = try systemCall("link", target.path(of: newName)) {
            unsafe name.withCString { old in
                unsafe newName.withCString {
                    unsafe Int(linkat(descriptor.number, old, target.descriptor.number, $0, 0))
                }
            }
        }
    }

    /// Makes the names in it durable (fsync(2)).
    package func sync() throws(SystemCallError) {
        guard isUnlisted else { return try descriptor.sync(dataOnly: false, object: path) }
        // A descriptor that only stands for the path cannot be synced; one that could list can.
        let listed = try openFile(FileName("."), flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        try listed.sync(dataOnly: false, object: path)
    }

    /// Makes its own name durable, by a sync of its parent, as far as that may be opened and can be synced.
    package func syncName() {
        try? openDirectory(FileName("..")).sync()
    }

    /// Calls `body` with the name of every entry but `.` and `..`, in no order (getdents64(2)).
    ///
    /// Names that appear or go during the listing may or may not be among them. One listing at a time: they share the
    /// descriptor's position.
    package func forEachName(_ body: (borrowing Span<UInt8>) -> Void) throws(SystemCallError) {
        _ = try systemCall("lseek", path) { lseek(descriptor.number, 0, SEEK_SET) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.listingBytes, alignment: 8)
        defer { unsafe buffer.deallocate() }
        while true {
            let filled = try systemCall("getdents64", path) {
                unsafe getdents64(descriptor.number, buffer.baseAddress, buffer.count)
            }
            if filled == 0 { return }
            var offset = 0
            while offset < filled {
                // struct linux_dirent64: inode, offset (8 bytes each), record length (2), type (1), name with NUL.
                let length = unsafe Int(buffer.loadUnaligned(fromByteOffset: offset + 16, as: UInt16.self))
                let name = unsafe UnsafeRawBufferPointer(rebasing: buffer[(offset + 19)..<(offset + length)])
                let end = unsafe name.firstIndex(of: 0) ?? name.count
                let bytes = unsafe Span<UInt8>(_unsafeBytes: UnsafeRawBufferPointer(rebasing: name[..<end]))
                let isSelfOrParent = bytes[0] == UInt8(ascii: ".") && (end == 1 || (end == 2 && bytes[1] == bytes[0]))
                if !isSelfOrParent { body(bytes) }
                offset += length
            }
        }
    }

    /// Whether entries can be made and removed in it, as far as rights and the mount decide (faccessat(2)).
    ///
    /// - Throws: ``SystemCallError`` when they cannot.
    package func checkWritable() throws(SystemCallError) {
        _ = try systemCall("access", path) { unsafe Int(faccessat(descriptor.number, ".", W_OK | X_OK, 0)) }
    }

    /// What this user may still write to its file system (fstatvfs(3)).
    package func freeBytes() throws(SystemCallError) -> Int64 {
        var status = statvfs()
        _ = try systemCall("statvfs", path) { unsafe Int(fstatvfs(descriptor.number, &status)) }
        return Int64(
            clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }

    private static let listingBytes = 65_536

    private func openFile(_ name: FileName, flags: Int32, mode: UInt32 = 0) throws(SystemCallError) -> FileDescriptor {
        let number = try systemCall("open", path(of: name)) {
            unsafe Int(name.withCString { unsafe openat(descriptor.number, $0, flags, mode) })
        }
        return FileDescriptor(owning: Int32(number))
    }
}
