import Testing
import WSQueueWire

struct EventStreamReaderTests {
    private static let stream = Array(
        "\u{FEFF}retry: 5\nid: 1\r\n\r\n: ping\ndata: a\rdata:b\n\nevent: x\nid\ndata\n\nid: 2\ndata: c\n\ndata: cut"
            .utf8)

    @Test(arguments: 0...stream.count)
    func `a stream cut at any byte reads the same`(cut: Int) {
        var reader = EventStreamReader()
        var messages = reader.receive(Array(Self.stream[..<cut]))
        messages += reader.receive(Array(Self.stream[cut...]))
        #expect(messages.map { $0.data.map { String(decoding: $0, as: UTF8.self) } } == [nil, "a\nb", "", "c"])
        #expect(messages.map(\.id) == ["1", "1", "", "2"])
        // Only some say themselves where the reader stands after them.
        #expect(messages.map(\.isPlace) == [true, false, true, true])
        #expect(reader.retryMilliseconds == 5 && reader.lastID == "2")
    }

    @Test func `what the server writes is read as it was`() {
        var reader = EventStreamReader()
        let text = Array("{\"a\":\r\n1}".utf8)
        let messages = reader.receive(
            ServerSentEvent.comment + ServerSentEvent.message(text.span, id: "e:7")
                + ServerSentEvent.retry(milliseconds: 9))
        #expect(messages.map(\.data) == [Array("{\"a\":\n1}".utf8)])
        #expect(messages.map(\.id) == ["e:7"] && reader.retryMilliseconds == 9)
    }

    @Test func `an id counts once a blank line has come`() {
        var reader = EventStreamReader()
        _ = reader.receive(Array("id: 1\n".utf8))
        #expect(reader.lastID.isEmpty)
        _ = reader.receive(Array("\n".utf8))
        #expect(reader.lastID == "1")
    }
}
