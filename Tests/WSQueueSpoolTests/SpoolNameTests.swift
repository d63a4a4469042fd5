import Foundation
import Testing
import WSQueueSpool

struct SpoolNameTests {
    @Test(arguments: [
        ("a.json", SpoolName.Kind.event, 1), ("a.jsonl", .batch, 1), (".a.json", .hidden, 7), (".json", .hidden, 5),
        (".", .hidden, 1), ("", .hidden, 0), ("json", .other, 4), ("a.json.tmp", .other, 10), ("a.JSON", .other, 6),
        ("a.jsonll", .other, 8), ("ajson", .other, 5), ("x.jsonl.json", .event, 7), ("..json", .hidden, 6),
    ])
    func `a name's suffix and its first byte tell its kind`(name: String, kind: SpoolName.Kind, stem: Int) {
        let read = SpoolName(Array(name.utf8).span)
        #expect(read.kind == kind)
        #expect(read.stemCount == stem)
    }

    @Test(
        arguments: [
            ("1795231805.9058_6b.json", 1_795_231_805_905_800_000),
            ("1795231805.91_6b.json", 1_795_231_805_910_000_000),
            ("1795231806_6b.json", 1_795_231_806_000_000_000),
            ("1795231806.json", 1_795_231_806_000_000_000),
            ("1795231806.5.json", 1_795_231_806_500_000_000),
            ("1795231806123-1.json", 1_795_231_806_123_000_000),
            ("1795231806123456-1.json", 1_795_231_806_123_456_000),
            ("946684800123456789-1.json", 946_684_800_123_456_789),
            ("1795231806123456789-1-1-1.json", 1_795_231_806_123_456_789),
            ("1795231805.123456789123_a.json", 1_795_231_805_123_456_789),
            ("1795231806123.25_a.json", 1_795_231_806_123_250_000),
            ("0000000005000000000-1-1-0.json", 5_000_000_000),
            ("7.json", 7_000_000_000), ("0.json", 0), ("99999999999.json", nil),
        ] as [(String, Int64?)])
    func `the leading number is a time whose unit its length tells`(name: String, time: Int64?) {
        #expect(SpoolName(Array(name.utf8).span).timeNanoseconds == time)
    }

    @Test(arguments: [
        "order.json", "", "-5.json", "+5.json", ".5.json", "9999999999999999999-1.json", "10000000000000000000.json",
        String(repeating: "1", count: 40) + ".json", String(repeating: "0", count: 20), "\u{0661}.json",
    ])
    func `a name without a usable number takes the time of its file`(name: String) {
        let read = SpoolName(Array(name.utf8).span)
        #expect(read.timeNanoseconds == nil)
        #expect(read.restStart == 0)
        #expect(read.order(modifiedNanoseconds: 77).nanoseconds == 77)
    }

    @Test func `the files of the PHP original sort by time and not as text`() throws {
        let folder = try #require(Bundle.module.resourceURL).appending(path: "Corpora/php-queue-files")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }
        let events = try names.sorted { isBefore($0, $1) }.map { name in
            let event = try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appending(path: name)))
            return try #require((event as? [String: Any])?["event"] as? String)
        }
        #expect(
            events == [
                "appointment_created", "order_status_changed", "user_logged_out", "notification", "new_message",
            ])
    }

    @Test(arguments: [
        ("1.5_a.json", "1.50_b.json"), ("1.5_a", "1.5_b"), ("1.5_aaaaaaaab", "1.5_aaaaaaaac"), ("1.50_a", "1.5_a"),
        ("1.5", "1.5_"), ("1-99999999a", "1-99999999aa"), ("9.json", "10.json"),
    ])
    func `equal times are ordered by the rest of the name as bytes`(first: String, second: String) {
        #expect(isBefore(first, second))
        #expect(!isBefore(second, first))
        #expect(!isBefore(first, first))
    }

    @Test func `bytes that are no text are ordered like any others`() {
        let (low, high): ([UInt8], [UInt8]) = ([0x31, 0x2D, 0x7F], [0x31, 0x2D, 0xFF, 0xC0])
        #expect(SpoolName(high.span).kind == .other)
        #expect(isBefore(low, high) && !isBefore(high, low))
    }

    @Test func `the order is total on names drawn from a small alphabet`() {
        var generator = SeededGenerator(seed: 11)
        let alphabet = Array("0123456789.._-aj")
        let names = (0..<60).map { _ in
            let length = Int.random(in: 0...9, using: &generator)
            return String((0..<length).map { _ in alphabet[Int.random(in: alphabet.indices, using: &generator)] })
        }
        for first in names {
            for second in names where first != second {
                #expect(isBefore(first, second) != isBefore(second, first), "\(first) \(second)")
                for third in names where isBefore(first, second) && isBefore(second, third) {
                    #expect(isBefore(first, third), "\(first) \(second) \(third)")
                }
            }
        }
    }

    private func isBefore(_ first: String, _ second: String) -> Bool { isBefore(Array(first.utf8), Array(second.utf8)) }

    private func isBefore(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        let order = SpoolName(first.span).order(modifiedNanoseconds: 5)
        let other = SpoolName(second.span).order(modifiedNanoseconds: 5)
        return order.precedes(other, name: first.span, otherName: second.span)
    }
}
