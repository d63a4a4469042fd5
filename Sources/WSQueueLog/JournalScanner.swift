internal import WSQueueSystem

/// Finds records in bytes without looking into them.
enum JournalScanner {
    /// What stands at a place.
    enum Finding: Equatable {
        /// A record that ends there.
        case record(end: Int)
        /// The beginning of a record, with how many bytes it needs in all, or at least.
        case cut(neededBytes: Int)
        /// No record.
        case damaged
    }

    /// Looks at what begins at `start`, without its checksum.
    static func look(_ bytes: Span<UInt8>, at start: Int) -> Finding {
        let count = bytes.count - start
        guard count >= JournalRecord.prefixBytes else { return .cut(neededBytes: JournalRecord.fixedBytes) }
        let length = Int(bytes.littleEndian(4, at: start))
        guard length >= JournalRecord.fixedBytes - JournalRecord.prefixBytes else { return .damaged }
        let needed = JournalRecord.prefixBytes + length
        return count >= needed ? .record(end: start + needed) : .cut(neededBytes: needed)
    }

    /// The end of a whole record whose checksum is right.
    static func soundEnd(of bytes: Span<UInt8>, at start: Int) -> Int? {
        guard case .record(let end) = look(bytes, at: start) else { return nil }
        let checksum = CRC32C.checksum(bytes.extracting((start + JournalRecord.prefixBytes)..<end))
        return UInt64(checksum) == bytes.littleEndian(4, at: start + 4) ? end : nil
    }

    /// The order number of the record that begins at `start`.
    static func seq(_ bytes: Span<UInt8>, at start: Int) -> UInt64 {
        bytes.littleEndian(8, at: start + JournalRecord.prefixBytes)
    }

    /// When the event of the record that begins at `start` got its number, Unix nanoseconds.
    static func unixNanoseconds(_ bytes: Span<UInt8>, at start: Int) -> Int64 {
        Int64(bitPattern: bytes.littleEndian(8, at: start + JournalRecord.prefixBytes + 8))
    }

    /// How many of the bytes are whole records.
    static func wholeBytes(_ bytes: Span<UInt8>) -> Int {
        var position = 0
        while case .record(let end) = look(bytes, at: position) { position = end }
        return position
    }
}
