import Testing
import WSQueueNet
import WSQueueSystem

struct ResolverTests {
    private func answers(_ mailbox: Mailbox<Resolver.Answer>) -> [Resolver.Answer] {
        let deadline = Clock.monotonicNanoseconds() + 30_000_000_000
        while mailbox.isEmpty, Clock.monotonicNanoseconds() < deadline { Clock.pause() }
        return mailbox.take()
    }

    @Test func `a host is looked up once at a time, and then again`() throws {
        let mailbox = Mailbox<Resolver.Answer>(wakeup: try Wakeup())
        var resolver = Resolver { mailbox.post($0) }
        let host = Resolver.Host(name: "127.0.0.1", port: 80)
        for _ in 0..<3 { resolver.lookUp(host) }
        let first = try #require(answers(mailbox).first)
        #expect(first.host == host)
        #expect(first.addresses == [.internet(host: "127.0.0.1", port: 80)])
        // The other two began nothing: the third host's answer is the next.
        let other = Resolver.Host(name: "127.0.0.2", port: 80)
        resolver.lookUp(other)
        #expect(answers(mailbox).map(\.host) == [other])
        resolver.finish(first)
        resolver.lookUp(host)
        #expect(answers(mailbox).map(\.host) == [host])
    }

    @Test func `a name without an address has an answer too`() throws {
        let mailbox = Mailbox<Resolver.Answer>(wakeup: try Wakeup())
        var resolver = Resolver { mailbox.post($0) }
        resolver.lookUp(Resolver.Host(name: "", port: 80))
        resolver.lookUp(Resolver.Host(name: "a name with spaces", port: 80))
        var found = answers(mailbox)
        if found.count == 1 { found += answers(mailbox) }
        #expect(found.count == 2)
        #expect(found.filter { $0.host.name != "" }.allSatisfy { $0.addresses.isEmpty })
    }

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:1"), ("::1", "[::1]:1"), ("localhost", nil), ("redis.test", nil), ("", nil),
        ("fe80::1%lo", nil),
    ])
    func `an address needs no lookup`(name: String, means: String?) {
        #expect(Resolver.Host(name: name, port: 1).address?.description == means)
    }
}
