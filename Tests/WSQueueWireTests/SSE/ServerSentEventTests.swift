import Testing
import WSQueueWire

struct ServerSentEventTests {
    @Test(
        arguments: [
            ("{}", nil, "data: {}\n\n"), ("{}", "k:1", "id: k:1\ndata: {}\n\n"), ("a\nb", nil, "data: a\ndata: b\n\n"),
            ("a\r\nb\rc", nil, "data: a\ndata: b\ndata: c\n\n"), ("\n", nil, "data: \ndata: \n\n"),
            ("", nil, "data: \n\n"),
            ("a\n\nevent: x\n\n", nil, "data: a\ndata: \ndata: event: x\ndata: \ndata: \n\n"),
        ] as [(String, String?, String)])
    func `each line of a message is one of data`(text: String, id: String?, expected: String) {
        let bytes = ServerSentEvent.message(Array(text.utf8).span, id: id)
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }
}
