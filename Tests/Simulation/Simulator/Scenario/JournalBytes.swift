import WSQueueLog

/// The format of the journal's files.
enum JournalBytes {
    static let header = 64

    static func record(in bytes: [UInt8], at offset: Int) -> JournalRecordText? {
        guard offset < bytes.count else { return nil }
        return JournalRecordText.decode(bytes.span, at: offset)
    }
}
