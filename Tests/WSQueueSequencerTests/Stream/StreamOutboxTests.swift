import Testing
import WSQueueLog
import WSQueueSpool
import WSQueueSystem
import WSQueueWire

@testable import WSQueueSequencer

struct StreamOutboxTests {
    /// In an object, so that it can be asked within an expectation.
    private final class Box {
        var outbox = StreamOutbox(stream: "s", state: "{s}:state", limits: KeptLimits(), process: "me")

        func add(_ text: String) throws { outbox.add(try StreamOutboxTests.event(text), Array(text.utf8).span) }
        func take() -> StreamBatch? { outbox.take() }
    }

    private let box = Box()

    fileprivate static func event(_ text: String) throws -> SpooledEvent {
        let entry = try #require(
            StreamEntry(
                .list([
                    .text("0-1"),
                    .list([.text("i"), .text("file/2"), .text("t"), .text("7 8 1"), .text("o"), .text("me")]),
                ])))
        return SpooledEvent(text: try EventFile.decode(Array(text.utf8).span), entry: entry)
    }

    @Test func `an event is one XADD with its id and its times`() throws {
        #expect(box.outbox.isEmpty)
        #expect(box.take() == nil)
        try box.add("{\"event\":\"e\"}")
        #expect(!box.outbox.isEmpty)
        let batch = try #require(box.take())
        var commands = RedisCommands()
        commands.add(batch.commands, count: batch.count)
        #expect(
            commands.words == [
                [
                    "XADD", "s", "0-*", "e", "{\"event\":\"e\"}", "i", "file/2", "t", "7 8 1",
                    "o", "me",
                ]
            ])
        #expect(batch.number == 1)
    }

    @Test func `an event with a key is a script that makes it the state of its channels`() throws {
        try box.add("{\"event\":\"e\",\"key\":\"k\",\"channels\":[\"a\",\"b\"],\"expires_at\":7}")
        try box.add("{\"event\":\"e\",\"key\":\"k\",\"clear\":true}")
        let batch = try #require(box.take())
        var commands = RedisCommands()
        commands.add(batch.commands, count: batch.count)
        let words = commands.words
        let name = StreamScripts.name(StreamScripts.append)
        #expect(name.count == 40 && name.allSatisfy(\.isHexDigit))
        // Redis may have forgotten it: the first of a transaction brings it.
        #expect(words[0].prefix(5) == ["EVAL", StreamScripts.append, "2", "s", "{s}:state"])
        #expect(words[1].prefix(5) == ["EVALSHA", name, "2", "s", "{s}:state"])
        #expect(words[0][7...8] == ["0", "7000000"] && words[1][7...8] == ["1", "0"])
        #expect(words[0][10...] == ["file/2", "7 8 1", "me", "a\0k", "b\0k"])
        #expect(words[1].last == "\0k")
        box.outbox.finish()
        try box.add("{\"event\":\"e\",\"key\":\"k\"}")
        let next = try #require(box.take())
        var others = RedisCommands()
        others.add(next.commands, count: next.count)
        #expect(others.words[0][0] == "EVAL")
    }

    @Test func `one transaction is under way at a time, and each note is another one`() throws {
        try box.add("{\"event\":\"a\"}")
        let first = try #require(box.take())
        try box.add("{\"event\":\"b\"}")
        #expect(box.outbox.number == 2)
        #expect(box.take() == nil)
        #expect(!box.outbox.isEmpty)
        box.outbox.finish()
        let second = try #require(box.take())
        #expect(second.number == 2)
        #expect(first.sent != second.sent)
        #expect(!box.outbox.isEmpty)
        box.outbox.finish()
        #expect(box.outbox.isEmpty)
    }

    @Test func `a note names the files, and when they were changed`() throws {
        let mark = FileMark(5, JournalRecord.Fingerprint([1, 2].span))
        let name = FileName("status.json")
        box.outbox.add(name, mark)
        #expect(box.take() == nil, "a file without an event is in no transaction")
        try box.add("{\"event\":\"a\"}")
        let batch = try #require(box.take())
        #expect(StreamOutbox.files(in: batch.sent) == [Array(name.bytes): mark])
        box.outbox.finish()
        try box.add("{\"event\":\"b\"}")
        #expect(StreamOutbox.files(in: try #require(box.take()).sent) == [:])
    }

    @Test func `a mark is read as it was written, and one without bytes matches any`() {
        let marks = [FileMark(-5, nil), FileMark(-5, JournalRecord.Fingerprint([1].span))]
        for mark in marks { #expect(FileMark(mark.text) == mark) }
        #expect(marks[0].text == "-5")
        #expect(marks[0].matches(marks[1]) && marks[1].matches(marks[0]))
        #expect(!marks[1].matches(FileMark(-5, JournalRecord.Fingerprint([2].span))))
        #expect(!marks[0].matches(FileMark(5, nil)))
        for text in ["", "x", "1 2", "1 2 3 4", "1 x 3", "1 2 x", "1  3", "1 2 99999999999"] {
            #expect(FileMark(text) == nil, "\(text)")
        }
    }

    @Test(arguments: ["", "+OK\r\n", "*x\r\n", "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nx\r\n"])
    func `what is no note names nothing`(note: String) {
        #expect(StreamOutbox.files(in: Array(note.utf8)) == [:])
    }

    @Test func `there is room for so many events, or so many bytes`() throws {
        for _ in 0..<1_023 { try box.add("{\"event\":\"a\"}") }
        #expect(box.outbox.hasRoom)
        try box.add("{\"event\":\"a\"}")
        #expect(!box.outbox.hasRoom)
        box.outbox = StreamOutbox(stream: "s", state: "{s}:state", limits: KeptLimits())
        try box.add("{\"event\":\"a\",\"payload\":\"\(String(repeating: "x", count: 1_048_576))\"}")
        #expect(!box.outbox.hasRoom)
    }
}
