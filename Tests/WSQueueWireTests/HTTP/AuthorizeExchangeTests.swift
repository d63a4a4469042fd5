import Testing
import WSQueueWire

struct AuthorizeExchangeTests {
    static func head(_ lines: String...) throws -> RequestHead {
        var parser = RequestParser()
        let text = Array((lines + ["Host: x", "", ""]).joined(separator: "\r\n").utf8)
        return try #require(try parser.receive(text.span)).head
    }

    static func answer(_ text: String, pieceLength: Int = .max) -> AuthorizeAnswer? {
        var reader = AuthorizeAnswerReader()
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: min(pieceLength, bytes.count)) {
            if let answer = reader.receive(bytes[start..<min(bytes.count, start + pieceLength)].span) { return answer }
            if pieceLength > bytes.count { break }
        }
        return nil
    }

    @Test func `the question is a GET with the channel, the client's query, cookies and authorization`() throws {
        let head = try Self.head(
            "GET /?a=b%26c&channel_name=x&token=t HTTP/1.1", "Cookie: k=v", "Authorization: Basic eA")
        let request = AuthorizeRequest(action: "subscribe", channel: "a:b", credentials: .init(head))
        let location = try #require(HTTPLocation("http://app:8000/may?x=1"))
        let expected = """
            GET /may?x=1&channel_name=a%3Ab&action=subscribe&a=b%26c HTTP/1.1\r
            Host: app:8000\r
            User-Agent: wsqueue\r
            Accept: */*\r
            Connection: close\r
            Authorization: Basic eA\r
            Cookie: k=v\r
            \r

            """
        #expect(String(decoding: request.encode(to: location), as: UTF8.self) == expected)
    }

    @Test(arguments: [
        ("channel_name[0]", false), ("channel_name[a][b]", false), ("%20channel.name", false), ("[action]", false),
        ("action[", false), ("Token.x", false), ("x", false), ("X[1]", false), ("y[b]", false), ("y.c", false),
        ("a[channel_name]", true), ("channel", true), ("channel_names", true), ("action_id", true), ("actions", true),
        ("tokens[]", true), ("name", true), ("x1", true), ("_", false), ("__", true), ("%C3%A4ction", true),
    ])
    func `no item of the client's query can be read as one of the question`(name: String, passes: Bool) throws {
        let head = try Self.head("GET /?\(name)=theirs&z=1 HTTP/1.1")
        let request = AuthorizeRequest(action: "subscribe", channel: "c", credentials: .init(head))
        let location = try #require(HTTPLocation("http://app/may?x=1&y[a]=2&_=3"))
        let line = String(decoding: request.encode(to: location).prefix { $0 != 13 }, as: UTF8.self)
        #expect(line.contains("theirs") == passes, "\(line)")
        #expect(line.hasSuffix("&z=1 HTTP/1.1"))
    }

    @Test func `cookies over several lines are one list, and what a browser adds by itself can be left out`() throws {
        let head = try Self.head("GET / HTTP/1.1", "Cookie: a=1", "Authorization: Basic eA", "Cookie: b=2; c=3")
        var credentials = AuthorizeRequest.Credentials(head)
        #expect(credentials.cookie == Array("a=1; b=2; c=3".utf8))
        credentials.dropAmbient()
        #expect(credentials.cookie == nil && credentials.authorization == nil)
        credentials.authorization = Array("bearer t".utf8)
        credentials.dropAmbient()
        #expect(credentials.authorization == Array("bearer t".utf8))
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\n\r\n", true, 0), ("HTTP/1.0 204 No Content\r\nCache-Control: max-age=5\r\n\r\n", true, 5),
        ("HTTP/1.1 403 Forbidden\r\nCACHE-CONTROL: private, MAX-AGE=7\r\n\r\n", false, 7),
        ("HTTP/1.1 200 OK\r\nCache-Control: max-age=5, no-store\r\n\r\n", true, 0),
        ("HTTP/1.1 200 OK\r\nCache-Control: no-cache\r\nCache-Control: max-age=5\r\n\r\n", true, 0),
        ("HTTP/1.1 200 OK\r\nCache-Control: max-age=-5\r\n\r\n", true, 0),
        ("HTTP/1.1 200 OK\r\nCache-Control: max-age=99999999999\r\n\r\n", true, 86_400),
        ("HTTP/1.1 301 Moved\r\n\r\n", false, 0), ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", true, 0),
        ("HTTP/1.1 199 Odd\r\n\r\nHTTP/1.1 500 No\r\n\r\n", false, 0), ("200 OK\r\n\r\n", false, 0),
        ("HTTP/1.1 2e0 OK\r\n\r\n", false, 0), ("HTTP/1.1\r\n\r\n", false, 0),
    ])
    func `an answer cut anywhere is read the same`(text: String, isAllowed: Bool, age: Int) {
        let expected = AuthorizeAnswer(isAllowed: isAllowed, maximumAgeSeconds: age)
        for pieceLength in 1...text.utf8.count { #expect(Self.answer(text, pieceLength: pieceLength) == expected) }
    }

    @Test func `a head without an end is none`() {
        #expect(Self.answer("HTTP/1.1 200 OK\r\nX: y", pieceLength: 3) == nil)
        #expect(Self.answer(String(repeating: "x", count: 17_000), pieceLength: 1_000) == AuthorizeAnswer.none)
    }

    @Test(arguments: [
        ("http://127.0.0.1:8000/a?b", "127.0.0.1:8000", "127.0.0.1", 8_000, "/a?b"),
        ("HTTP://app", "app", "app", 80, "/"),
        ("http://[::1]:81?x", "[::1]:81", "::1", 81, "/?x"), ("http://[::1]/", "[::1]", "::1", 80, "/"),
    ])
    func `a location is taken apart`(text: String, authority: String, host: String, port: UInt16, target: String) throws
    {
        let location = try #require(HTTPLocation(text))
        #expect(location.authority == authority && location.host == host)
        #expect(location.port == port && location.target == target)
    }

    @Test(arguments: [
        "https://a/", "a", "http://", "http://a:x/", "http://a:0/", "http://a:70000/", "http://u@a/", "http://a/#x",
        "http://a b/",
    ])
    func `what is no location is refused`(text: String) {
        #expect(HTTPLocation(text) == nil)
    }
}
