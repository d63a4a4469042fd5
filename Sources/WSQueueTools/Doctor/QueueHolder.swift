internal import WSQueueOperation
package import WSQueueSystem

/// The server that holds a queue, if one does.
package struct QueueHolder: Sendable {
    /// Whether some process has the lock; `nil` when this user may not know.
    package let isHeld: Bool?
    /// Its number, as it has written it.
    package let process: Int32?
    /// Who it runs as.
    package let account: Account?

    /// Makes a holder of what is known of it.
    package init(isHeld: Bool?, process: Int32?, account: Account?) {
        self.isHeld = isHeld
        self.process = process
        self.account = account
    }

    static func of(_ path: String) -> QueueHolder {
        let lock = FileName(".lock")
        guard let directory = try? Directory.openUnlisted(path), let isHeld = FileLock.isHeld(lock, in: directory)
        else { return QueueHolder(isHeld: nil, process: nil, account: nil) }
        guard isHeld, let file = try? directory.openForReading(lock) else {
            return QueueHolder(isHeld: isHeld, process: nil, account: nil)
        }
        var bytes: [UInt8] = []
        try? file.readAll(into: &bytes, expectedBytes: 16, limitBytes: 16, object: path)
        let process = Int32(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
        return QueueHolder(isHeld: true, process: process, account: process.flatMap(Account.running))
    }
}
