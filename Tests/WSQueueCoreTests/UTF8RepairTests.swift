import Testing
import WSQueueCore

struct UTF8RepairTests {
    /// What String does is what The Unicode Standard recommends, and what browsers do.
    @Test(
        arguments: [
            [0x63, 0xE9], [0xFF, 0xFE], [0xE2, 0x82], [0xE2, 0x82, 0x41], [0xF0, 0x80, 0x80, 0x41], [0xED, 0xA0, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xC3, 0xA9, 0xC3], [0x80, 0x80, 0xC3, 0xA9], [0xF0, 0x9F, 0x98],
        ] as [[UInt8]])
    func `each longest beginning of a character becomes one U+FFFD`(bytes: [UInt8]) throws {
        let found = UTF8Repair.repair(bytes.span)
        let repaired = try #require(found)
        let expected = String(decoding: bytes, as: UTF8.self)
        #expect(String(decoding: repaired.text, as: UTF8.self) == expected)
        #expect(repaired.replacements == expected.unicodeScalars.count { $0 == "\u{FFFD}" })
    }

    @Test(arguments: ["", "a", "é😀", "\u{FFFD}"])
    func `what is UTF-8 is left alone`(text: String) {
        let bytes = Array(text.utf8)
        let repaired = UTF8Repair.repair(bytes.span)
        #expect(repaired == nil)
    }

    @Test func `any bytes become text`() {
        var random = RandomJSON(seed: 9)
        let text = Array("é😀\u{800}\u{FFFF}a".utf8)
        for _ in 0..<5_000 {
            let bytes = random.mutation(of: text)
            let repaired = UTF8Repair.repair(bytes.span)?.text ?? bytes
            #expect(String(decoding: repaired, as: UTF8.self) == String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test(
        arguments: [
            ([], 0), ([0x41], 0), ([0xC3], 1), ([0xC3, 0xA9], 0), ([0x41, 0xE2, 0x82], 2), ([0xF0, 0x9F, 0x98], 3),
            ([0xF0, 0x9F, 0x98, 0x80], 0), ([0x80, 0x80, 0x80], 0), ([0xFF], 0), ([0xC0], 0), ([0xE2, 0x41], 0),
            ([0xED, 0xA0], 0), ([0xE9, 0x80, 0xE9], 1),
        ] as [([UInt8], Int)])
    func `the beginning of a character that may still end is known`(bytes: [UInt8], count: Int) {
        let found = UTF8Repair.openCount(bytes.span)
        #expect(found == count)
    }

    @Test(
        arguments: [([0x41], 0), ([0x80, 0x41], 1), ([0x82, 0xAC, 0x41], 2), ([0x80, 0x80, 0x80, 0x80], 3), ([], 0)]
            as [([UInt8], Int)])
    func `the rest of a character that was cut is known`(bytes: [UInt8], count: Int) {
        let found = UTF8Repair.strayCount(bytes.span)
        #expect(found == count)
    }
}
