import Testing
import WSQueueCore

struct ChannelPatternTests {
    @Test(arguments: [
        ("orders", "orders", true), ("orders", "orders.1", false), ("orders.*", "orders.1", true),
        ("orders.*", "orders", false), ("orders.*", "orders.1.2", false), ("orders.**", "orders.1.2", true),
        ("orders.**", "orders", true), ("orders.**", "order", false), ("**", "a.b", true), ("*", "a", true),
        ("*", "a.b", false), ("*.b", "a.b", true), ("a.*.c", "a.b.c", true), ("a.*.c", "a.b.d", false),
        ("a..b", "a..b", true), ("a.*", "a.", true), ("orders.*", "orderss.1", false),
    ])
    func `a pattern matches by segments`(pattern: String, channel: String, isMatch: Bool) throws {
        #expect(try #require(ChannelPattern(pattern)).matches(channel) == isMatch)
    }

    @Test(arguments: ["", "a*", "*a.b", "**.a", "a.***", "a b", "é", "a.**.**", String(repeating: "a", count: 256)])
    func `what is no pattern is refused`(text: String) {
        #expect(ChannelPattern(text) == nil)
    }

    @Test func `a pattern without stars is a channel`() throws {
        #expect(try #require(ChannelPattern("a.b")).isChannel)
        #expect(try !#require(ChannelPattern("a.*")).isChannel)
        #expect(try !#require(ChannelPattern("**")).isChannel)
    }
}
