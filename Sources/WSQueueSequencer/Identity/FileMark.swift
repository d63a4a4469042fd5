package import WSQueueLog

/// What tells a file, beside its name, apart from others: its mtime, and where the name may be used again its bytes.
package struct FileMark: Equatable, Sendable {
    private let modifiedNanoseconds: Int64
    private let fingerprint: JournalRecord.Fingerprint?

    /// Makes a mark of its parts.
    package init(_ modifiedNanoseconds: Int64, _ fingerprint: JournalRecord.Fingerprint?) {
        self.modifiedNanoseconds = modifiedNanoseconds
        self.fingerprint = fingerprint
    }

    /// Reads a mark; `nil` where the text is none.
    package init?(_ text: String) {
        let numbers = text.split(separator: " ", omittingEmptySubsequences: false)
        guard let modified = Int64(numbers[0]) else { return nil }
        modifiedNanoseconds = modified
        switch numbers.count {
        case 1: fingerprint = nil
        case 3:
            guard let byteCount = UInt64(numbers[1]), let checksum = UInt32(numbers[2]) else { return nil }
            fingerprint = JournalRecord.Fingerprint(byteCount: byteCount, checksum: checksum)
        default: return nil
        }
    }

    /// The mark as a note has it: `<mtime>`, or `<mtime> <bytes> <CRC-32C>`.
    package var text: String {
        fingerprint.map { "\(modifiedNanoseconds) \($0.byteCount) \($0.checksum)" } ?? "\(modifiedNanoseconds)"
    }

    /// Whether both are of one file; servers before 0.2 note the mtime alone.
    package func matches(_ other: FileMark) -> Bool {
        modifiedNanoseconds == other.modifiedNanoseconds
            && (fingerprint == nil || other.fingerprint == nil || fingerprint == other.fingerprint)
    }
}
