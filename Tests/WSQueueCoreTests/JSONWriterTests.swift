import Foundation
import Testing
import WSQueueCore

struct JSONWriterTests {
    @Test(arguments: [
        ("", "\"\""), ("a/b", "\"a/b\""), ("\"\\", "\"\\\"\\\\\""), ("\u{8}\t\n\u{C}\r", "\"\\b\\t\\n\\f\\r\""),
        ("\u{0}\u{1F}\u{7F}", "\"\\u0000\\u001f\u{7F}\""), ("✓ \u{1F600} é", "\"✓ \u{1F600} é\""),
        ("\r\n", "\"\\r\\n\""), ("e\u{301}", "\"e\u{301}\""),
    ])
    func `only what must be escaped is`(text: String, json: String) {
        #expect(string { JSONWriter.write(text, into: &$0) } == json)
    }

    @Test func `every string of the naughty list reads back as it was`() throws {
        let file = try Data(Corpus.bytes("naughty-strings/blns.json"))
        let texts = try #require(try JSONSerialization.jsonObject(with: file) as? [String])
        #expect(texts.count > 400)
        for text in texts {
            let json = string { JSONWriter.write(text, into: &$0) }
            #expect(throws: Never.self) { try JSONScanner.validate(Array(json.utf8).span) }
            let read = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed) as? String
            #expect(read.map { Array($0.utf8) } == Array(text.utf8))
        }
    }

    @Test(arguments: [0, 7, -7, 10, 1_000_000, Int64.max, Int64.min] as [Int64])
    func `integers are written in full`(number: Int64) {
        #expect(string { JSONWriter.write(number, into: &$0) } == "\(number)")
    }

    @Test(
        arguments: [
            (0, "0"), (1, "0.000001"), (1_729_000_000_123_456, "1729000000.123456"),
            (1_729_000_000_000_000, "1729000000"),
            (1_500_000, "1.500000"), (-1_500_000, "-1.500000"), (Int64.max, "9223372036854.775807"),
            (Int64.min, "-9223372036854.775808"),
        ] as [(Int64, String)])
    func `seconds keep every microsecond`(microseconds: Int64, text: String) {
        #expect(string { JSONWriter.write(secondsOf: microseconds, into: &$0) } == text)
    }

    @Test func `bytes are written as a text is`() {
        #expect(string { JSONWriter.write(Array("a\"b".utf8), into: &$0) } == "\"a\\\"b\"")
    }

    private func string(_ write: (inout [UInt8]) -> Void) -> String {
        var bytes: [UInt8] = []
        write(&bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
