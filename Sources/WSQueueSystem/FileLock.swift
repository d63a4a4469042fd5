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
        do {
            _ = try systemCall("flock", path) { Int(flock(descriptor.number, LOCK_EX | LOCK_NB)) }
        } catch  where error.isWouldBlock {
            return .held(by: try holder(descriptor, path))
        }
        _ = try systemCall("ftruncate", path) { Int(ftruncate(descriptor.number, 0)) }
        try descriptor.writeAll(Array("\(getpid())\n".utf8).span, object: path)
        return .taken(FileLock(descriptor: descriptor))
    }

    private init(descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    private static func holder(
        _ descriptor: borrowing FileDescriptor, _ path: String
    ) throws(SystemCallError) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = try descriptor.read(into: &bytes, from: 0, object: path)
        return Int32(String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
