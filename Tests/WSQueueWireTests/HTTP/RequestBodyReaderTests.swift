import Testing
import WSQueueWire

struct RequestBodyReaderTests {
    /// Reads a body in pieces of one length; what is left behind it does not matter.
    static func read(
        _ text: String, _ body: RequestBody, pieceLength: Int, limitBytes: Int = 20
    ) throws(RequestBodyReader.Fault) -> String? {
        var reader = try RequestBodyReader(body, limitBytes: limitBytes)
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: pieceLength) {
            try reader.receive(bytes[start..<min(bytes.count, start + pieceLength)].span)
        }
        return reader.isDone ? String(decoding: reader.bytes, as: UTF8.self) : nil
    }

    @Test(arguments: [
        ("hello", RequestBody.length(5), "hello"), ("hello more", .length(5), "hello"), ("", .none, ""),
        ("5\r\nhello\r\n0\r\n\r\n", .chunked, "hello"), ("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\nGET", .chunked, "hello"),
        ("A\r\n0123456789\r\na\r\n0123456789\r\n000\r\n\r\n", .chunked, "01234567890123456789"),
        ("1;name=value\r\nx\r\n0\r\nField: 1\r\nOther: 2\r\n\r\n", .chunked, "x"), ("0\r\n\r\n", .chunked, ""),
    ])
    func `a body cut anywhere is read the same`(text: String, body: RequestBody, expected: String) throws {
        for pieceLength in 1...max(1, text.utf8.count) {
            #expect(try Self.read(text, body, pieceLength: pieceLength) == expected)
        }
    }

    @Test(arguments: [
        ("hell", RequestBody.length(5)), ("5\r\nhell", .chunked), ("5\r\nhello\r\n", .chunked), ("0\r\n", .chunked),
        ("", .chunked),
    ])
    func `a body that has not ended is waited for`(text: String, body: RequestBody) throws {
        #expect(try Self.read(text, body, pieceLength: 1) == nil)
    }

    @Test(arguments: [
        "x\r\n", "\r\n", "-1\r\n", "+5\r\n", "0x5\r\n", "5 \r\nhello", "5\nhello", "5\r\nhelloX", "5\r\nhello\n",
        "5\rhello",
        "0\r\nField: 1\n\r\n", " 5\r\n", "5;\(String(repeating: "x", count: 300))\r\n",
        "0\r\n\(String(repeating: "F: x\r\n", count: 1_000))\r\n",
    ])
    func `chunks that are none are refused`(text: String) {
        #expect(throws: RequestBodyReader.Fault.malformedChunk) {
            try Self.read(text, .chunked, pieceLength: 1)
        }
    }

    @Test(arguments: [
        ("", RequestBody.length(21)), ("15\r\n", .chunked), ("fffffffff\r\n", .chunked),
        ("14\r\n01234567890123456789\r\n1\r\n", .chunked),
    ])
    func `a body over the limit is refused before it is read`(text: String, body: RequestBody) {
        #expect(throws: RequestBodyReader.Fault.tooLong(limit: 20)) { try Self.read(text, body, pieceLength: 1) }
    }
}
