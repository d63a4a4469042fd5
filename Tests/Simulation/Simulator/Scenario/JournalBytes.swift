import WSQueueLog

/// The format of the journal's files.
enum JournalBytes {
    static let header = 64

    static func record(in bytes: [UInt8], at offset: Int) -> JournalRecordText? {
        guard offset < bytes.count else { return nil }
        return JournalRecordText.decode(bytes.span, at: offset)
    }

    /// Up to which number the events are gone, as the file says that is written before they go.
    static func trimmedEnd(in bytes: [UInt8], of epoch: String) -> UInt64? {
        let head = Array("wsqtrim2\(epoch)".utf8) + [0]
        guard bytes.starts(with: head), bytes.count >= head.count + 8 else { return nil }
        return bytes[head.count..<(head.count + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
