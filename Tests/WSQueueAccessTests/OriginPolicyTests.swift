import Testing
import WSQueueAccess
import WSQueueNet
import WSQueueOperation
import WSQueueWire

struct OriginPolicyTests {
    private func isRefused(
        _ fields: String, origins: [String] = [], listen: String = "127.0.0.1:8081", trusting: [String] = []
    ) throws -> Bool {
        try refusal(fields, origins: origins, listen: listen, trusting: trusting) != nil
    }

    private func refusal(
        _ fields: String, origins: [String] = [], listen: String = "127.0.0.1:8081", trusting: [String] = []
    ) throws -> Response? {
        var configuration = Configuration()
        configuration.origins = try origins.map { try OriginPattern($0) }
        configuration.addresses = [try #require(Address.parse(listen))]
        var parser = RequestParser()
        let request = Array("GET / HTTP/1.1\r\n\(fields)\r\n".utf8)
        let (head, _) = try #require(try parser.receive(request.span))
        let proxies = TrustedProxies(try trusting.map { try #require(AddressRange.parse($0)) })
        let source = proxies.source(of: head, from: .internet(host: "127.0.0.1", port: 40_000))
        return OriginPolicy(configuration).refusal(of: head, from: source)
    }

    @Test(arguments: [
        "Host: a.example\r\n", "Host: a.example\r\nOrigin: https://a.example\r\n",
        "Host: a.example\r\nOrigin: http://a.example\r\n", "Host: A.example\r\nOrigin: http://a.EXAMPLE\r\n",
        "Host: a.example:81\r\nOrigin: http://a.example:81\r\n",
        "Host: a.example:443\r\nOrigin: https://a.example\r\n", "Host: a.example\r\nOrigin: http://a.example:80\r\n",
        "Host: 127.0.0.1:8081\r\nOrigin: http://localhost:3000\r\n", "Host: [::1]\r\nOrigin: http://127.0.0.1\r\n",
        "Host: localhost\r\nOrigin: http://[::1]:3000\r\n", "Host: localhost\r\nOrigin: http://app.localhost\r\n",
    ])
    func `programs, the own host and this machine may connect`(fields: String) throws {
        #expect(try !isRefused(fields))
    }

    @Test(arguments: [
        "Host: a.example\r\nOrigin: https://b.example\r\n", "Host: a.example\r\nOrigin: null\r\n",
        "Host: a.example\r\nOrigin: \r\n", "Host: a.example\r\nOrigin: https://a.example.evil\r\n",
        "Host: a.example\r\nOrigin: https://evil-a.example\r\n", "Host: a.example\r\nOrigin: a.example\r\n",
        "Host: x\r\nOrigin: http://localhost.evil\r\n", "Host: x\r\nOrigin: http://127.0.0.1.evil\r\n",
        "Host: x\r\nOrigin: http://127.evil.0.1\r\n", "Host: localhost\r\nOrigin: http://[::1].evil.test\r\n",
        "Host: localhost\r\nOrigin: http://localhost:80.evil.test\r\n",
        "Host: localhost\r\nOrigin: http://[::1]:1.evil.test\r\n", "Host: localhost\r\nOrigin: http://127.0.0.1:x\r\n",
        "Host: a.example\r\nOrigin: file://\r\n",
        "Host: a.example\r\nOrigin: http://a.example\r\nOrigin: http://b.example\r\n",
        "Host: a.example:81\r\nOrigin: http://a.example:82\r\n", "Host: x\r\nOrigin: http://localhost:3000\r\n",
        "Host: localhost\r\nX-Forwarded-For: 203.0.113.9\r\nOrigin: http://localhost:3000\r\n",
        "Host: localhost\r\nVia: 1.1 x\r\nOrigin: http://127.0.0.1:3000\r\n",
        "Host: localhost\r\nX-Forwarded-Host: b.example\r\nOrigin: https://b.example\r\n",
    ])
    func `any other page may not`(fields: String) throws {
        #expect(try isRefused(fields))
    }

    @Test(arguments: [
        ("null", "--origin null "), ("file://", "--origin file:// "),
        ("https://B.example:8443", "--origin https://b.example:8443 "),
        ("https://b.example;reboot", "--origin to"), ("<script>", "--origin to"), ("http://[::1]:3000", "--origin to"),
        (String(repeating: "a", count: 257), "--origin to"), ("null\r\nOrigin: null", "--origin to"),
    ])
    func `the refusal says what would let the page in`(origin: String, part: String) throws {
        let response = try #require(try refusal("Host: a.example\r\nOrigin: \(origin)\r\n"))
        let text = String(decoding: response.encode(for: .get), as: UTF8.self)
        #expect(text.contains(part))
        #expect(part.hasSuffix("to") || text.contains("the origin \(origin.lowercased()) may"))
    }

    @Test func `a page of this machine may not connect to a server that others reach`() throws {
        #expect(try isRefused("Host: x\r\nOrigin: http://localhost:3000\r\n", listen: "0.0.0.0:8081"))
    }

    @Test func `listed origins may connect, and a star is everyone`() throws {
        let fields = "Host: x\r\nOrigin: https://B.example\r\n"
        #expect(try !isRefused(fields, origins: ["https://b.example"]))
        #expect(try isRefused(fields, origins: ["http://b.example"]))
        #expect(try !isRefused("Host: x\r\nOrigin: null\r\n", origins: ["*"]))
    }

    @Test(arguments: [
        ("Host: a.example\r\nX-Forwarded-Proto: https\r\nOrigin: https://a.example\r\n", false),
        ("Host: a.example\r\nX-Forwarded-Proto: https\r\nOrigin: http://a.example\r\n", true),
        ("Host: a.example\r\nX-Forwarded-Proto: http\r\nOrigin: http://a.example\r\n", false),
        ("Host: a.example\r\nX-Forwarded-Proto: http\r\nOrigin: https://a.example\r\n", false),
        ("Host: 127.0.0.1:8081\r\nX-Forwarded-Host: a.example\r\nOrigin: https://a.example\r\n", false),
        ("Host: 127.0.0.1:8081\r\nX-Forwarded-Host: a.example\r\nOrigin: https://b.example\r\n", true),
        ("Host: 127.0.0.1:8081\r\nX-Forwarded-Host: b.example, a.example\r\nOrigin: https://b.example\r\n", true),
        ("Host: b.example\r\nX-Forwarded-Host: b.example, a.example\r\nOrigin: https://b.example\r\n", false),
        ("Host: 127.0.0.1:8081\r\nX-Forwarded-Host: b.example, a.example\r\nOrigin: https://a.example\r\n", false),
        ("Host: c.example\r\nX-Forwarded-Host: b.example, a.example\r\nOrigin: https://c.example\r\n", true),
        ("Host: a.example\r\nX-Forwarded-Proto: wss\r\nOrigin: http://a.example\r\n", true),
        ("Host: a.example\r\nX-Forwarded-Proto: wss\r\nOrigin: https://a.example\r\n", false),
        ("Host: a.example\r\nX-Forwarded-Proto: ws\r\nOrigin: http://a.example\r\n", false),
        ("Host: localhost\r\nX-Forwarded-For: 127.0.0.1\r\nOrigin: http://localhost:3000\r\n", true),
    ])
    func `behind a trusted proxy host and scheme are those it was asked by`(fields: String, isRefused: Bool) throws {
        #expect(try self.isRefused(fields, trusting: ["127.0.0.1"]) == isRefused)
    }
}
