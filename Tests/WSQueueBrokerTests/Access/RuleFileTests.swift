import Testing
import WSQueueBroker
import WSQueueCore

struct RuleFileTests {
    static func decode(_ text: String) throws(RuleFault) -> Access {
        Access(rules: try RuleFile.decode(Array(text.utf8).span))
    }

    static func identity(_ user: String, roles: [String] = [], channels: [String]? = nil) -> Identity? {
        Label(user).map {
            Identity(user: $0, roles: roles, channels: channels.map { $0.compactMap { ChannelPattern($0) } })
        }
    }

    static let rules = #"""
        [
          {"channel": "order.{id:\\d+}", "subscribe": "role:admin", "publish": "none"},
          {"channel": "order.{id}", "subscribe": "none"},
          {"channel": "user.{id}[.{part}]", "subscribe": "user:{id}", "publish": "user:{id}"},
          {"channel": "team.{team}.chat", "subscribe": ["role:{team}", "role:boss"], "publish": "authenticated"},
          {"channel": "private.open", "subscribe": "anyone"},
          {"channel": "club.{x}", "subscribe": "claim"},
          {"channel": "app.{x}", "subscribe": ["role:admin", "ask"]},
          {"channel": "private.half", "publish": "anyone"}
        ]
        """#

    @Test(arguments: [
        ("order.7", nil, Access.Verdict.needsUser), ("order.7", identity("a"), .forbidden),
        ("order.7", identity("a", roles: ["admin"]), .allowed),
        ("order.7", identity("a", roles: ["Admin"]), .forbidden),
        ("order.x", identity("a", roles: ["admin"]), .forbidden), ("user.a", identity("a"), .allowed),
        ("user.a", identity("b"), .forbidden), ("user.a.x", identity("a"), .allowed),
        ("user.a.x.y", nil, .allowed), ("team.red.chat", identity("a", roles: ["red"]), .allowed),
        ("team.red.chat", identity("a", roles: ["blue"]), .forbidden),
        ("team.red.chat", identity("a", roles: ["boss"]), .allowed), ("private.open", nil, .allowed),
        ("club.x", identity("a"), .forbidden), ("club.x", identity("a", channels: ["club.y"]), .forbidden),
        ("club.x", identity("a", channels: ["club.*"]), .allowed), ("app.x", nil, .ask),
        ("app.x", identity("a", roles: ["admin"]), .allowed), ("private.half", nil, .needsUser),
        ("private.half", identity("a"), .allowed), ("elsewhere", nil, .allowed), ("private.elsewhere", nil, .needsUser),
    ])
    func `the first rule that matches decides who listens`(
        channel: String, identity: Identity?, verdict: Access.Verdict
    ) throws {
        #expect(try Self.decode(Self.rules).verdict(.subscribe, channel, by: identity) == verdict)
    }

    @Test(arguments: [
        ("order.7", identity("a", roles: ["admin"]), Access.Verdict.forbidden), ("order.x", identity("a"), .forbidden),
        ("user.a", identity("a"), .allowed), ("user.a", nil, .needsUser), ("team.red.chat", identity("a"), .allowed),
        ("private.half", nil, .allowed), ("elsewhere", identity("a"), .forbidden),
    ])
    func `and who sends`(channel: String, identity: Identity?, verdict: Access.Verdict) throws {
        #expect(try Self.decode(Self.rules).verdict(.publish, channel, by: identity) == verdict)
    }

    @Test func `ids are compared by their bytes`() throws {
        // The same letter in one scalar and in two: strings of Swift are equal, users are not.
        let access = try Self.decode(#"[{"channel":"x","subscribe":"user:\u00e9"}]"#)
        #expect(access.verdict(.subscribe, "x", by: Self.identity("\u{E9}")) == .allowed)
        #expect(access.verdict(.subscribe, "x", by: Self.identity("e\u{301}")) == .forbidden)
        let roles = try Self.decode(#"[{"channel":"x","subscribe":"role:\u00e9"}]"#)
        #expect(roles.verdict(.subscribe, "x", by: Self.identity("a", roles: ["e\u{301}"])) == .forbidden)
    }

    @Test(arguments: [
        ("", 1), ("{}", 1), ("null", 1), ("[1]", 1), ("[\n{}]", 2), ("[\n\n{\"channel\":\"a\"}]", 3),
        ("[{\"channel\":\"a\",\n\"subscribe\":\"everyone\"}]", 2), ("[{\"channel\":\"a\",\n\"subscribe\":7}]", 2),
        ("[{\"channel\":\"a\",\n\"subscribe\":[]}]", 2),
        ("[{\"channel\":\"a\",\n\"subscribe\":[\"none\",\n\"x\"]}]", 3),
        ("[{\"channel\":\"a*\",\"subscribe\":\"none\"}]", 1), ("[{\"channel\":7,\"subscribe\":\"none\"}]", 1),
        ("[{\"channel\":\"a\",\"subscribe\":\"none\",\n\"subscibe\":\"none\"}]", 2),
        ("[{\"channel\":\"a\",\"subscribe\":\"none\",\n\"channel\":\"b\"}]", 2),
        ("[{\"channel\":\"a\",\n\"subscribe\":\"none\"},]", 2),
        ("[{\"channel\":\"a\",\"subscribe\":\"user:\"}]", 1), ("[{\"channel\":\"a\",\"subscribe\":\"user:{id}\"}]", 1),
        ("[{\"channel\":\"a.{id}\",\"subscribe\":\"user:{id\"}]", 1),
        ("[{\"channel\":\"a\",\"subscribe\":\"role:\"}]", 1),
        ("[{\"channel\":\"a\",\"subscribe\":\"Anyone\"}]", 1), ("[]x", 1),
        ("[{\"channel\":\"a\",\"subscribe\":null}]", 1),
        ("[{\"subscribe\":\"none\"}]", 1),
    ])
    func `a file with a mistake is refused whole, with its line`(text: String, line: Int) {
        do throws(RuleFault) {
            _ = try Self.decode(text)
            Issue.record("accepted")
        } catch {
            #expect(error.line == line)
            #expect(!error.reason.isEmpty)
        }
    }

    @Test func `an optional capture that took nothing is nobody`() throws {
        let access = try Self.decode(#"[{"channel":"u[.{id}]","subscribe":"user:{id}"}]"#)
        #expect(access.verdict(.subscribe, "u", by: Self.identity("a")) == .forbidden)
        #expect(access.verdict(.subscribe, "u.a", by: Self.identity("a")) == .allowed)
    }

    @Test(arguments: [
        ("news.a", nil, Access.Verdict.forbidden), ("news.a", identity("a"), .forbidden), ("open.x", nil, .allowed),
        ("", nil, .forbidden), ("private.user.a", identity("a"), .forbidden), ("half.x", identity("a"), .forbidden),
    ])
    func `the default is for all channels that no rule names`(
        channel: String, identity: Identity?, verdict: Access.Verdict
    ) throws {
        let access = try Self.decode(
            """
            [{"default":"none"},{"channel":"open.{x}","subscribe":"anyone"},
             {"channel":"half.{x}","publish":"anyone"}]
            """)
        #expect(access.verdict(.subscribe, channel, by: identity) == verdict)
        #expect(access.rules.count == 3)
    }

    @Test(arguments: [
        ("a", nil, Access.Verdict.needsUser), ("a", identity("a"), .allowed), ("", nil, .needsUser),
        ("", identity("a"), .allowed), ("private.user.b", identity("a"), .forbidden),
        ("private.user.a", identity("a"), .allowed), ("private-x", identity("a"), .forbidden),
        ("private-x", identity("a", channels: ["private-x"]), .allowed),
    ])
    func `a default opens nothing that a prefix closes`(
        channel: String, identity: Identity?, verdict: Access.Verdict
    ) throws {
        let access = try Self.decode(#"[{"default":"authenticated"}]"#)
        #expect(access.verdict(.subscribe, channel, by: identity) == verdict)
        #expect(access.verdict(.publish, channel, by: identity) == .forbidden)
    }

    @Test func `events without a channel have a rule of their own, which is no other's`() throws {
        let access = try Self.decode(
            #"[{"channel":"{rest:.*}","subscribe":"none"},{"channel":"","subscribe":"authenticated"}]"#)
        #expect(access.verdict(.subscribe, "", by: nil) == .needsUser)
        #expect(access.verdict(.subscribe, "", by: Self.identity("a")) == .allowed)
        #expect(access.verdict(.subscribe, "a", by: Self.identity("a")) == .forbidden)
    }

    @Test(arguments: ["private-room", "presence-room", "private-", "presence-a.b"])
    func `Pusher's names without a rule are what the token says, or the application is asked`(channel: String) throws {
        let access = Access()
        #expect(access.verdict(.subscribe, channel, by: nil) == .needsUser)
        #expect(access.verdict(.subscribe, channel, by: Self.identity("a")) == .forbidden)
        #expect(access.verdict(.subscribe, channel, by: Self.identity("a", channels: [channel])) == .allowed)
        #expect(Access(hasApplication: true).verdict(.subscribe, channel, by: nil) == .ask)
        let ruled = try Self.decode(#"[{"channel":"{x:.+}","subscribe":"anyone"}]"#)
        #expect(ruled.verdict(.subscribe, channel, by: nil) == .allowed)
    }

    @Test func `a stranger's pattern reaches only what its rule opens`() throws {
        let access = try Self.decode(
            """
            [{"channel":"news.{x}","subscribe":"anyone","patterns":"anyone"},
             {"channel":"staff.{x}","subscribe":"authenticated","patterns":"anyone"},
             {"channel":"room.{x}","subscribe":"anyone"}]
            """)
        #expect(access.opensPatterns && !Access().opensPatterns)
        for channel in ["room.1", "elsewhere", "staff.1"] {
            #expect(!access.reaches(channel, by: nil, isStranger: true), "\(channel)")
        }
        #expect(access.reaches("news.1", by: nil, isStranger: true))
        for channel in ["room.1", "elsewhere", "news.1"] {
            #expect(access.reaches(channel, by: nil, isStranger: false), "\(channel)")
            #expect(access.reaches(channel, by: Self.identity("a"), isStranger: true), "\(channel)")
        }
        #expect(access.reaches("staff.1", by: Self.identity("a"), isStranger: true))
    }

    @Test(arguments: [
        (#"{"channel":"order.{id:\\d+}","subscribe":"role:admin"}"#, "order.x1"),
        (#"{"channel":"{kind:[a-z]+}.{id}","subscribe":"none"}"#, "x1.x"),
        (#"{"channel":"a.{id:\\d{3}}[.{part}]","subscribe":"authenticated"}"#, "a.x1.x"),
        (#"{"channel":"a.{id:\\w+}","subscribe":"authenticated"}"#, "a.x-1"),
        (#"{"channel":"order.{id}","subscribe":"role:admin"}"#, nil),
        (#"{"channel":"order.{id:\\d+}","subscribe":"anyone"}"#, nil),
        (#"{"channel":"order.{id:\\d+}","publish":"none"}"#, nil),
        (#"{"channel":"private.{id:\\d+}","subscribe":"none"}"#, nil),
        (#"{"channel":"order.{id:\\d+}","subscribe":"none"},{"default":"none"}"#, nil),
        (#"{"channel":"order.{id:\\d+}","subscribe":"none"},{"channel":"order.{x:.+}","subscribe":"none"}"#, nil),
    ])
    func `what is open beside a guarded rule is found`(rules: String, channel: String?) throws {
        let gaps = RuleGaps.all(in: try Self.decode("[\(rules)]"))
        #expect(gaps.map(\.channel) == [channel].compactMap(\.self))
    }

    @Test(arguments: [
        #"{"default":"none"},{"default":"none"}"#, #"{"default":"none","channel":"a"}"#, #"{"default":"user:{id}"}"#,
        #"{"default":7}"#, #"{"default":[]}"#, #"{"channel":"a","patterns":"none"}"#, #"{"channel":"a","patterns":1}"#,
        #"{"channel":"a","publish":"anyone","durable":1}"#, #"{"channel":"a","subscribe":"anyone","durable":true}"#,
        #"{"channel":"a","pattern":"anyone"}"#,
    ])
    func `mistakes in these are refused`(rules: String) {
        #expect(throws: RuleFault.self) { try Self.decode("[\(rules)]") }
    }

    @Test func `the first rule about a path decides who connects there, and what is given`() throws {
        let access = try Self.decode(
            """
            [{"connect":"/user/{id}","allow":["user:{id}","role:admin"],"channels":["user.{id}","all"],"greeting":[1.0]},
             {"connect":"/open"},{"connect":"/**","allow":"authenticated"}]
            """)
        let own = access.welcome(at: "/user/a/", by: Self.identity("a"))
        #expect(own.verdict == .allowed && own.channels == ["user.a", "all"] && own.greeting == Array("[1.0]".utf8))
        #expect(access.welcome(at: "/user/a", by: Self.identity("b")).verdict == .forbidden)
        #expect(access.welcome(at: "/user/a", by: nil).verdict == .needsUser)
        #expect(access.welcome(at: "/open", by: nil).verdict == .allowed)
        #expect(access.welcome(at: "/user/a/b", by: nil).verdict == .needsUser)
        #expect(access.welcome(at: "/", by: Self.identity("b")).verdict == .allowed)
        #expect(Access().welcome(at: "/", by: nil).verdict == .allowed)
        #expect(Access(rules: RuleSet().with(.tokenRequired)).welcome(at: "/x", by: nil).verdict == .needsUser)
    }

    @Test func `rules that ask are known to`() throws {
        #expect(try Self.decode(Self.rules).asks)
        #expect(!Access().asks)
    }
}
