import Testing
import WSQueueWire

@Suite struct HandshakeTests {
    static let fields = [
        "Host: h", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]

    private static func head(line: String = "GET /chat HTTP/1.1", _ fields: [String]) throws -> RequestHead {
        try #require(Answer(([line] + fields).map { $0 + "\r\n" }.joined() + "\r\n").head)
    }

    /// The good handshake with one field replaced (`nil`: left out) or added.
    private static func outcome(_ name: String, _ line: String?) throws -> Result<Handshake, HandshakeError> {
        let others = fields.filter { !$0.hasPrefix("\(name):") }
        let head = try head(others + (line.map { [$0] } ?? []))
        do throws(HandshakeError) { return .success(try Handshake(head)) } catch { return .failure(error) }
    }

    @Test func `the RFC's key gives the RFC's answer`() throws {
        let vector = try Vectors.load().handshake
        let head = try Self.head(Self.fields)
        #expect(head.text(of: "sec-websocket-key") == vector.key)
        let expected = """
            HTTP/1.1 101 Switching Protocols\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Accept: \(vector.accept)\r
            \r

            """
        #expect(String(decoding: try Handshake(head).answer(), as: UTF8.self) == expected)
    }

    @Test(arguments: [
        ("Upgrade", "Upgrade: WebSocket"), ("Upgrade", "Upgrade: h2c, websocket"),
        ("Connection", "Connection: keep-alive, UPGRADE"), ("Connection", "Connection: close\r\nConnection: upgrade"),
        ("Sec-WebSocket-Extensions", "Sec-WebSocket-Extensions: permessage-deflate"),
        ("Content-Length", "Content-Length: 0"),
    ])
    func `what browsers and proxies write is accepted`(name: String, line: String) throws {
        #expect(throws: Never.self) { try Self.outcome(name, line).get() }
    }

    @Test(
        arguments: [
            ("Upgrade", nil, HandshakeError.missingUpgrade), ("Upgrade", "Upgrade: h2c", .missingUpgrade),
            ("Upgrade", "Upgrade: websockets", .missingUpgrade), ("Connection", nil, .missingConnection),
            ("Connection", "Connection: keep-alive", .missingConnection),
            ("Sec-WebSocket-Version", nil, .unknownVersion),
            ("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8", .unknownVersion),
            ("Sec-WebSocket-Version", "Sec-WebSocket-Version: 13, 8", .unknownVersion),
            ("Sec-WebSocket-Version", "Sec-WebSocket-Version: 013", .unknownVersion),
            ("Sec-WebSocket-Key", nil, .malformedKey), ("Sec-WebSocket-Key", "Sec-WebSocket-Key:", .malformedKey),
            ("Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ", .malformedKey),
            ("Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j", .malformedKey),
            ("Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSEhIQ==", .malformedKey),
            ("", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", .malformedKey),
            ("", "Content-Length: 5", .unexpectedBody), ("", "Transfer-Encoding: chunked", .unexpectedBody),
        ] as [(String, String?, HandshakeError)])
    func `a handshake with a mistake is refused`(name: String, line: String?, error: HandshakeError) throws {
        #expect(throws: error) { try Self.outcome(name, line).get() }
    }

    @Test(arguments: [
        ("POST / HTTP/1.1", HandshakeError.methodNotGet), ("HEAD / HTTP/1.1", .methodNotGet),
        ("GET / HTTP/1.0", .oldVersionOfHTTP),
    ])
    func `only GET with HTTP of 1,1 opens a WebSocket`(line: String, error: HandshakeError) throws {
        let head = try Self.head(line: line, Self.fields)
        #expect(throws: error) { try Handshake(head) }
    }

    @Test(arguments: [
        (HandshakeError.methodNotGet, HTTPStatus.methodNotAllowed, "Allow: GET\r\n"),
        (.unknownVersion, .upgradeRequired, "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n"),
        (.missingUpgrade, .upgradeRequired, "Upgrade: websocket\r\nConnection: Upgrade, close\r\n"),
        (.missingConnection, .badRequest, "Connection: close\r\n"),
        (.malformedKey, .badRequest, "Connection: close\r\n"),
        (.oldVersionOfHTTP, .badRequest, "proxy_http_version 1.1"),
    ])
    func `a refusal says what would be accepted`(error: HandshakeError, status: HTTPStatus, part: String) {
        #expect(error.response.status == status)
        #expect(String(decoding: error.response.encode(for: .get), as: UTF8.self).contains(part))
    }

    @Test(
        arguments: [
            ("chat", false, nil), ("wsqueue.v1", true, nil), ("WSQUEUE.V1", false, nil),
            ("wsqueue.v1, bearer.abc.DEF-_1", true, "abc.DEF-_1"), ("bearer.abc, wsqueue.v1", true, "abc"),
            ("wsqueue.v1\r\nSec-WebSocket-Protocol: bearer.x", true, "x"), ("wsqueue.v1,bearer.", true, ""),
        ] as [(String, Bool, String?)])
    func `the subprotocol is chosen and the token taken`(offer: String, isChosen: Bool, token: String?) throws {
        let handshake = try Self.outcome("", "Sec-WebSocket-Protocol: \(offer)").get()
        #expect(handshake.isSubprotocolChosen == isChosen)
        #expect(handshake.token == token.map { Array($0.utf8) })
        let answer = String(decoding: handshake.answer(), as: UTF8.self)
        #expect(answer.contains("\r\nSec-WebSocket-Protocol: wsqueue.v1\r\n") == isChosen)
        #expect(!answer.contains("bearer"))
    }

    @Test(arguments: [
        ("bearer.abc", HandshakeError.bearerAlone), ("bearer.", .bearerAlone), ("chat, bearer.abc", .bearerAlone),
        ("WSQUEUE.V1, bearer.abc", .bearerAlone), ("wsqueue.v1, bearer.a, bearer.b", .severalBearers),
    ])
    func `a token that the answer would let a browser close on is refused with the reason`(
        offer: String, error: HandshakeError
    ) throws {
        #expect(throws: error) { try Self.outcome("", "Sec-WebSocket-Protocol: \(offer)").get() }
        #expect(error.response.status == .badRequest && error.advice.contains("bearer.<token>"))
    }

    @Test func `a plain request is no handshake`() throws {
        #expect(!Handshake.isWanted(by: try Self.head(["Host: h"])))
        #expect(Handshake.isWanted(by: try Self.head(Self.fields)))
        #expect(Handshake.isWanted(by: try Self.head(["Host: h", "Upgrade: WebSocket"])))
    }
}
