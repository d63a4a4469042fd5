import Testing
import WSQueueNet

struct IPAddressTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("2001:DB8:0:0::1", "2001:db8::1"), ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:7f00:1", "127.0.0.1"), ("::1", "::1"),
    ])
    func `an address has one text`(text: String, means: String) {
        #expect(IPAddress(text)?.description == means)
    }

    @Test(arguments: [
        "", "localhost", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", " ::1", "[::1]", "fe80::1%lo",
        "1.2.3.4\0", "::1\0x", "12345::", "0x7f.0.0.1", "1.2.3.4:80",
    ])
    func `everything else is none`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("10.0.0.0/8", "10.255.0.1", true),
        ("10.0.0.0/8", "11.0.0.0", false), ("10.1.2.3/8", "10.9.9.9", true), ("192.0.2.128/25", "192.0.2.127", false),
        ("192.0.2.128/25", "192.0.2.255", true), ("0.0.0.0/0", "203.0.113.1", true), ("0.0.0.0/0", "::1", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/33", "2001:db8:8000::1", false),
        ("::/0", "203.0.113.1", false), ("::ffff:192.0.2.1", "192.0.2.1", true), ("unix", "127.0.0.1", false),
    ])
    func `a range has its addresses`(range: String, address: String, isOne: Bool) throws {
        let range = try #require(AddressRange.parse(range))
        let one = try #require(IPAddress(address))
        #expect(range.contains(one) == isOne)
        #expect(range.contains(.internet(host: address, port: 80)) == isOne)
    }

    @Test func `whoever comes by a Unix socket is in a range of their own`() {
        #expect(AddressRange.parse("unix:") == .unix)
        #expect(AddressRange.unix.contains(.unix(path: "")))
        #expect(AddressRange.parse("0.0.0.0/0")?.contains(.unix(path: "")) == false)
    }

    @Test(arguments: [
        "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "::/129", "example.org",
        "unix:/run/nginx.sock", "10.0.0.0-10.0.0.9", "::ffff:10.0.0.0/104", "*",
    ])
    func `what is no range is refused`(text: String) {
        #expect(AddressRange.parse(text) == nil)
    }
}
