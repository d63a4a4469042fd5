internal import WSQueueCore
internal import WSQueueSystem

/// The file beside the segments that says for whom events were that are gone.
///
/// It is made anew before a segment goes, so that a server that is killed in between finds at its start what both say. It
/// is not brought to the disk: where a power cut leaves an older one, everything that it does not know of is gone for
/// everyone.
enum TrimmedFile {
    private static let name = FileName("trimmed")
    private static let draft = FileName("trimmed.new")
    private static let title = Array("wsqtrim1".utf8)
    private static let limitBytes = 64 * 1_048_576

    /// Reads what is there of this numbering; `nil` where that is nothing, or not what was written.
    static func read(in directory: Directory, epoch: String) -> HistoryMarks? {
        var bytes: [UInt8] = []
        guard let file = try? directory.openForReading(name),
            (try? file.readAll(into: &bytes, expectedBytes: 4_096, limitBytes: limitBytes, object: "trimmed")) != nil
        else { return nil }
        let head = title + Array(epoch.utf8) + [0]
        guard bytes.count >= head.count + 4, bytes.starts(with: head) else { return nil }
        let body = head.count..<(bytes.count - 4)
        let checksum = bytes.span.littleEndian(4, at: body.upperBound)
        guard UInt64(CRC32C.checksum(bytes.span.extracting(body))) == checksum else { return nil }
        return HistoryMarks(bytes.span.extracting(body))
    }

    /// Puts it in the place of what is there.
    static func write(_ marks: HistoryMarks, epoch: String, in directory: Directory) throws(SystemCallError) {
        let body = marks.bytes
        var bytes = title + Array(epoch.utf8) + [0] + body
        bytes.append(number: UInt64(CRC32C.checksum(body.span)), bytes: 4)
        try remove(draft, in: directory)
        let file = try directory.openOrCreateFile(draft, mode: 0o600)
        try file.writeAll(bytes.span, at: 0, object: directory.path(of: draft))
        try directory.rename(draft, to: name, in: directory)
    }

    /// Removes it, where another numbering begins.
    static func remove(in directory: Directory) { try? remove(name, in: directory) }

    private static func remove(_ name: FileName, in directory: Directory) throws(SystemCallError) {
        do {
            try directory.remove(name)
        } catch  where error.isNotFound {
            return
        }
    }
}
