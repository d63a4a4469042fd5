import Foundation
import Testing

@testable import WSQueueSystem

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

    @Test func `the processor and the tables agree, whatever the length and wherever the bytes lie`() {
        var bytes: [UInt8] = []
        for index in 0..<340 { bytes.append(UInt8(truncatingIfNeeded: index &* 167 ^ index >> 3)) }
        for start in 0..<17 {
            for count in 0...(bytes.count - start) {
                let part = bytes.span.extracting(start..<start + count)
                #expect(CRC32C.checksum(part) == CRC32C.checksumByTables(part))
            }
        }
    }

    @Test func `the tables know the known messages too`() {
        for (message, checksum) in Self.known { #expect(CRC32C.checksumByTables(message.span) == checksum) }
    }

    @Test func `the instruction is used where the kernel lists it`() throws {
        let text = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
        let words = Set(text.split(whereSeparator: \.isWhitespace))
        #expect(CRC32C.hasInstruction == (words.contains("sse4_2") || words.contains("crc32")))
    }
}
