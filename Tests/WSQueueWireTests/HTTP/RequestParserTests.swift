import Support
import Testing
import WSQueueWire

@Suite struct RequestParserTests {
    static func request(_ lines: String...) -> String { lines.map { $0 + "\r\n" }.joined() + "\r\n" }

    @Test(arguments: [
        ("no target", "GET HTTP/1.1", RequestError.malformedRequestLine),
        ("two spaces", "GET  / HTTP/1.1", .malformedRequestLine),
        ("a space at the end", "GET / HTTP/1.1 ", .malformedRequestLine),
        ("a tab", "GET\t/ HTTP/1.1", .malformedRequestLine),
        ("a space before", " GET / HTTP/1.1", .malformedRequestLine),
        ("no method", "/ HTTP/1.1", .malformedRequestLine),
        ("a method with a colon", "GE:T / HTTP/1.1", .malformedRequestLine),
        ("a method of 33 letters", String(repeating: "A", count: 33) + " / HTTP/1.1", .malformedRequestLine),
        ("lower case", "GET / http/1.1", .malformedRequestLine),
        ("HTTP/1", "GET / HTTP/1", .malformedRequestLine),
        ("HTTP/1.10", "GET / HTTP/1.10", .malformedRequestLine),
        ("HTTP/0.9", "GET / HTTP/0.9", .unknownVersion),
        ("HTTP/1.2", "GET / HTTP/1.2", .unknownVersion),
        ("HTTP/2.0", "PRI * HTTP/2.0", .unknownVersion),
        ("HTTP/3.0", "GET / HTTP/3.0", .unknownVersion),
        ("a fragment", "GET /#top HTTP/1.1", .malformedTarget),
        ("raw UTF-8", "GET /ä HTTP/1.1", .malformedTarget),
        ("a relative target", "GET index.html HTTP/1.1", .malformedTarget),
        ("authority form", "GET host:80 HTTP/1.1", .malformedTarget),
        ("another scheme", "GET ftp://host/ HTTP/1.1", .malformedTarget),
        ("no host", "GET http:///path HTTP/1.1", .malformedTarget),
        ("a star for GET", "GET * HTTP/1.1", .malformedTarget),
        ("half an escape", "GET /%4 HTTP/1.1", .malformedTarget),
        ("an escape that is none", "GET /?a=%zz HTTP/1.1", .malformedTarget),
        ("an escaped NUL", "GET /a%00b HTTP/1.1", .malformedTarget),
        ("escapes that are not UTF-8", "GET /?a=%ff HTTP/1.1", .malformedTarget),
        ("overlong escapes", "GET /%c0%af HTTP/1.1", .malformedTarget),
        ("CONNECT", "CONNECT host:80 HTTP/1.1", .proxyMethod),
    ])
    func `a bad request line is refused`(what: String, line: String, error: RequestError) {
        #expect(Answer(Self.request(line, "Host: h")).error == error)
    }

