import Testing
import WSQueueNet

struct AddressTests {
    @Test(arguments: [
        ("127.0.0.1:8081", "127.0.0.1:8081"), ("[::1]:8081", "[::1]:8081"), ("localhost:1", "127.0.0.1:1"),
        (":80", "127.0.0.1:80"), ("80", "127.0.0.1:80"), ("0.0.0.0:0", "0.0.0.0"), ("unix:/run/a", "unix:/run/a"),
    ])
    func `what people write is understood`(text: String, means: String) {
        #expect(Address.parse(text)?.description == means)
    }

    @Test(arguments: [
        "", "example.org:80", "127.0.0.1:65536", "127.0.0.1:", "127.0.0.1:-1", "::1:80", "[::1]", "[::g]:80", "unix:",
        "127.0.0.1:8081 ", "1.2.3:80", "unix:" + String(repeating: "a", count: 108),
    ])
    func `what is no address is refused`(text: String) {
        #expect(Address.parse(text) == nil)
    }

    @Test func `loopback and Unix addresses reach only this machine`() {
        #expect(Address.parse("127.0.0.2:1")?.isLoopback == true)
        #expect(Address.parse("[::1]:1")?.isLoopback == true)
        #expect(Address.parse("unix:/a")?.isLoopback == true)
        #expect(Address.parse("0.0.0.0:1")?.isLoopback == false)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.2", false), ("192.0.2.1", "192.0.2.1", true),
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true), ("2001:db8::1", "2001:db8:0:1::1", false),
        ("::1", "::2", true), ("192.0.2.1", "::192.0.2.1", false),
    ]) func `a block is an IPv4 address or the 64 bits in front of an IPv6 one`(
        one: String, other: String, isSame: Bool
    ) {
        let blocks = [one, other].map { Address.internet(host: $0, port: 80).block }
        #expect(blocks.allSatisfy { $0 != nil })
        #expect((blocks[0] == blocks[1]) == isSame)
    }

    @Test func `a Unix socket has no block`() {
        #expect(Address.unix(path: "/run/wsqueue.sock").block == nil)
    }
}
