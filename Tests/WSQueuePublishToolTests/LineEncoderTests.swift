import Foundation
import Support
import Testing
import WSQueuePublish
import WSQueuePublishTool

struct LineEncoderTests {
    private static let events = """
        {"event":"a","payload":1}

          {"event":"b","x":[1,2]}\t\r
        {"event":"c","payload":"\\ud800"}
        """

    @Test func `whole events are kept as they are, a line each`() throws {
        var encoder = LineEncoder(eventsUpTo: 1_000)
        #expect(
            try encode(Self.events, with: &encoder) == """
                {"event":"a","payload":1}
                {"event":"b","x":[1,2]}
                {"event":"c","payload":"\\ud800"}

                """)
        #expect(encoder.events == 3)
    }

    @Test func `payloads get the event around them`() throws {
        var event = Event("row")
        event.channels = ["c"]
        var encoder = try LineEncoder(payloadsOf: event, upTo: 1_000)
        let lines = try encode("{\"a\": 1}\n \n7\n", with: &encoder).split(separator: "\n")
        try #require(lines.count == 2)
        #expect(lines[0].hasPrefix("{\"event\":\"row\",\"payload\":{\"a\": 1},\"timestamp\":"))
        #expect(lines[1].hasPrefix("{\"event\":\"row\",\"payload\":7,\"timestamp\":"))
        #expect(lines.allSatisfy { $0.hasSuffix(",\"channels\":[\"c\"]}") })
    }

    @Test(arguments: [
        ("{\"event\":\"a\"}\n\n{\"event\":1}\n", "line 3: no event: "), ("[]", "line 1: no event: "),
        ("{\"event\":\"a\"}\n{\"event\":\"b\"", "line 2: no event: "),
        (
            "\n\n\(String(repeating: " ", count: 300)){\"event\":\"\(String(repeating: "x", count: 200))\"}",
            "line 3: the event is larger than the 200 bytes"
        ),
    ])
    func `a fault names the line as an editor counts`(text: String, prefix: String) {
        var encoder = LineEncoder(eventsUpTo: 200)
        let error = #expect(throws: PublishError.self) { try encode(text, with: &encoder) }
        #expect(error?.description.hasPrefix(prefix) == true, "\(String(describing: error))")
    }

    @Test func `an event that cannot be is refused before any line is read`() {
        #expect(throws: PublishError.self) { try LineEncoder(payloadsOf: Event("a\nb"), upTo: 1_000) }
    }

    @Test(arguments: 0...events.utf8.count)
    func `lines are numbered and encoded the same wherever the input is cut`(cut: Int) throws {
        var whole = LineEncoder(eventsUpTo: 1_000)
        let expected = try encode(Self.events, with: &whole)
        let bytes = Array(Self.events.utf8)
        // Input gives whole lines: the cut moves back to the end of a line.
        let lineEnd = bytes[..<cut].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        var encoder = LineEncoder(eventsUpTo: 1_000)
        var output: [UInt8] = []
        try encoder.encode(bytes, in: 0..<lineEnd, into: &output)
        try encoder.encode(bytes, in: lineEnd..<bytes.count, into: &output)
        #expect(String(decoding: output, as: UTF8.self) == expected)
        #expect(encoder.events == 3)
    }

    private func encode(_ text: String, with encoder: inout LineEncoder) throws -> String {
        var output: [UInt8] = []
        try encoder.encode(Array(text.utf8), in: 0..<text.utf8.count, into: &output)
        return String(decoding: output, as: UTF8.self)
    }
}
