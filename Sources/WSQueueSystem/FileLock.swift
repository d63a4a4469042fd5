internal import WSQueueLibc

/// One owner of something, for as long as it lives: an exclusive lock on a file (flock(2)).
///
/// The kernel drops the lock with the process, so there is no stale one. The process number in the file is for people.
package struct FileLock: ~Copyable {
    /// What trying gave.
    package enum Attempt: ~Copyable {
        /// The lock is ours.
        case taken(FileLock)
        /// Another process has it: its number, where it is the one that the file names.
        case held(by: Int32?)
    }

    private let descriptor: FileDescriptor

    /// Tries to take the lock `name` in `directory`, and writes the own process number into it.
    ///
    /// Whoever may open a file may lock it, so the file is its owner's alone. One that others may open may be locked by
    /// them, too: it is replaced, unless it is the lock of a process that may have it.
    ///
    /// - Parameters:
    ///   - entries: Of that directory.
    ///   - isPatient: Whether to try for two seconds where the process that took it is gone, and what that was starting may
    ///     have it for a moment.
    package static func take(
        _ name: FileName, in directory: Directory, _ entries: OwnEntries, isPatient: Bool = true
    ) throws(SystemCallError) -> Attempt {
        for _ in 0..<attempts {
            if let holder = foreignHolder(name, in: directory, entries) { return .held(by: holder) }
            let file = try entries.openFile(name, keepsMode: true)
            let path = directory.path(of: name)
            let status = try file.status(object: path)
            let isOpenToOthers = status.mode & 0o077 != 0
            if try !lock(file, status, path, isPatient: isPatient) {
                let holder = try namedHolder(file, status, path)
                guard isOpenToOthers, holder == nil, try !mayBeServer(file, status, path) else {
                    return .held(by: holder)
                }
            }
            // Another process may have replaced it meanwhile, or may have been about to.
            guard (try? directory.status(of: name))?.identity == status.identity else { continue }
            if isOpenToOthers {
                try directory.remove(name)
                continue
            }
            _ = try systemCall("ftruncate", path) { Int(ftruncate(file.number, 0)) }
            try file.writeAll(Array("\(getpid())\n".utf8).span, object: path)
            return .taken(FileLock(descriptor: file))
        }
        return .held(by: nil)
    }

    private static let attempts = 10
    /// How long what a killed process was starting may need until it begins.
    private static let patienceNanoseconds: Int64 = 2_000_000_000

    private init(descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// Tries for an instant, in which a process that is ending may let go of it; for longer where it is held by nobody.
    private static func lock(
        _ file: borrowing FileDescriptor, _ status: FileStatus, _ path: String, isPatient: Bool
    ) throws(SystemCallError) -> Bool {
        let begin = Clock.monotonicNanoseconds()
        var attempt = 1
        while true {
            if try lock(file, LOCK_EX, path) { return true }
            if attempt >= attempts {
                let waited = Clock.monotonicNanoseconds() - begin
                guard isPatient, waited < patienceNanoseconds, isOrphaned(status) else { return false }
                Clock.sleep(nanoseconds: 10_000_000)
            } else {
                attempt += 1
                Clock.pause()
            }
        }
    }

    /// Whether the process that took the lock is gone, as far as is to be seen.
    ///
    /// One that is killed while it starts another leaves the lock to that one until it executes its program, which closes
    /// the file (posix_spawn(3), O_CLOEXEC in open(2)). A loaded machine may let it wait.
    private static func isOrphaned(_ status: FileStatus) -> Bool {
        guard let holder = LockHolder.find(status) else { return true }
        return !Process.isRunning(holder.process) || Process.hasOpen(holder.process, status.identity) == false
    }

    private static func lock(
        _ file: borrowing FileDescriptor, _ kind: Int32, _ path: String
    ) throws(SystemCallError) -> Bool {
        do {
            _ = try systemCall("flock", path) { Int(flock(file.number, kind | LOCK_NB)) }
            return true
        } catch  where error.isWouldBlock {
            return false
        }
    }

    /// The process that the file names, if it has the file open, or may have.
    private static func namedHolder(
        _ file: borrowing FileDescriptor, _ status: FileStatus, _ path: String
    ) throws(SystemCallError) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = try file.read(into: &bytes, from: 0, object: path)
        let text = String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        guard let process = Int32(text), process > 0, Process.isRunning(process) else { return nil }
        // The number may be another process's by now, of which nothing is to be seen.
        if let holder = LockHolder.find(status), holder.process != process { return nil }
        return Process.hasOpen(process, status.identity) == false ? nil : process
    }

    /// The server of another user whom this directory's owner trusts, if it has locked a file of its own.
    private static func foreignHolder(_ name: FileName, in directory: Directory, _ entries: OwnEntries) -> Int32? {
        guard let status = try? directory.status(of: name), !entries.isOurs(status),
            status.owner == 0 || status.owner == (try? directory.status())?.owner,
            let holder = LockHolder.find(status)
        else { return nil }
        return holder.user.map { $0 == 0 || $0 == status.owner } ?? true ? holder.process : nil
    }

    /// Whether a lock on a file that others may open could be a server's: that has an exclusive one, and is no other user.
    private static func mayBeServer(
        _ file: borrowing FileDescriptor, _ status: FileStatus, _ path: String
    ) throws(SystemCallError) -> Bool {
        if try lock(file, LOCK_SH, path) {
            _ = try lock(file, LOCK_UN, path)
            return false
        }
        // Where the kernel does not tell, as of a process in another container, it could.
        guard let holder = LockHolder.find(status) else { return true }
        return holder.user == 0 || holder.user == Process.user
    }
}

/// A process that has locked a file, as the kernel tells everybody (proc_locks(5)).
struct LockHolder {
    let process: Int32
    /// Who runs it; `nil` where that is hidden, as other users' processes may be.
    let user: UInt32?

    /// The process that has a lock on a file; `nil` where there is none, or none that this process may know of.
    static func find(_ status: FileStatus) -> LockHolder? {
        guard let bytes = try? InputFile.open("/proc/locks").readAll(limitBytes: limitBytes) else { return nil }
        let device = (major: status.device >> 8 & 0xFFF, minor: status.device & 0xFF | status.device >> 12 & 0xFFF00)
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            // 1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF
            let words = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
            guard words.count > 5, words[1] == "FLOCK", let process = Int32(words[4]), process > 0 else { continue }
            let parts = words[5].split(separator: ":")
            guard parts.count == 3, UInt64(parts[0], radix: 16) == device.major,
                UInt64(parts[1], radix: 16) == device.minor, UInt64(parts[2]) == status.inode
            else { continue }
            return LockHolder(process: process, user: (try? Directory.status(at: "/proc/\(process)"))?.owner)
        }
        return nil
    }

    private static let limitBytes = 4 * 1_048_576
}
