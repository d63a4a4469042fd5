import Testing
import WSQueueWire

@testable import WSQueueSequencer

struct StreamEntryTests {
    private static func entry(_ id: String, _ fields: RESPValue...) -> StreamEntry? {
        StreamEntry(.list([.text(id), .list(fields)]))
    }

    @Test func `an entry is its event, its id and its times`() throws {
        let entry = try #require(
            Self.entry(
                "0-12", .text("e"), .text("event"), .text("i"), .text("file/3"), .text("t"), .text("7 8 1"),
                .text("o"), .text("www-data"), .text("p"), .text("told"), .text("unknown"), .text("x"), .text("z"),
                .text("x")))
        #expect(entry.seq == 12)
        #expect(entry.event == Array("event".utf8))
        #expect(entry.id == Array("file/3".utf8))
        #expect((entry.nanoseconds, entry.stamp) == (7, 8))
        #expect(entry.isLine)
        #expect(entry.owner == Array("www-data".utf8))
        #expect(entry.told == Array("told".utf8))
        #expect(entry.byteCount == 5 + 6 + 128)
    }

    @Test func `an event alone is enough`() throws {
        let entry = try #require(Self.entry("0-12", .text("e"), .text("event")))
        #expect(entry.id == Array("stream-12".utf8))
        #expect((entry.nanoseconds, entry.stamp) == (0, 0))
        #expect(!entry.isLine)
        #expect(entry.told == nil && entry.owner == nil)
        #expect(Self.entry("0-1")?.event == [])
    }

    @Test(arguments: [("5", 5, 0, false), ("5 6", 5, 6, false), ("5 6 0", 5, 6, false), ("x y 2", 0, 0, false)])
    func `times that are missing, or none, are zero`(text: String, nanoseconds: Int64, stamp: Int64, isLine: Bool) {
        let entry = Self.entry("0-1", .text("t"), .text(text))
        #expect(entry?.nanoseconds == nanoseconds)
        #expect(entry?.stamp == stamp)
        #expect(entry?.isLine == isLine)
    }

    @Test(arguments: ["1-2", "0-", "0-x", "", "0", "0-18446744073709551616"])
    func `an id that is not ours is no number`(id: String) {
        #expect(StreamEntry.seq(id) == nil)
        #expect(Self.entry(id, .text("e"), .text("x")) == nil)
    }

    @Test func `what is no entry is none`() {
        #expect(StreamEntry(.list([.text("0-1")])) == nil)
        #expect(StreamEntry(.text("0-1")) == nil)
        #expect(StreamEntry(.list([.integer(1), .list([])])) == nil)
        // A field without a value, and one that is no text.
        #expect(Self.entry("0-1", .text("e"), .integer(1), .text("e"))?.event == [])
    }
}
