import Testing
import WSQueueWire

struct AnswerReaderTests {
    private static let chunked = Array(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A:  b \r\n\r\n3\r\nabc\r\n2;e\r\nde\r\n0\r\n\r\n".utf8)

    @Test(arguments: 0...chunked.count)
    func `an answer in chunks, cut at any byte, reads the same`(cut: Int) throws {
        var reader = AnswerReader()
        var body = try reader.receive(Self.chunked.span.extracting(..<cut))
        body += try reader.receive(Self.chunked.span.extracting(cut...))
        let head = try #require(reader.head)
        #expect(body == Array("abcde".utf8) && reader.isDone)
        #expect(head.status == 200 && head.value(of: "x-a") == "b")
    }

    @Test func `a body as long as it says is done, and one without a length never is`() throws {
        var reader = AnswerReader()
        let whole = Array("HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno".utf8)
        let body = try reader.receive(whole.span)
        #expect(body == Array("no".utf8) && reader.isDone)
        var stream = AnswerReader()
        let begin = Array("HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\n\nab".utf8)
        let first = try stream.receive(begin.span)
        #expect(first == Array("ab".utf8) && !stream.isDone && stream.head?.status == 200)
    }

    @Test(arguments: ["200 OK\r\nContent-Length: 0", "204 No", "304 No\r\nContent-Length: 5"])
    func `a body of no bytes is done with the head`(head: String) throws {
        var reader = AnswerReader()
        let bytes = Array("HTTP/1.1 \(head)\r\n\r\n".utf8)
        let body = try reader.receive(bytes.span)
        #expect(body.isEmpty && reader.head?.status == Int(head.prefix(3)))
        #expect(reader.isDone)
    }

    @Test(arguments: [
        "SSH-2.0-x\r\n\r\n", "HTTP/1.1 OK\r\n\r\n", "HTTP/1.1 999 x\r\n\r\n", "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ])
    func `what is no answer is a fault`(text: String) {
        var reader = AnswerReader()
        let bytes = Array(text.utf8)
        let isFault = (try? reader.receive(bytes.span)) == nil
        #expect(isFault)
    }
}
