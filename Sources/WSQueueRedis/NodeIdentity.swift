internal import WSQueueCore
package import WSQueueSystem

/// What tells this queue's server apart from others on the same Redis, over restarts: `.node` in the queue.
package struct NodeIdentity: Equatable, Sendable {
    /// 16 of `a–z 0–9`.
    package let text: String

    private static let name = FileName(".node")
    private static let count = 16

    /// Reads it, or makes one.
    ///
    /// - Parameter entries: Of the queue.
    package init(in queue: Directory, _ entries: OwnEntries) throws(SystemCallError) {
        let file = try entries.openFile(Self.name)
        let path = queue.path(of: Self.name)
        let bytes = try file.read(at: 0, count: Self.count, object: path)
        let isGood = bytes.count == Self.count && Cursor.parse((bytes + Array(":0".utf8)).span) != nil
        text = isGood ? String(decoding: bytes, as: UTF8.self) : RandomText.make(count: Self.count)
        if !isGood { try file.writeAll(Array("\(text)\n".utf8).span, at: 0, object: path) }
        // Also where it was there: a server may have made it and been killed before it could sync it.
        try file.sync(dataOnly: false, object: path)
        try? queue.sync()
    }
}
