import Testing
import WSQueueBroker

struct ChannelTemplateTests {
    @Test(arguments: [
        ("orders", "orders", [:]), ("order.{id}", "order.7", ["id": "7"]),
        ("order.{id}", "order.a-b:c_d", ["id": "a-b:c_d"]),
        (#"order.{id:\d+}"#, "order.42", ["id": "42"]), (#"{a}.{b}"#, "x.y", ["a": "x", "b": "y"]),
        (#"u-{id:\d{2,3}}"#, "u-123", ["id": "123"]), ("{kind:foo|bar}.x", "bar.x", ["kind": "bar"]),
        ("{kind:foo|foobar}.x", "foobar.x", ["kind": "foobar"]), ("{rest:.+}", "a.b.c", ["rest": "a.b.c"]),
        ("order[.{id}]", "order", [:]), ("order[.{id}]", "order.9", ["id": "9"]), ("a[b[c]]", "ab", [:]),
        ("a[b[c]]", "abc", [:]), ("{x:[a-c_]+}d", "abc_d", ["x": "abc_"]),
        ("{x:[^.]+}.{y:\\w*}z", "a-b.z", ["x": "a-b"]),
        ("{x:a?b*}c", "bbc", ["x": "bb"]), ("{x:[]a]+}", "a", ["x": "a"]), (#"{x:\.}"#, ".", ["x": "."]),
        (#"{x:\d{2}}"#, "12", ["x": "12"]), ("{x:[0-9a-f]{4,}}", "00ffee", ["x": "00ffee"]),
    ])
    func `a name that matches gives its captures`(template: String, channel: String, captures: [String: String]) throws
    {
        #expect(try ChannelTemplate(template).captures(of: channel) == captures)
    }

    @Test(arguments: [
        ("orders", "orders.1"), ("orders", "order"), ("orders", "Orders"), ("order.{id}", "order."),
        ("order.{id}", "order.1.2"), ("order.{id}", "xorder.1"), (#"order.{id:\d+}"#, "order.1a"),
        (#"order.{id:\d+}"#, "order."), (#"u-{id:\d{2,3}}"#, "u-1234"), (#"u-{id:\d{2,3}}"#, "u-1"),
        ("{kind:foo|bar}", "fo"), ("{kind:foo|bar}", "foobar"), ("order[.{id}]", "order."), ("a[b[c]]", "ac"),
        ("a.b", "axb"), ("{x:[^.]+}", "a.b"), ("{x:[a-c]}", "d"), ("{a}", ""), ("a[b]", "abb"),
    ])
    func `a name that does not match gives nothing`(template: String, channel: String) throws {
        #expect(try ChannelTemplate(template).captures(of: channel) == nil)
    }

    @Test(arguments: [
        ("", 0), ("a b", 1), ("é", 0), ("order.*", 6), ("a/b", 1), ("{", 1), ("{}", 1), ("{1a}", 3), ("{a", 2),
        ("{a:", 3),
        ("{a:}", 3), ("{a:x", 4), ("{a}{a}", 3), ("a}", 1), ("a]", 1), ("[a", 2), ("{a:(x)}", 3), ("{a:x|}", 5),
        ("{a:+}", 3),
        ("{a:^x}", 3), ("{a:x{3,2}}", 8), ("{a:x{999}}", 7), ("{a:\\s}", 4), ("{a:\\ }", 4), ("{a:\\é}", 4),
        ("{a:\\\u{7F}}", 4), ("{a:[z-a]}", 5), ("{a:[x}", 6),
        ("{a:x{}}", 5),
        ("{a:\\", 4),
    ])
    func `what is no template is refused where it goes wrong`(text: String, offset: Int) {
        #expect(throws: TemplateFault.self) { try ChannelTemplate(text) }
        do throws(TemplateFault) { _ = try ChannelTemplate(text) } catch { #expect(error.offset == offset) }
    }

    @Test func `a template made to take long takes no longer than its size times the name's`() throws {
        let template = try ChannelTemplate("{x:\(String(repeating: "a*", count: 200))}b")
        let clock = ContinuousClock()
        let elapsed = clock.measure {
            #expect(template.captures(of: String(repeating: "a", count: 255)) == nil)
        }
        // Tried in all ways this would outlast the universe.
        #expect(elapsed < .seconds(20))
    }

    @Test func `a template that is too long is refused`() {
        #expect(throws: TemplateFault.self) { try ChannelTemplate("{x:\(String(repeating: "a{255}", count: 40))}") }
    }
}
