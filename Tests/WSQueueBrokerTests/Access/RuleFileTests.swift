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

    @Test func `rules that ask are known to`() throws {
        #expect(try Self.decode(Self.rules).asks)
        #expect(!Access().asks)
    }
}