    @Test(arguments: [
        ("a space before the colon", "A : b", RequestError.malformedFieldName),
        ("no colon", "A", .malformedFieldName),
        ("no name", ": b", .malformedFieldName),
        ("a space in the name", "A B: c", .malformedFieldName),
        ("a non-ASCII name", "Ä: b", .malformedFieldName),
        ("a folded line", " b", .foldedField),
        ("a line folded with a tab", "\tb", .foldedField),
        ("a NUL", "A: b\0c", .malformedFieldValue),
        ("an escape character", "A: \u{1B}[2J", .malformedFieldValue),
        ("a DEL", "A: \u{7F}", .malformedFieldValue),
        ("a CR", "A: b\rc", .bareLineEnd),
        ("a LF", "A: b\nc: d", .bareLineEnd),
        ("two CR", "A: b\r", .bareLineEnd),
        ("another host", "Host: other", .repeatedHost),
        ("the same host", "hOsT: h", .repeatedHost),
        ("an empty length", "Content-Length:", .malformedContentLength),
        ("a signed length", "Content-Length: +5", .malformedContentLength),
        ("a negative length", "Content-Length: -5", .malformedContentLength),
        ("a hexadecimal length", "Content-Length: 0x5", .malformedContentLength),
        ("a list of lengths", "Content-Length: 5, 5", .malformedContentLength),
        ("two lengths", "Content-Length: 5\r\nContent-Length: 6", .malformedContentLength),
        ("the same length twice", "Content-Length: 5\r\nContent-Length: 5", .malformedContentLength),
        ("a length of 2^63", "Content-Length: 9223372036854775808", .bodyTooLong),
        ("both", "Content-Length: 5\r\nTransfer-Encoding: chunked", .ambiguousLength),
        ("both, an empty coding", "Content-Length: 5\r\nTransfer-Encoding:", .ambiguousLength),
        ("an empty coding", "Transfer-Encoding:", .malformedTransferEncoding),
        ("chunked not last", "Transfer-Encoding: chunked, gzip", .malformedTransferEncoding),
        ("chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .malformedTransferEncoding),
        ("almost chunked", "Transfer-Encoding: xchunked", .malformedTransferEncoding),
        ("chunked with a parameter", "Transfer-Encoding: chunked;a=b", .malformedTransferEncoding),
        ("another coding", "Transfer-Encoding: gzip, chunked", .unknownTransferCoding),
    ])
    func `a bad field is refused`(what: String, line: String, error: RequestError) {
        #expect(Answer(Self.request("POST / HTTP/1.1", "Host: h", line)).error == error)
    }

    @Test(arguments: ["a b", "a/b", "http://a", "a:b", "a:80:80", "user@a", "[::1", "[::1]80", "[]", "a\u{80}"])
    func `a Host that is none is refused`(host: String) {
        #expect(Answer(Self.request("GET / HTTP/1.1", "Host: \(host)")).error == .malformedHost)
    }

    @Test(arguments: ["", "a", "a.example:8081", "127.0.0.1:80", "[::1]", "[::1]:8081", "a_b-c.example:"])
    func `a Host with a port or without is read`(host: String) {
        #expect(Answer(Self.request("GET / HTTP/1.1", "Host: \(host)")).head?.host == Array(host.utf8))
    }

    @Test func `Host is required in 1,1 and not in 1,0`() {
        #expect(Answer(Self.request("GET / HTTP/1.1")).error == .missingHost)
        #expect(Answer(Self.request("GET / HTTP/1.0")).head?.version == .oneZero)
        #expect(
            Answer(Self.request("GET / HTTP/1.0", "Transfer-Encoding: chunked")).error == .malformedTransferEncoding)
    }

    @Test func `fields are found whatever their case, in their order, trimmed`() throws {
        let head = try #require(
            Answer(Self.request("GET / HTTP/1.1", "HOST:h", "X-A: \t one \t", "x-a:two", "X-B:", "X-C: a, B ,,c")).head)
        #expect(head.values(of: "x-a") == [Array("one".utf8), Array("two".utf8)])
        #expect(head.text(of: "x-a") == "one, two")
        #expect(head.text(of: "x-b") == "")
        #expect(head.text(of: "x-d") == nil)
        #expect(head.tokens(of: "x-c") == [Array("a".utf8), Array("B".utf8), Array("c".utf8)])
        #expect(head.hasToken("b", in: "x-c"))
        #expect(!head.hasToken("d", in: "x-c"))
    }

    @Test(arguments: [
        ("", RequestBody.none), ("Content-Length: 0\r\n", .none), ("Content-Length: 007\r\n", .length(7)),
        ("Transfer-Encoding: Chunked\r\n", .chunked),
    ])
    func `the end of the body is known`(fields: String, body: RequestBody) {
        #expect(Answer("POST / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n").head?.body == body)
    }

    @Test(arguments: [
        ("POST / HTTP/1.1", "Content-Length: 9", true), ("POST / HTTP/1.1", "Content-Length: 0", false),
        ("POST / HTTP/1.0", "Content-Length: 9", false),
    ])
    func `a client that waits with its body is recognised`(line: String, length: String, waits: Bool) {
        let head = Answer(Self.request(line, "Host: h", "Expect: 100-Continue", length)).head
        #expect(head?.expectsContinue == waits)
    }

    @Test func `what follows the head stays with the caller, and the next request is read from there`() throws {
        let first = Self.request("POST /a HTTP/1.1", "Host: h", "Content-Length: 4")
        let second = Self.request("GET /b HTTP/1.1", "Host: h")
        let bytes = Array((first + "body" + second).utf8)
        for cut in 0...first.utf8.count {
            var parser = RequestParser()
            var taken = 0
            if let (_, consumed) = try parser.receive(bytes.span.extracting(..<cut)) {
                taken = consumed
            } else {
                let (head, consumed) = try #require(try parser.receive(bytes.span.extracting(cut...)))
                #expect(head.target.path == "/a")
                taken = cut + consumed
            }
            try #require(taken == first.utf8.count)
            #expect(!parser.isInsideRequest)
            let next = try #require(try parser.receive(bytes.span.extracting((taken + 4)...)))
            #expect(next.head.target.path == "/b")
        }
    }

    @Test func `empty lines before a request are passed over`() {
        #expect(Answer("\r\n\r\n" + Self.request("GET / HTTP/1.1", "Host: h")).head?.target.path == "/")
    }

    @Test func `a head of exactly the limit is read, and one byte more is refused`() {
        let bytes = Array(Self.request("GET / HTTP/1.1", "Host: h", "A: b").utf8)
        #expect(Answer(bytes, limitBytes: bytes.count).head != nil)
        #expect(Answer(bytes, limitBytes: bytes.count - 1).error == .headTooLong(limit: bytes.count - 1))
    }

    @Test func `a line without end is refused at the limit`() {
        let target = Array("GET /".utf8) + [UInt8](repeating: 0x61, count: 20_000)
        #expect(Answer(target).error == .targetTooLong(limit: 16384))
        #expect(RequestError.targetTooLong(limit: 16384).status == .uriTooLong)
        let field = Array("GET / HTTP/1.1\r\nA: ".utf8) + [UInt8](repeating: 0x61, count: 20_000)
        #expect(Answer(field).error == .headTooLong(limit: 16384))
        #expect(RequestError.headTooLong(limit: 16384).status == .fieldsTooLarge)
    }

    @Test func `a TLS client is told at its first byte`() {
        #expect(Answer([0x16]).error == .encrypted)
    }

    @Test(arguments: UInt64(0)..<20)
    func `a request with three bytes changed is read or refused, wherever it is cut`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let good = Array(Self.request("GET /a?b=%41 HTTP/1.1", "Host: h", "Content-Length: 5", "A: b, c").utf8)
        for _ in 0..<200 {
            var bytes = good
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let cut = Int.random(in: 0...bytes.count, using: &random)
            let whole = Answer(bytes)
            let pieces = Answer(Array(bytes[..<cut]), Array(bytes[cut...]))
            #expect(pieces.error == whole.error && pieces.consumed == whole.consumed)
        }
    }
}

