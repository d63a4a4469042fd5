import Testing
import WSQueueBroker
import WSQueueCore

/// Who may publish what, as a file of rules says it.
struct PublisherRulesTests {
    private static let users: [String: UInt32] = ["www-data": 33, "ann": 1_001, "7": 1_007]
    private static let groups: [String: UInt32] = ["ops": 200, "www-data": 33]

    private func decode(_ text: String) throws -> PublisherRules {
        try PublisherRuleFile.decode(
            Array(text.utf8).span, user: { Self.users[$0] ?? UInt32($0) }, group: { Self.groups[$0] ?? UInt32($0) })
    }

    private static let rules = #"""
        [{"from": ["www-data", "@ops"], "event": "order.*", "channel": "orders"},
         {"from": "ann", "event": ["chat", "typing"], "channel": ["chat.*", "room.**"]},
         {"from": "ann", "event": "note", "channel": ["", "notes"]},
         {"from": "1002"},
         {"from": "http:2", "channel": "web"}, {"from": "client:*", "event": "said"},
         {"from": "*", "event": "ping", "channel": "ping"}]
        """#

    private static let www = EventPublisher.user(33, groups: [33])
    private static let ops = EventPublisher.user(1_005, groups: [1_005, 200])
    private static let ann = EventPublisher.user(1_001, groups: [1_001])
    private static let any = EventPublisher.user(1_002, groups: [])

    @Test(
        arguments: [
            (www, "order.created", ["orders"], nil), (ops, "order.", ["orders"], nil),
            (www, "order.created", [], .channelless), (www, "order.created", ["orders", "other"], .channel("other")),
            (www, "orders", ["orders"], .event), (www, "Order.created", ["orders"], .event),
            (ann, "order.created", ["orders"], .event), (.unknown, "order.created", ["orders"], .event),
            (.named("33"), "order.created", ["orders"], .event),
            // What two rules permit together is permitted; what each would be for another event is not.
            (ann, "chat", ["chat.a", "room", "room.a.b"], nil), (ann, "chat", ["chat.a.b"], .channel("chat.a.b")),
            (ann, "chat", ["notes"], .channel("notes")), (ann, "typing", [], .channelless),
            (ann, "note", [], nil), (ann, "note", ["notes"], nil), (ann, "note", ["chat.a"], .channel("chat.a")),
            (any, "anything", [], nil), (any, "anything", ["private.x"], nil),
            (.named("http:2"), "e", ["web"], nil), (.named("http:2"), "e", [], .channelless),
            (.named("http:1"), "e", ["web"], .event), (.named("http:22"), "e", ["web"], .event),
            (.named("client:42"), "said", ["room"], nil), (.named("client:42"), "e", ["room"], .event),
            (.unknown, "ping", ["ping"], nil), (www, "ping", ["ping"], nil), (.unknown, "ping", [], .channelless),
        ] as [(EventPublisher, String, [String], PublisherRules.Refusal?)])
    func `what no rule permits is refused`(
        publisher: EventPublisher, event: String, channels: [String], refusal: PublisherRules.Refusal?
    ) throws {
        let rules = try decode(Self.rules)
        #expect(rules.count == 7 && rules.doubts.isEmpty)
        #expect(rules.refusal(of: publisher, event: event.utf8.span, channels: channels) == refusal)
    }

    @Test func `who is named by no rule is told from who is`() throws {
        let rules = try decode(#"[{"from": "@ops"}]"#)
        #expect(rules.name(Self.ops) && !rules.name(Self.www) && !PublisherRules.none.name(Self.ops))
    }

    @Test func `no rule permits nothing`() throws {
        #expect(try decode(" [ ] ").refusal(of: Self.www, event: "e".utf8.span, channels: []) == .event)
        #expect(PublisherRules.none.refusal(of: Self.www, event: "e".utf8.span, channels: ["c"]) == .event)
    }

    @Test func `a name of digits is looked up before it is a number`() throws {
        let rules = try decode(#"[{"from": "7"}]"#)
        #expect(rules.refusal(of: .user(1_007, groups: []), event: "e".utf8.span, channels: []) == nil)
        #expect(rules.refusal(of: .user(7, groups: []), event: "e".utf8.span, channels: []) == .event)
    }

    @Test func `users and groups that do not exist are named, and mean nobody`() throws {
        let rules = try decode("[{\"from\": \"www-data\"},\n{\"from\": [\"bob\", \"@nogrp\"]}]")
        #expect(rules.doubts.count == 2 && rules.doubts.allSatisfy { $0.hasPrefix("line 2: ") })
        #expect(rules.doubts[0].contains("\"bob\"") && rules.doubts[1].contains("\"nogrp\""))
        for publisher in [Self.ann, .unknown, .named("client:bob")] {
            #expect(rules.refusal(of: publisher, event: "e".utf8.span, channels: []) == .event)
        }
    }

    @Test(
        arguments: [
            ("{}", 1, "list"), ("", 1, ""), ("[\n1]", 2, "a rule"), ("[{}]", 1, "without \"from\""),
            (#"[{"from": "a", "form": "b"}]"#, 1, "\"form\""), (#"[{"from": []}]"#, 1, "empty list"),
            (#"[{"from": 7}]"#, 1, "string"), (#"[{"from": "ann", "from": "ann"}]"#, 1, "twice"),
            (#"[{"from": ""}]"#, 1, "no publisher"), (#"[{"from": "@"}]"#, 1, "no publisher"),
            (#"[{"from": "https:2"}]"#, 1, "no publisher"), (#"[{"from": "http:"}]"#, 1, "no publisher"),
            (#"[{"from": "http:x"}]"#, 1, "no publisher"), (#"[{"from": "http:0"}]"#, 1, "no publisher"),
            (#"[{"from": "http:02"}]"#, 1, "no publisher"),
            (#"[{"from": "ann", "event": "a,b"}]"#, 1, "names of events"),
            (#"[{"from": "ann", "event": ""}]"#, 1, "names of events"),
            (#"[{"from": "ann", "event": null}]"#, 1, "string"),
            ("[{\"from\": \"ann\"},\n\n {\"from\": \"ann\",\n\"channel\": \"a*\"}]", 4, "no channel"),
            (#"[{"from": "ann", "channel": "**.a"}]"#, 1, "no channel"), (#"[{"from": "ann"},]"#, 1, ""),
        ])
    func `a file with a mistake is refused as a whole, with the line`(text: String, line: Int, reason: String) throws {
        let fault = #expect(throws: RuleFault.self) { try decode(text) }
        #expect(fault?.line == line)
        #expect(fault?.reason.contains(reason) == true || reason.isEmpty, "\(fault?.reason ?? "")")
    }
}
