import Testing
import WSQueueOperation

struct OriginPatternTests {
    @Test(arguments: [
        ("https://example.org", "https://example.org"), ("https://example.org/", "https://example.org"),
        ("https://EXAMPLE.org", "https://example.org"), ("HTTPS://example.org:443", "https://example.org"),
        ("http://example.org:80/", "http://example.org"), ("https://example.org:0443", "https://example.org"),
        ("https://example.org:80", "https://example.org:80"), ("http://localhost:5173", "http://localhost:5173"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"), ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://xn--exmple-cua.org", "https://xn--exmple-cua.org"), ("http://my_host.", "http://my_host."),
        ("https://example.org:", "https://example.org"), ("null", "null"), ("NULL", "null"),
        ("capacitor://localhost", "capacitor://localhost"), ("ionic://localhost/", "ionic://localhost"),
        ("file://", "file://"), ("file:///", "file://"), ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ("app+x.y://obsidian.md", "app+x.y://obsidian.md"),
    ])
    func `an origin is taken as browsers send it`(text: String, sent: String) throws {
        #expect(try OriginPattern(text) == .one(sent))
        #expect(try OriginPattern(text).matches(sent))
    }

    @Test(arguments: [
        ("", "https://example.org"), ("example.org", "https://example.org"), ("//example.org", "https://example.org"),
        ("example.org:8443/x", "https://example.org:8443"), ("localhost:3000", "https://localhost:3000"),
        ("https:/example.org", "https://"), ("'https://example.org'", "https://"), ("self", "https://self"),
        ("https://a.org,https://b.org", "--origin https://a.org --origin https://b.org"),
        ("https://a.org https://b.org", "--origin https://a.org --origin https://b.org"),
        ("https://a.org,", "--origin https://a.org"), (" https://a.org", "--origin https://a.org"),
        ("https://example.org/app", "write https://example.org"), ("https://example.org//", "https://example.org"),
        ("https://example.org?x", "write https://example.org"), ("https://example.org#x", "write https://example.org"),
        ("https://user:pw@example.org", "write https://example.org"), ("wss://example.org", "https://example.org"),
        ("ws://example.org:81", "http://example.org:81"), ("ftp://example.org", "https://example.org"),
        ("*://example.org", "https://example.org"), ("http*://example.org", "https://example.org"),
        ("https://*", "write * for every page"), ("https://*.", "https://*.example.org"),
        ("https://*example.org", "*."),
        ("https://a.*.org", "https://example.org"), ("https://*.*.org", "https://example.org"),
        ("http://localhost:*", "http://localhost:5173"), ("http://localhost:0", ":5173"),
        ("http://localhost:70000", ":5173"), ("http://localhost:8080-8090", ":5173"),
        ("https://", "https://example.org"),
        ("https://.", "https://"), ("https://a..org", "https://"), ("https://.example.org", "https://example.org"),
        ("https://b\u{FC}cher.example", "xn--"), ("http://127.1", "four numbers"),
        ("http://2130706433", "four numbers"),
        ("http://0x7f.0.0.1", "four numbers"), ("http://127.0.0.01", "four numbers"),
        ("http://1.2.3.4.5", "four numbers"),
        ("http://[0:0:0:0:0:0:0:1]", "write http://[::1]"), ("http://[::1", "http://[::1]"), ("http://::1", "http://"),
        ("http://[::FFFF:127.0.0.1]", "write http://127.0.0.1"), ("https://*.10.0.0.1", "no names below"),
        ("about:blank", "write null"), ("data:", "write null"), ("blob:https://example.org", "write null"),
        ("https://*.[::1]", "no names below"), ("https://*.[::1]:8443", "no names below"),
        ("https://*.[2001:db8::1]", "no names below"), ("javascript://x", "write null"), ("about://x", "write null"),
        ("blob://x", "write null"), ("data://x", "write null"), ("DATA://x", "write null"),
        ("view-source://example.org", "write null"), ("filesystem://x", "write null"),
        ("ws+unix://x", "https://example.org"), ("wss+unix://x", "https://example.org"),
        ("http+unix://x", "https://example.org"), ("redis://example.org", "https://example.org"),
        ("ssh://example.org", "https://example.org"),
        ("capacitor://*", "capacitor://localhost"), ("capacitor://a/b", "write capacitor://a"), ("**", "https://"),
    ])
    func `what no browser sends is refused with what to write`(text: String, advice: String) {
        let fault = #expect(throws: OriginPattern.Fault.self) { try OriginPattern(text) }
        #expect(fault?.advice.contains(advice) == true, "\(fault?.advice ?? "")")
    }

    @Test(arguments: [
        ("https://*.example.org", "https://a.example.org", true),
        ("https://*.example.org", "https://a.b.example.org", true),
        ("https://*.example.org:443", "https://a.example.org", true),
        ("https://*.EXAMPLE.org", "https://a.example.org", true),
        ("https://*.example.org", "https://a.example.org:443", true),
        ("https://*.example.org", "https://example.org", false),
        ("https://*.example.org", "https://.example.org", false),
        ("https://*.example.org", "http://a.example.org", false),
        ("https://*.example.org", "https://a.example.org:8443", false),
        ("https://*.example.org:8443", "https://a.example.org:8443", true),
        ("https://*.example.org:8443", "https://a.example.org", false),
        ("https://*.example.org", "https://evilexample.org", false),
        ("https://*.example.org", "https://a.example.org.evil", false),
        ("https://*.example.org", "https://evil/.example.org", false),
        ("https://*.example.org", "https://evil@a.example.org", false), ("https://*.example.org", "null", false),
        ("https://example.org", "https://example.org:443", true),
        ("https://example.org:443", "https://example.org:443", true),
        ("http://example.org", "http://example.org:80", true), ("http://example.org", "http://example.org:443", false),
        ("https://example.org", "https://a.example.org", false), ("null", "null", true), ("null", "", false),
        ("file://", "null", false), ("*", "anything", true), ("*", "null", true),
    ])
    func `a pattern matches what is meant and nothing else`(pattern: String, origin: String, matches: Bool) throws {
        #expect(try OriginPattern(pattern).matches(origin) == matches)
    }
}
