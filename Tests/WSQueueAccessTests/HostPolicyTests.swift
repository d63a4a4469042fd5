import Testing
import WSQueueAccess
import WSQueueNet
import WSQueueOperation
import WSQueueWire

struct HostPolicyTests {
    private func isRefused(
        _ fields: String, origins: [String] = [], names: [String] = [], listen: String = "127.0.0.1:8081",
        trusting: [String] = [], peer: String = "127.0.0.1:40000", version: String = "1.1"
    ) throws -> Bool {
        var configuration = Configuration()
        configuration.origins = try origins.map { try OriginPattern($0) }
        configuration.hostNames = names
        configuration.addresses = [try #require(Address.parse(listen))]
        var parser = RequestParser()
        let request = Array("GET /cursor HTTP/\(version)\r\n\(fields)\r\n".utf8)
        let (head, _) = try #require(try parser.receive(request.span))
        let proxies = TrustedProxies(try trusting.map { try #require(AddressRange.parse($0)) })
        let source = proxies.source(of: head, from: try #require(Address.parse(peer)))
        return HostPolicy(configuration).refusal(of: head, from: source) != nil
    }

    @Test(arguments: ["localhost", "LOCALHOST:1", "localhost.", "a.localhost", "127.0.0.1:80", "127.9.9.9", "[::1]:1"])
    func `a server of this machine answers to its names`(host: String) throws {
        for listen in ["127.0.0.1:0", "[::1]:0", "unix:/run/s"] {
            #expect(try !isRefused("Host: \(host)\r\n", listen: listen))
        }
    }

    @Test(arguments: ["evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "0.0.0.0", "[::2]", "", "192.0.2.1"])
    func `and to no others, whatever else is said`(host: String) throws {
        for more in ["", "Origin: http://\(host)\r\n", "X-Forwarded-Host: localhost\r\n", "Sec-Fetch-Site: none\r\n"] {
            #expect(try isRefused("Host: \(host)\r\n\(more)"))
            #expect(try isRefused("Host: \(host)\r\n\(more)", listen: "unix:/run/s"))
        }
    }

    @Test func `an absolute target counts more than the field`() throws {
        var parser = RequestParser()
        let request = Array("GET http://evil.test/cursor HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
        let (head, _) = try #require(try parser.receive(request.span))
        let source = TrustedProxies([]).source(of: head, from: .internet(host: "127.0.0.1", port: 1))
        #expect(HostPolicy(Configuration()).refusal(of: head, from: source) != nil)
    }

    @Test func `names that were given, the hosts of origins, and what proxies pass on`() throws {
        #expect(try !isRefused("Host: a.example:9\r\n", names: ["a.example"]))
        #expect(try isRefused("Host: b.a.example\r\n", names: ["a.example"]))
        #expect(try !isRefused("Host: a.example:9\r\n", origins: ["https://a.example:8443"]))
        #expect(try !isRefused("Host: b.a.example\r\n", origins: ["https://*.a.example"]))
        #expect(try isRefused("Host: a.example\r\n", origins: ["https://*.a.example"]))
        #expect(try isRefused("Host: a.example.evil\r\n", origins: ["https://a.example", "null"]))
        #expect(try !isRefused("Host: x\r\n", origins: ["*"]))
        // A browser says so only of the page itself, whatever its name leads to.
        let listed = ["https://a.example", "null"]
        #expect(try !isRefused("Host: ws.example\r\nOrigin: https://A.example\r\n", origins: listed))
        for origin in ["http://ws.example", "null", "https://a.example\r\nOrigin: http://ws.example"] {
            #expect(try isRefused("Host: ws.example\r\nOrigin: \(origin)\r\n", origins: listed))
        }
        #expect(try !isRefused("Host: x\r\n", trusting: ["127.0.0.1"]))
        #expect(try isRefused("Host: x\r\nX-Forwarded-For: 192.0.2.1\r\n", trusting: ["10.0.0.0/8"]))
        #expect(try !isRefused("", version: "1.0"))
    }

    @Test func `where others are listened to, names are asked for only when they were given`() throws {
        let listen = "0.0.0.0:8081"
        #expect(try !isRefused("Host: x\r\n", listen: listen, peer: "192.0.2.1:1"))
        #expect(try isRefused("Host: x\r\n", names: ["a.example"], listen: listen, peer: "192.0.2.1:1"))
        #expect(try isRefused("Host: localhost\r\n", names: ["a.example"], listen: listen, peer: "192.0.2.1:1"))
        #expect(try !isRefused("Host: localhost\r\n", names: ["a.example"], listen: listen))
        let passedOn = "Host: inner\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Host: a.example\r\n"
        #expect(try isRefused(passedOn, names: ["a.example"], listen: listen))
        #expect(try !isRefused(passedOn, names: ["a.example"], listen: listen, trusting: ["127.0.0.1"]))
    }
}
