/// Records that are to be written together, and what the journal knows by them.
struct JournalStage {
    private(set) var records: [UInt8] = []
    private(set) var identities: [UInt64] = []
    /// Whether any of them has a key.
    private(set) var hasKeys = false
    /// Whom the events are for.
    private(set) var audiences = HistoryMarks()
    /// The order number of the last record.
    private(set) var seq: UInt64 = 0

    /// More memory than this is not kept for the next records.
    private static let keptBytes = 1_048_576

    var isEmpty: Bool { records.isEmpty }
    var bytes: Int { records.count }

    mutating func add(_ record: JournalRecord, messageBytes: Int, _ fill: (inout OutputSpan<UInt8>) -> Void) {
        record.append(to: &records, messageBytes: messageBytes, fill)
        audiences.note(record)
        if !record.isForEveryone, record.parts.key != nil { hasKeys = true }
        seq = record.seq
    }

    /// Adds an event for everyone, of a line of a batch.
    mutating func addLine(
        _ id: Span<UInt8>, _ line: Span<UInt8>?, _ owner: EventOwner, seq: UInt64, unix: Int64, message: Span<UInt8>
    ) {
        JournalRecord.append(id, line, owner, seq: seq, unix: unix, message: message, to: &records)
        audiences.noteEveryone(seq)
        self.seq = seq
    }

    mutating func note(_ key: UInt64) { identities.append(key) }

    mutating func removeAll() {
        audiences = HistoryMarks()
        hasKeys = false
        records.removeAll(keepingCapacity: records.count <= Self.keptBytes)
        identities.removeAll(keepingCapacity: identities.count <= Self.keptBytes / 8)
    }
}
