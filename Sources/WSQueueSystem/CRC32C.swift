internal import CWSQueueLinux

/// CRC-32C, the Castagnoli checksum (RFC 3720, appendix B.4): finds what a disk or a power cut did to bytes. It proves
/// nothing against deliberate changes.
///
/// Processors have an instruction for it; where one has none, tables do the same.
package enum CRC32C {
    /// The checksum of `bytes`.
    package static func checksum(_ bytes: Span<UInt8>) -> UInt32 {
        hasInstruction
            ? ~(unsafe bytes.withUnsafeBytes { unsafe wsqueue_crc32c(.max, $0.baseAddress, $0.count) })
            : checksumByTables(bytes)
    }

    /// Whether this processor has the instruction.
    static let hasInstruction = wsqueue_has_crc32c() != 0

    /// The checksum of `bytes`, without the instruction.
    static func checksumByTables(_ bytes: Span<UInt8>) -> UInt32 {
        let tables = tables.span
        // Said here, the compiler need not check it at each step.
        precondition(tables.count == 4_096, "sixteen tables")
        var crc = UInt32.max
        var index = 0
        // Sixteen bytes a step through sixteen tables, of which each knows what a byte does that lies so many places
        // before the end of the step; only four of the lookups wait for the step before.
        while bytes.count - index >= 16 {
            let first = word(bytes, at: index) ^ UInt64(crc)
            let second = word(bytes, at: index + 8)
            crc =
                tables[0xF00 | Int(first & 0xFF)] ^ tables[0xE00 | Int(first >> 8 & 0xFF)]
                ^ tables[0xD00 | Int(first >> 16 & 0xFF)] ^ tables[0xC00 | Int(first >> 24 & 0xFF)]
                ^ tables[0xB00 | Int(first >> 32 & 0xFF)] ^ tables[0xA00 | Int(first >> 40 & 0xFF)]
                ^ tables[0x900 | Int(first >> 48 & 0xFF)] ^ tables[0x800 | Int(first >> 56)]
                ^ tables[0x700 | Int(second & 0xFF)] ^ tables[0x600 | Int(second >> 8 & 0xFF)]
                ^ tables[0x500 | Int(second >> 16 & 0xFF)] ^ tables[0x400 | Int(second >> 24 & 0xFF)]
                ^ tables[0x300 | Int(second >> 32 & 0xFF)] ^ tables[0x200 | Int(second >> 40 & 0xFF)]
                ^ tables[0x100 | Int(second >> 48 & 0xFF)] ^ tables[Int(second >> 56)]
            index += 16
        }
        while index < bytes.count {
            crc = tables[Int(UInt8(truncatingIfNeeded: crc) ^ bytes[index])] ^ crc >> 8
            index += 1
        }
        return ~crc
    }

    /// The eight bytes from `start` on as a number, the first one lowest.
    @inline(__always)
    private static func word(_ bytes: Span<UInt8>, at start: Int) -> UInt64 {
        let eight = bytes.extracting(start..<start + 8)
        return UInt64(littleEndian: unsafe eight.withUnsafeBytes { unsafe $0.loadUnaligned(as: UInt64.self) })
    }

    /// Sixteen tables of 256, one after the other.
    private static let tables: [UInt32] = {
        var tables: [UInt32] = []
        for byte in 0..<256 as Range<UInt32> {
            var crc = byte
            // The polynomial 0x1EDC6F41 with its bits in reverse.
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
            tables.append(crc)
        }
        for index in 256..<4_096 {
            let before = tables[index - 256]
            tables.append(tables[Int(before & 0xFF)] ^ before >> 8)
        }
        return tables
    }()
}
