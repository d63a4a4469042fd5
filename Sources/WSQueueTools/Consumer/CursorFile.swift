internal import WSQueueArguments
package import WSQueueCommandLine
internal import WSQueueCore
package import WSQueueSystem

/// The file in which a durable consumer notes how far it has come, locked for as long as this value lives.
///
/// It is replaced as a whole, and what replaces it is on the disk before its name is: after any crash there is one cursor in
/// it, the newest that was written or the one before. The lock is a file of its own beside it, as the cursor's is another
/// one after each event.
package final class CursorFile {
    private let directory: Directory
    private let name: FileName
    private let lock: FileLock
    private var written: String?

    private static let limitBytes = 256
    private static let mode: UInt32 = 0o644

    private init(_ name: FileName, in directory: Directory, _ lock: consuming FileLock) throws(SystemCallError) {
        self.name = name
        self.directory = directory
        self.lock = lock
        // What a write has left that did not come to its end.
        do throws(SystemCallError) { try directory.remove(Self.draft(name)) } catch  where error.isNotFound {}
        written = try Self.read(name, in: directory)
        // A consumer that was killed may not have brought the name to the disk, and commands go on from here.
        if written != nil { try directory.sync() }
    }

    /// Locks the file at `path`, which need not be there yet, and reads it.
    ///
    /// - Throws: ``CommandError``: 75 when another process has it, 73 or 77 when it cannot be made, 65 when what is in it is
    ///   no cursor.
    package static func open(_ path: String) throws(CommandError) -> CursorFile {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let parent = slash.map { path[..<$0].isEmpty ? "/" : String(path[..<$0]) } ?? "."
        let base = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
        guard !base.isEmpty, base != ".", base != ".." else {
            throw CommandError(.usage, "--cursor-file \(path): that is a directory, and a file is wanted")
        }
        let file: CursorFile?
        do throws(SystemCallError) {
            file = try take(FileName(base), in: try Directory.open(parent))
        } catch {
            throw CommandError(error.isPermission ? .notPermitted : .cannotCreate, "--cursor-file: \(error)")
        }
        guard let file else { throw CommandError(.tryAgain, "--cursor-file \(path): another consumer has it") }
        if let cursor = file.cursor, Cursor.parse(cursor) == nil {
            throw CommandError(.badData, "--cursor-file \(path): no cursor is in it; remove it to begin anew")
        }
        return file
    }

    /// - Returns: `nil` where another process has the lock.
    private static func take(_ name: FileName, in directory: Directory) throws(SystemCallError) -> CursorFile? {
        let entries = OwnEntries(in: directory) { _ in }
        let attempt = try FileLock.take(name.appending(".lock"), in: directory, entries)
        switch consume attempt {
        case .taken(let lock): return try CursorFile(name, in: directory, lock)
        case .held: return nil
        }
    }

    /// The path beside which what belongs to it stands.
    package var path: String { directory.path(of: name) }

    /// The cursor in it; `nil` before the first.
    package var cursor: String? { written }

    /// Puts a cursor into it, and brings it to the disk.
    package func write(_ cursor: String) throws(SystemCallError) {
        guard cursor != written else { return }
        var file = try AtomicFile.create(Self.draft(name), in: directory, durability: .full)
        try file.append(Array("\(cursor)\n".utf8).span)
        try file.seal(mode: Self.mode)
        do {
            try file.reveal(as: name, replacing: true)
        } catch {
            throw error.cause
        }
        written = cursor
    }

    private static func draft(_ name: FileName) -> FileName { FileName(".\(name).new") }

    private static func read(_ name: FileName, in directory: Directory) throws(SystemCallError) -> String? {
        var bytes: [UInt8] = []
        do throws(SystemCallError) {
            let file = try directory.openForReading(name)
            try file.readAll(into: &bytes, limitBytes: limitBytes, object: directory.path(of: name))
        } catch  where error.isNotFound {
            return nil
        }
        return String(decoding: bytes.last == 0x0A ? bytes.dropLast() : bytes[...], as: UTF8.self)
    }
}
