import Testing
import WSQueueCore

struct CRC32CTests {
    // RFC 3720, appendix B.4, and the check value that catalogues of checksums give.
    static let known: [([UInt8], UInt32)] = [
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
        ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        (Array(0..<32), 0x46DD_794E),
        (Array((0..<32).reversed()), 0x113F_DB5C),
        (Array("123456789".utf8), 0xE306_9283),
        ([], 0),
    ]

    @Test(arguments: known)
    func `known messages have their known checksums`(message: [UInt8], checksum: UInt32) {
        #expect(CRC32C.checksum(message.span) == checksum)
    }

    @Test func `messages of any length agree with the definition`() {
        let bytes = (0..<70).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
        for count in bytes.indices {
            let message = Array(bytes[..<count])
            var crc = UInt32.max
            for byte in message {
                crc ^= UInt32(byte)
                for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
            }
            #expect(CRC32C.checksum(message.span) == ~crc)
        }
    }
}
