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

    /// Nanoseconds of a moment in November 2026.
    private static let now: Int64 = 1_795_231_806_000_000_000
    private static let year = SpoolName.spanNanoseconds

    private func time(_ name: String, modified: Int64 = now) -> Int64 {
        let bytes = Array(name.utf8)
        return SpoolName(bytes.span).order(of: bytes.span, modifiedNanoseconds: modified).nanoseconds
    }

    @Test(
        arguments: [
            ("1795231806123456789-1-1-1.json", 1_795_231_806_123_456_789), ("1795231806123456789-x.json", nil),
            ("0000000005000000000-1-1-0.json", 5_000_000_000), ("9223372036854775806-1.json", .max - 1),
            ("1795231805.9058_6b01103ddd22e.json", 1_795_231_805_905_800_000),
            ("1795231805.91_6b01103dde297.json", 1_795_231_805_910_000_000),
            ("1795231806_6b01103df423b.json", Self.now), ("0000000001_6b01103df423b.json", 1_000_000_000),
            ("1795231806_6b01103df423b1.23456789.jsonl", Self.now),
        ] as [(String, Int64?)])
    func `a name of our contract or of the PHP original says its time for certain`(name: String, time: Int64?) {
        let read = SpoolName(Array(name.utf8).span)
        #expect(read.timeNanoseconds == time ?? 1_795_231_806_123_456_789)
        #expect(read.isUsedOnce)
        // The file is not asked.
        #expect(self.time(name, modified: 1) == time ?? 1_795_231_806_123_456_789)
    }

    @Test(
        arguments: [
            ("1795231806.json", 0), ("1795231806.5.json", 500_000_000), ("1795231806-1.json", 0),
            ("1795231806123-1.json", 123_000_000), ("1795231806123456-1.json", 123_456_000),
            ("1795231806123456789_1.json", 123_456_789), ("1795231806123.25_a.json", 123_250_000),
            ("1795231806.123456789123_a.json", 123_456_789), ("1795231806_in_place.jsonl", 0), ("1795231806 x.json", 0),
            ("at-1795231806123-x.json", 123_000_000),
        ] as [(String, Int64)])
    func `any other number in front is a time where it is near the file's own`(name: String, after: Int64) {
        #expect(time(name, modified: Self.now + 77) == Self.now + after)
        #expect(time(name, modified: Self.now + after + Self.year) == Self.now + after)
        #expect(time(name, modified: Self.now + after + Self.year + 1) == Self.now + after + Self.year + 1)
        #expect(time(name, modified: 0) == 0)
        let read = SpoolName(Array(name.utf8).span)
        #expect(read.timeNanoseconds == nil)
        #expect(!read.isUsedOnce)
    }

    @Test(arguments: [
        "order.json", "-5.json", "+5.json", ".5.json", "9999999999999999999-1.json", "10000000000000000000.json",
        String(repeating: "1", count: 40) + ".json", String(repeating: "0", count: 20) + ".json", "\u{0661}.json",
        "9f1c2b34-5d6e-4f70-8a91-b2c3d4e5f607.json", "550e8400-e29b-41d4-a716-446655440000.json", "671e5a9fc31d2.json",
        "01JD8ZQXW0V2G5.json", "2026-11-21T080000.json", "20261121080000.json", "7.json", "0.json", "99999999999.json",
        "1795231806a.json", "1795231806é.json", "1795231806.5a.json", "1795231806x-1.json", "179523180612345678x.json",
    ])
    func `a name without a usable number takes the time of its file`(name: String) {
        let bytes = Array(name.utf8)
        let order = SpoolName(bytes.span).order(of: bytes.span, modifiedNanoseconds: Self.now)
        #expect(order.nanoseconds == Self.now)
        #expect(order.restStart == 0)
        #expect(!order.isNamed)
        #expect(SpoolName(bytes.span).timeNanoseconds == nil)
    }

    @Test(arguments: ["at-1795231806123456789-1-1-1.json", "at-1795231806_6b01103df423b.json", "at-1795231806.json"])
    func `what waits for its time waits a year after its file's at the longest`(name: String) {
        let named = time(name)
        #expect(named / 1_000_000_000 == 1_795_231_806)
        let old = Self.now - 2 * Self.year
        #expect(time(name, modified: old) == (name.contains("6.") ? old : old + Self.year))
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
        ("5.5_a.json", "5.50_b.json"), ("5.5_a.json", "5.5_b.json"), ("5.5_aaaaaaaab.json", "5.5_aaaaaaaac.json"),
        ("5.50_a.json", "5.5_a.json"), ("5.5.json", "5.5_.json"), ("5-99999999.json", "5-999999990.json"),
        ("b.json", "c.json"),
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
            let stem = String((0..<length).map { _ in alphabet[Int.random(in: alphabet.indices, using: &generator)] })
            return "\(stem).json"
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
        let order = SpoolName(first.span).order(of: first.span, modifiedNanoseconds: 5_000_000_000)
        let other = SpoolName(second.span).order(of: second.span, modifiedNanoseconds: 5_000_000_000)
        return order.precedes(other, name: first.span, otherName: second.span)
    }
}
