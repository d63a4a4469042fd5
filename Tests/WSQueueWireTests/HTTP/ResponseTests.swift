import Testing
import WSQueueWire

@Suite struct ResponseTests {
    @Test func `a response is a status line, fields and a body`() {
        let response = Response(.notFound, advice: "Look at / instead.")
        let expected = """
            HTTP/1.1 404 Not Found\r
            Content-Type: text/plain; charset=utf-8\r
            X-Content-Type-Options: nosniff\r
            Connection: close\r
            Content-Length: 19\r
            \r
            Look at / instead.

            """
        #expect(String(decoding: response.encode(for: .get), as: UTF8.self) == expected)
    }

    @Test func `HEAD gets what GET gets without the body`() {
        let response = Response(.ok, body: [1, 2, 3])
        #expect(response.encode(for: .head) == response.encode(for: .get).dropLast(3))
    }

    @Test func `no body and no length where the status has none`() {
        let text = String(decoding: Response(.noContent, body: [1]).encode(for: .get), as: UTF8.self)
        #expect(!text.contains("Content-Length"))
        #expect(text.hasSuffix("\r\n\r\n"))
    }

    @Test func `no value begins another field`() {
        let response = Response(.ok, fields: [.init("X-A", "b\r\nX-B: c\0")])
        let text = String(decoding: response.encode(for: .get), as: UTF8.self)
        #expect(text.contains("X-A: b  X-B: c \r\n"))
    }

    @Test func `the head of a stream has no length`() {
        let head = Response(.ok, fields: [.init("Content-Type", "text/event-stream")]).encodeStreamHead()
        let text = String(decoding: head, as: UTF8.self)
        #expect(text.hasSuffix("Connection: close\r\n\r\n"))
        #expect(!text.contains("Content-Length"))
    }

    @Test func `a refused request is told what to send`() {
        let response = Response(refusing: .missingHost)
        #expect(response.status == .badRequest)
        #expect(String(decoding: response.body, as: UTF8.self) == "Send a Host field; HTTP/1.1 requires it.\n")
    }
}