@Suite struct RequestTargetTests {
    private static func target(_ text: String) throws -> RequestTarget {
        try RequestTarget(Array(text.utf8), method: .get)
    }

    @Test(arguments: [
        ("/", "/"), ("/a/b", "/a/b"), ("/a%20b", "/a b"), ("/a+b", "/a+b"), ("/%C3%A4", "/ä"), ("//x", "//x"),
        ("http://host", "/"), ("http://host?x=1", "/"), ("HTTP://host/p", "/p"), ("ws://host:1/p?q", "/p"),
        ("/a|b\"c", "/a|b\"c"),
    ])
    func `the path is decoded`(text: String, path: String) throws {
        #expect(try Self.target(text).path == path)
    }

    @Test(
        arguments: [
            ("/", [String]()), ("/?", []), ("/?a=b", ["a", "b"]), ("/?a", ["a", ""]), ("/?a=b=c", ["a", "b=c"]),
            ("/?&&a=1&&", ["a", "1"]), ("/?a=1&a=2", ["a", "1", "a", "2"]), ("/?a=x+y%2Bz", ["a", "x y+z"]),
            ("/?a%3Db=%26", ["a=b", "&"]), ("/?q=a?b/c", ["q", "a?b/c"]),
            ("/?channels=chat.%2A%2A", ["channels", "chat.**"]),
            ("/?=x", ["", "x"]), ("/?%E2%82%AC=%F0%9F%98%80", ["€", "😀"]),
        ] as [(String, [String])])
    func `the query is decoded`(text: String, items: [String]) throws {
        #expect(try Self.target(text).query.flatMap { [$0.name, $0.value] } == items)
    }

    @Test func `the first value of a name counts`() throws {
        let target = try Self.target("/?since=a&since=b")
        #expect(target.value(of: "since") == "a")
        #expect(target.value(of: "until") == nil)
    }

    @Test func `the target's host counts more than the field`() throws {
        let head = Answer("GET http://a:80/p HTTP/1.1\r\nHost: b\r\n\r\n").head
        #expect(head?.host == Array("a:80".utf8))
    }

    @Test func `a star is for OPTIONS`() {
        #expect(Answer("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").head?.target.path == "*")
    }

    @Test(arguments: [
        ("", false), ("gzip", true), ("br, GZIP;q=0.5", true), ("br", false), ("*", true), ("gzip;q=0", false),
        ("gzip ; Q=0.000, *", false), ("*;q=0, gzip", true), ("*;q=0", false), ("x-gzip", false), ("gzip;q=0.01", true),
    ])
    func `a coding is taken that is named or meant by a star, unless its weight is nothing`(
        field: String, isTaken: Bool
    ) {
        let head = Answer("GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: \(field)\r\n\r\n").head
        #expect(head?.takes(coding: "gzip") == isTaken)
    }
}
