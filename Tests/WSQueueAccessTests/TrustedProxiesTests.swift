import Support
import Testing
import WSQueueAccess
import WSQueueNet
import WSQueueWire

struct TrustedProxiesTests {
    private static let proxy = "127.0.0.1:40000"

    private func head(_ fields: [String], host: String = "127.0.0.1:8081") throws -> RequestHead {
        var parser = RequestParser()
        let lines = ["GET /status.json HTTP/1.1", "Host: \(host)"] + fields + ["", ""]
        let request = Array(lines.joined(separator: "\r\n").utf8)
        return try #require(try parser.receive(request.span)).0
    }

    private func source(
        _ fields: [String], from peer: String = proxy, trusting ranges: [String] = ["127.0.0.1", "10.0.0.0/8", "unix"]
    ) throws -> RequestSource {
        let proxies = TrustedProxies(try ranges.map { try #require(AddressRange.parse($0)) })
        let address = peer == "unix" ? Address.unix(path: "") : try #require(Address.parse(peer))
        return proxies.source(of: try head(fields), from: address)
    }

    @Test(arguments: [
        (["X-Forwarded-For: 203.0.113.9"], "203.0.113.9"), (["x-forwarded-FOR:203.0.113.9"], "203.0.113.9"),
        (["X-Forwarded-For: 203.0.113.9, 10.0.0.7"], "203.0.113.9"),
        (["X-Forwarded-For: 198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        (["X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 203.0.113.9"], "203.0.113.9"),
        (["X-Forwarded-For: 198.51.100.1,203.0.113.9,10.0.0.7,10.0.0.8"], "203.0.113.9"),
        (["X-Forwarded-For: 203.0.113.9:4711"], "203.0.113.9:4711"), (["X-Forwarded-For: 2001:DB8::7"], "2001:db8::7"),
        (["X-Forwarded-For: [2001:db8::7]"], "2001:db8::7"),
        (["X-Forwarded-For: [2001:db8::7]:4711"], "[2001:db8::7]:4711"),
        (["X-Forwarded-For: ::ffff:203.0.113.9"], "203.0.113.9"), (["X-Forwarded-For: 10.0.0.1, 10.0.0.2"], "10.0.0.1"),
        (["X-Forwarded-For: 127.0.0.1"], "127.0.0.1"), (["X-Forwarded-For: ,, 203.0.113.9 ,,"], "203.0.113.9"),
        (["X-Forwarded-For: 203.0.113.9", "Forwarded: for=198.51.100.1"], "203.0.113.9"),
        (["X-Forwarded-For: 203.0.113.9", "X-Real-IP: 198.51.100.1"], "203.0.113.9"),
    ])
    func `the client is the nearest that is no proxy`(fields: [String], address: String) throws {
        let source = try source(fields)
        #expect(source.address.description == address)
        #expect(source.isTrusted && source.isPassedOn)
        #expect(try !source.isLocal(head(fields)))
    }

    @Test(arguments: [
        ("X-Forwarded-For: unknown", proxy), ("X-Forwarded-For:", proxy), ("X-Forwarded-For: 203.0.113", proxy),
        ("X-Forwarded-For: \"203.0.113.9\"", proxy), ("X-Forwarded-For: 203.0.113.9;x", proxy),
        ("X-Forwarded-For: 203.0.113.9:99999", proxy), ("X-Forwarded-For: 203.0.113.9:", proxy),
        ("X-Forwarded-For: [203.0.113.9]:80", proxy), ("X-Forwarded-For: fe80::1%eth0", proxy),
        ("X-Forwarded-For: [::1", proxy), ("X-Forwarded-For: ]", proxy), ("X-Forwarded-For: :", proxy),
        ("X-Forwarded-For: 203.0.113.9, evil, 10.0.0.7", "10.0.0.7"), ("X-Forwarded-For: 203.0.113.9, \u{FF11}", proxy),
        ("X-Forwarded-For: 203.0.113.9 198.51.100.1", proxy), ("Forwarded: for=203.0.113.9", proxy),
        ("X-Real-IP: 203.0.113.9", proxy), ("Via: 1.1 somebody", proxy), ("X-Forwarded-Proto: https", proxy),
    ])
    func `what is no address ends the search, and takes the privileges all the same`(
        field: String, address: String
    ) throws {
        let source = try source([field])
        #expect(source.address.description == address)
        #expect(try !source.isLocal(head([field])))
    }

    @Test(arguments: ["127.0.0.2:1", "192.0.2.1:1", "[::1]:1", "11.0.0.1:1"])
    func `who is not trusted is not believed`(peer: String) throws {
        let fields = [
            "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: example.org",
        ]
        let source = try source(fields, from: peer)
        #expect(source.address.description == peer)
        #expect(!source.isTrusted && source.isPassedOn && !source.isSecure && source.hosts.isEmpty)
        #expect(try !source.isLocal(head(fields)))
    }

    @Test func `who comes by a Unix socket is believed where that is said`() throws {
        let fields = ["X-Forwarded-For: 203.0.113.9"]
        #expect(try source(fields, from: "unix").address.description == "203.0.113.9")
        #expect(try source(fields, from: "unix", trusting: ["0.0.0.0/0"]).address == .unix(path: ""))
    }

    @Test func `only a program on this machine that asks this machine itself is local`() throws {
        for peer in ["127.0.0.1:1", "127.0.0.2:1", "[::1]:1", "unix"] {
            let source = try source([], from: peer)
            for host in ["127.0.0.1:8081", "localhost", "[::1]:8081", "app.localhost"] {
                #expect(try source.isLocal(head([], host: host)))
            }
            for host in ["example.org", "127.0.0.1.example.org", "203.0.113.1", ""] {
                #expect(try !source.isLocal(head([], host: host)))
            }
        }
        #expect(try !source([], from: "192.0.2.1:1").isLocal(head([])))
        #expect(try !source([], from: "10.0.0.7:1").isLocal(head([])))
    }

    @Test(arguments: [
        ("https", true, false), ("HTTPS", true, false), ("http", false, false), ("", false, false),
        ("https, http", false, false), ("http, https", true, false), ("wss", true, false), ("http,WSS", true, false),
        ("ws", false, false), ("httpss", false, false), ("https, http", true, true), ("http, wss", false, true),
        ("https, http, http", false, true), ("https", true, true),
    ])
    func `the scheme is what the first of the trusted proxies says`(value: String, isSecure: Bool, isChain: Bool) throws
    {
        let way = "X-Forwarded-For: 203.0.113.9" + (isChain ? ", 10.0.0.7" : "")
        #expect(try source([way, "X-Forwarded-Proto: \(value)"]).isSecure == isSecure)
    }

    @Test(arguments: [
        ("203.0.113.9", "evil.example, app.example", ["app.example"]), ("203.0.113.9", "", []),
        ("203.0.113.9, 10.0.0.7", "app.example, inner.example", ["app.example", "inner.example"]),
        ("203.0.113.9, 10.0.0.7", "evil.example, app.example, inner.example", ["app.example", "inner.example"]),
        ("10.0.0.9", "evil.example, app.example", ["app.example"]), ("198.51.100.1, 203.0.113.9", "a, b", ["b"]),
        ("203.0.113.9", "127.0.0.1:8081, inner.example", ["inner.example", "127.0.0.1:8081"]),
    ])
    func `the hosts are those that trusted proxies have added, and one that they have kept`(
        way: String, named: String, hosts: [String]
    ) throws {
        let source = try source(["X-Forwarded-For: \(way)", "X-Forwarded-Host: \(named)"])
        #expect(source.hosts.map { String(decoding: $0, as: UTF8.self) } == hosts)
    }

    /// Whatever a client writes stands in front of what the proxy adds.
    @Test func `no client can name another address than its own`() throws {
        var random = SeededGenerator(seed: 7)
        let pieces = [
            "203.0.113.1", "10.0.0.1", "127.0.0.1", "::1", "[::1]:80", ",", ", ", ";", "\"", "unknown", "for=", "\t",
            ":", "[", "]", "%", "é", "x", "0", " ", "unix", "unix:", "/8", "255",
        ]
        for _ in 0..<1_000 {
            let forged = (0..<Int(random.next() % 12)).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }
            let joined = forged.joined()
            for fields in [
                ["X-Forwarded-For: \(joined), 198.51.100.23"],
                ["X-Forwarded-For: \(joined)", "X-Forwarded-For: 198.51.100.23"],
                ["Forwarded: \(joined)", "X-Forwarded-For: \(joined), 198.51.100.23, 10.0.0.7"],
            ] {
                let source = try source(fields)
                #expect(source.address.description == "198.51.100.23", "\(fields)")
                #expect(try !source.isLocal(head(fields)))
            }
            let alone = try source(["X-Forwarded-For: \(joined)"], trusting: [])
            #expect(alone.address.description == Self.proxy)
        }
    }
}
