internal import Glibc

/// One owner of something, for as long as it lives: an exclusive lock on a file (flock(2)).
///
/// The kernel drops the lock with the process, so there is no stale one. The process number in the file is for people.
package struct FileLock: ~Copyable {
    /// What trying gave.
    package enum Attempt: ~Copyable {
        /// The lock is ours.
        case taken(FileLock)
        /// Another process has it: its number, if it has written one.
        case held(by: Int32?)
    }

    private let descriptor: FileDescriptor

    /// Tries to take the lock `name` in `directory`, and writes the own process number into it.
    ///
    /// The file is created where it is missing, readable for all so that others can tell who holds it, and it is never
    /// removed: two processes could then lock two files of one name.
    package static func take(_ name: FileName, in directory: Directory) throws(SystemCallError) -> Attempt {
        let path = directory.path(of: name)
        let descriptor = try directory.openOrCreateFile(name, mode: 0o644)
        var attempt = 1
        while true {
            do {
                _ = try systemCall("flock", path) { Int(flock(descriptor.number, LOCK_EX | LOCK_NB)) }
                break
            } catch  where error.isWouldBlock {
                guard attempt < Self.attempts else { return .held(by: try holder(descriptor, path)) }
            }
            // Somebody may only be looking (`isHeld`), which takes microseconds.
            attempt += 1
            Clock.pause()
        }
        _ = try systemCall("ftruncate", path) { Int(ftruncate(descriptor.number, 0)) }
        try descriptor.writeAll(Array("\(getpid())\n".utf8).span, object: path)
        return .taken(FileLock(descriptor: descriptor))
    }

    /// Whether some process holds the lock `name` in `directory`. Asking takes a shared lock for an instant.
    ///
    /// - Returns: `nil` when this user may not know.
    package static func isHeld(_ name: FileName, in directory: Directory) -> Bool? {
        do {
            let descriptor = try directory.openForReading(name)
            _ = try systemCall("flock", name.description) { Int(flock(descriptor.number, LOCK_SH | LOCK_NB)) }
            return false
        } catch {
            if error.isNotFound { return false }
            return error.isWouldBlock ? true : nil
        }
    }

    private static let attempts = 10

    private init(descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    private static func holder(
        _ descriptor: borrowing FileDescriptor, _ path: String
    ) throws(SystemCallError) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = try descriptor.read(into: &bytes, from: 0, object: path)
        return Int32(String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
