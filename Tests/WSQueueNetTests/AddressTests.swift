import Testing
import WSQueueNet

struct AddressTests {
    @Test(arguments: [
        ("127.0.0.1:8081", "127.0.0.1:8081"), ("[::1]:8081", "[::1]:8081"), ("localhost:1", "127.0.0.1:1"),
        (":80", "127.0.0.1:80"), ("80", "127.0.0.1:80"), ("0.0.0.0:0", "0.0.0.0:0"), ("unix:/run/a", "unix:/run/a"),
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
}
