import Testing
import WSQueueBroker
import WSQueueCore
import WSQueueSession
import WSQueueWire

struct UserTests {
    private let rules = #"[{"channel":"ask.{x}","subscribe":"ask","publish":"ask"}]"#
    private let room = "presence.room"

    private func request(_ channel: String, _ action: String = "subscribe") -> AuthorizeRequest {
        AuthorizeRequest(action: action, channel: channel, credentials: nil)
    }

    private func subscribed(_ channel: String) -> String {
        #"{"success":true,"action":"subscribe","channel":"\#(channel)"}"#
    }

    // MARK: Tokens

    @Test func `a client that comes with a token is its user from the start, and is looked at when that ends`() throws {
        let client = try Conversation()
        let told = try client.open("channels=presence.room", as: bearer("ann", expiresAt: 6_000)).told
        #expect(
            told == [
                "identify ann", "wake 5940000000000", "wake 6000000000000", "subscribe \(room)", "enter \(room) ann",
                "name",
                #"{"action":"welcome","heartbeat_interval":25,"connection_id":7,"authenticated":true,"cursor":"e1:20"}"#,
                "members \(room) 0",
            ])
        #expect(client.user == "ann")
        #expect(client.secret == 3)
    }

    @Test(arguments: [(6_000, false, false), (5_060, true, false), (5_000, true, true), (4_990, true, false)])
    func `a client is warned a minute before its token ends, once`(end: Int64, isWarned: Bool, isOver: Bool) throws {
        // A token that is over by our clock counts for as long as clocks may differ.
        let left = end > 5_000 ? end - 5_000 : end + 30 - 5_000
        let client = try Conversation()
        let told = try client.open(as: bearer("ann", expiresAt: end)).told
        let warning = #"{"action":"token_expiring","expires_at":\#(5_000 + left),"expires_in":\#(left)}"#
        #expect(told.contains(warning) == isWarned)
        #expect(client.checkToken().told == [])
        client.unix += left - 1
        #expect(client.checkToken().told.isEmpty == isWarned)
        client.unix += 1
        let refused = refusal("Token expired. Connect with a new one.", "token_expired")
        #expect(client.checkToken().told == [refused, "close 4001 token expired"])
    }

    @Test func `a client that does not speak is closed without a word, and a stream's reader is told`() throws {
        for (dialect, count) in [(ClientDialect.plain, 1), (.stream, 2)] {
            let client = try Conversation(dialect)
            _ = try client.open(as: bearer("ann", expiresAt: 5_030))
            client.unix = 5_020
            #expect(client.checkToken().told == [])
            client.unix = 5_030
            #expect(client.checkToken().count == count)
        }
    }

    @Test(arguments: [172_800, -172_800, -4_000])
    func `a wall clock that is set ends no token, and makes none longer`(by seconds: Int64) throws {
        let client = try Conversation()
        _ = try client.open(as: bearer("ann", expiresAt: 5_100))
        client.ahead = seconds
        client.unix = 5_030
        #expect(client.checkToken().told == [])
        client.unix = 5_050
        let warning = #"{"action":"token_expiring","expires_at":\#(5_100 + seconds),"expires_in":50}"#
        #expect(client.checkToken().told == [warning])
        client.unix = 5_099
        #expect(client.checkToken().told == [])
        client.unix = 5_100
        #expect(client.checkToken().told.last == "close 4001 token expired")
        // A new token says its end by the clock that has been set.
        let late = try Conversation()
        late.ahead = seconds
        let told = try late.open(as: bearer("ann", expiresAt: 5_100 + seconds)).told
        #expect(told.contains("wake 5100000000000"))
    }

    @Test func `a secret that is retired ends its tokens`() throws {
        let client = try Conversation()
        let told = try client.open(as: bearer("ann"), retiredAt: 5_010).told
        #expect(told.contains("wake 5010000000000"))
        let other = try Conversation()
        #expect(try !other.open(as: bearer("ann")).told.contains { $0.hasPrefix("wake") })
        #expect(other.review([], retiredAt: 5_500).told == ["wake 5440000000000", "wake 5500000000000"])
        #expect(try Conversation().review([], retiredAt: 5_500).told == [])
        let nobody = try Conversation()
        _ = try nobody.open("channels=a")
        #expect(nobody.review(["a"], retiredAt: 5_500).told == [])
    }

    @Test func `a token in a message is checked, and makes another user of the client`() throws {
        let client = try Conversation()
        _ = try client.open("channels=presence.room,private.a", as: bearer("ann"))
        #expect(
            client.say("authenticate", #"{"token":"t"}"#).told == [
                refusal("This server takes no tokens", "not_offered", of: "authenticate")
            ])
        client.options.takesTokens = true
        #expect(client.say("authenticate", #"{"token":"t"}"#).told == ["verify t"])
        let result = try client.authenticate(.success((bearer("bob", info: "{}"), nil)), channels: [room, "private.a"])
        #expect(
            result.told == [
                "identify bob", "leave \(room) ann", "enter \(room) bob", "note became(\"bob\")",
                #"{"success":true,"action":"authenticate","user":"bob"}"#,
            ])
        // The same user with the same information is there as before.
        let again = try client.authenticate(
            .success((bearer("bob", expiresAt: 9_000, info: "{}"), nil)), channels: [room, "private.a"])
        #expect(again.told.first == "identify bob")
        #expect(!again.told.contains { $0.hasPrefix("leave") })
        #expect(again.told.last == #"{"success":true,"action":"authenticate","user":"bob","expires_at":9000}"#)
    }

    @Test func `a bad token changes nothing`() throws {
        let client = try Conversation()
        _ = try client.open(as: bearer("ann"))
        let told = client.authenticate(.failure(.expired)).told
        #expect(
            told == [
                "note refused(WSQueueWire.TokenError.expired)",
                refusal("The token has expired; get a new one.", "invalid_token"),
            ])
        #expect(client.user == "ann")
    }

    @Test func `another user may lose channels`() throws {
        let client = try Conversation()
        _ = try client.open("channels=private.user.ann", as: bearer("ann"))
        let told = try client.authenticate(.success((bearer("bob"), nil)), channels: ["private.user.ann"]).told
        let refused = refusal("Channel is not for you", "forbidden", channel: "private.user.ann")
        #expect(told.contains(refused))
        #expect(told.contains("unsubscribe private.user.ann"))
    }

    // MARK: Presence

    @Test func `a user is in a room that tracks users, and says how he is`() throws {
        let client = try Conversation()
        _ = try client.open(as: bearer("ann"))
        #expect(
            client.say("subscribe", #"{"channel":"presence.room"}"#).told == [
                "subscribe \(room)", "enter \(room) ann", subscribed(room), "members \(room) 0",
            ])
        let state = #"{"channel":"presence.room","status":"away","activity":{"a":1}}"#
        #expect(
            client.say("presence", state).told == [#"state \#(room) ann away {"a":1}"#, "members \(room) 0"])
        #expect(client.say("presence", #"{"channel":"presence.room","next":5}"#).told == ["members \(room) 5"])
        #expect(client.end().told == ["leave \(room) ann"])
        #expect(client.end().told == [])
    }

    @Test func `leaving a channel leaves its room`() throws {
        let client = try Conversation()
        _ = try client.open("channels=presence.room", as: bearer("ann"))
        #expect(
            client.say("unsubscribe", #"{"channel":"presence.room"}"#).told.prefix(2) == [
                "unsubscribe \(room)", "leave \(room) ann",
            ])
    }

    @Test func `what cannot be said in a room is refused`() throws {
        let client = try Conversation()
        client.options.activityLimitBytes = 8
        _ = try client.open("channels=presence.*,presence.room", as: bearer("ann"))
        func told(_ data: String) -> [String] { client.say("presence", data).told }
        #expect(
            told(#"{"channel":"a"}"#) == [
                refusal(
                    "Invalid field: channel; send a channel that begins with presence.", "invalid_field",
                    of: "presence")
            ])
        #expect(
            told(#"{"channel":"presence.room","activity":"123456789"}"#) == [
                refusal("Invalid field: activity; send at most 8 bytes of JSON", "invalid_field", of: "presence")
            ])
        // Through a pattern a client listens and is not there.
        let absent = refusal("Not subscribed to channel", "not_subscribed", channel: "presence.other", of: "presence")
        #expect(told(#"{"channel":"presence.other","status":"away"}"#) == [absent])
        let nobody = try Conversation()
        _ = try nobody.open("channels=presence.room")
        #expect(
            nobody.say("presence", #"{"channel":"presence.room","status":"away"}"#).told == [
                refusal("Channel needs an authenticated user", "forbidden", channel: room, of: "presence")
            ])
        #expect(
            nobody.say("presence", #"{"channel":"presence.b"}"#).told == [
                refusal("Not subscribed to channel", "not_subscribed", channel: "presence.b", of: "presence")
            ])
    }

    // MARK: Rules

    @Test(arguments: [
        ("private.a", "Channel needs an authenticated user"),
        ("private.user.bob", "Channel needs an authenticated user"),
    ])
    func `a channel for users is refused to a client that is nobody's`(channel: String, text: String) throws {
        let client = try Conversation()
        _ = try client.open()
        #expect(
            client.say("subscribe", #"{"channel":"\#(channel)"}"#).told == [
                refusal(text, "forbidden", channel: channel, of: "subscribe")
            ]
        )
    }

    @Test func `a pattern reaches no channel that its user may not hear`() throws {
        let client = try Conversation(rules: #"[{"channel":"a.{x}","subscribe":"user:{x}","publish":"anyone"}]"#)
        _ = try client.open("channels=a.*", as: bearer("1"))
        #expect(client.say("message", #"{"channel":"a.1","message":1}"#).told.first?.hasPrefix("pass a.1 all") == true)
        #expect(
            client.say("message", #"{"channel":"a.2","message":1}"#).told == [
                refusal("Not subscribed to channel", "not_subscribed", channel: "a.2", of: "message")
            ])
    }

    @Test func `what the application must be asked about waits for its answer, and is asked once`() throws {
        let client = try Conversation(rules: rules)
        _ = try client.open()
        #expect(client.say("subscribe", #"{"channel":"ask.a","since":"e1:12"}"#).told == ["ask subscribe ask.a"])
        #expect(client.say("subscribe", #"{"channel":"ask.a"}"#).told == [])
        #expect(
            client.answer(request("ask.a"), true).told == [
                "subscribe ask.a", subscribed("ask.a"), "replay", subscribed("ask.a"),
            ])
        #expect(client.answer(request("ask.a"), true).told == [])
        let refused = refusal("Channel is not for you", "forbidden", channel: "ask.b", of: "subscribe")
        _ = client.say("subscribe", #"{"channel":"ask.b"}"#)
        #expect(client.answer(request("ask.b"), false).told == [refused])
    }

    @Test func `what the application has allowed may be asked for again, alone or with others`() throws {
        let client = try Conversation(rules: rules)
        _ = try client.open("channels=ask.a,b")
        _ = client.answer(request("ask.a"), true)
        #expect(client.say("subscribe", #"{"channel":"ask.a"}"#).told == [subscribed("ask.a")])
        #expect(
            client.say("subscribe", #"{"channels":["ask.a","b"]}"#).told == [
                #"{"success":true,"action":"subscribe","channels":["ask.a","b"],"refused":{}}"#
            ])
        client.known = [request("ask.a"): false]
        let refused = refusal("Channel is not for you", "forbidden", channel: "ask.a", of: "subscribe")
        #expect(client.say("subscribe", #"{"channel":"ask.a"}"#).told == [refused])
    }

    @Test func `what the application has said before is not asked again`() throws {
        let client = try Conversation(rules: rules)
        client.known = [request("ask.a"): true, request("ask.b"): false]
        _ = try client.open()
        #expect(client.say("subscribe", #"{"channel":"ask.a"}"#).told == ["subscribe ask.a", subscribed("ask.a")])
        let refused = refusal("Channel is not for you", "forbidden", channel: "ask.b", of: "subscribe")
        #expect(client.say("subscribe", #"{"channel":"ask.b"}"#).told == [refused])
    }

    @Test func `a message is asked about only for a client that listens`() throws {
        let client = try Conversation(rules: rules)
        _ = try client.open()
        let absent = refusal("Not subscribed to channel", "not_subscribed", channel: "ask.a", of: "message")
        #expect(client.say("message", #"{"channel":"ask.a","message":1}"#).told == [absent])
        _ = client.say("subscribe", #"{"channel":"ask.a"}"#)
        _ = client.answer(request("ask.a"), true)
        #expect(client.say("message", #"{"channel":"ask.a","message":1}"#).told == ["ask publish ask.a"])
        #expect(client.answer(request("ask.a", "publish"), true).told.first?.hasPrefix("pass ask.a all") == true)
        _ = client.say("message", #"{"channel":"ask.a","message":1}"#)
        let refused = refusal("Channel is not for you", "forbidden", channel: "ask.a", of: "message")
        #expect(client.answer(request("ask.a", "publish"), false).told == [refused])
    }

    @Test func `channels of a URL are asked about last, and their success is not answered`() throws {
        let client = try Conversation(rules: rules)
        #expect(try client.open("channels=ask.a,b").told.last == "ask subscribe ask.a")
        #expect(client.answer(request("ask.a"), true).told == ["subscribe ask.a"])
    }

    @Test func `what cannot be asked is refused, and so is one question too many`() throws {
        let client = try Conversation(rules: rules)
        client.options.channelLimit = 1
        _ = try client.open()
        func refused(_ channel: String, of action: String? = "subscribe") -> String {
            refusal("Too many at once; try again", "too_many_requests", channel: channel, of: action)
        }
        #expect(client.say("subscribe", #"{"channel":"ask.a"}"#).told == ["ask subscribe ask.a"])
        #expect(client.say("subscribe", #"{"channel":"ask.b"}"#).told == [refused("ask.b")])
        #expect(client.couldNotAsk(request("ask.a")).told == [refused("ask.a", of: nil)])
        #expect(client.couldNotAsk(request("ask.a")).told == [])
        #expect(client.say("subscribe", #"{"channel":"ask.b"}"#).told == ["ask subscribe ask.b"])
        client.options.asksApplication = false
        #expect(client.say("subscribe", #"{"channel":"ask.c"}"#).told == [refused("ask.c")])
    }

    @Test func `all that wait for a question that cannot be asked are refused, and it can be asked anew`() throws {
        let client = try Conversation(rules: rules)
        #expect(try client.open("channels=ask.a,ask.a").told.suffix(1) == ["ask subscribe ask.a"])
        #expect(client.say("subscribe", #"{"channel":"ask.a"}"#).told == [])
        let refused = refusal("Too many at once; try again", "too_many_requests", channel: "ask.a")
        #expect(client.couldNotAsk(request("ask.a")).told == [refused, refused])
        #expect(client.say("subscribe", #"{"channel":"ask.a"}"#).told == ["ask subscribe ask.a"])
    }

    @Test func `of one client eight questions are under way, the others follow as answers come`() throws {
        let client = try Conversation(rules: rules)
        let names = (0..<11).map { "ask.\($0)" }
        let told = try client.open("channels=\(names.joined(separator: ","))").told
        #expect(told.suffix(8) == names.prefix(8).map { "ask subscribe \($0)" }[...])
        #expect(client.say("subscribe", #"{"channel":"ask.x"}"#).told == [])
        #expect(client.answer(request("ask.3"), true).told == ["subscribe ask.3", "ask subscribe ask.8"])
        _ = client.say("unsubscribe", #"{"channel":"ask.9"}"#)
        #expect(client.answer(request("ask.9"), true).told == [], "it is not under way")
        #expect(client.answer(request("ask.0"), true).told == ["subscribe ask.0", "ask subscribe ask.10"])
        #expect(client.answer(request("ask.1"), true).told.last == "ask subscribe ask.x")
    }

    @Test func `what waits behind questions that cannot be asked is refused with the last of them`() throws {
        let client = try Conversation(rules: rules)
        let names = (0..<10).map { "ask.\($0)" }
        _ = try client.open("channels=\(names.joined(separator: ","))")
        func refused(_ number: Int) -> String {
            refusal("Too many at once; try again", "too_many_requests", channel: names[number])
        }
        for number in 0..<7 { #expect(client.couldNotAsk(request(names[number])).told == [refused(number)]) }
        #expect(client.couldNotAsk(request("ask.7")).told == [7, 8, 9].map(refused))
    }

    @Test func `a client that ends a subscription waits for it no longer`() throws {
        let client = try Conversation(rules: rules)
        _ = try client.open()
        _ = client.say("subscribe", #"{"channel":"ask.a"}"#)
        _ = client.say("unsubscribe", #"{"channel":"ask.a"}"#)
        #expect(client.answer(request("ask.a"), true).told == [])
    }

    @Test func `after rules were read a subscription stays until the application has answered`() throws {
        let client = try Conversation()
        _ = try client.open("channels=ask.a,ask.b,gone,*")
        client.rules = try Conversation(rules: rules.dropLast() + #",{"channel":"gone","subscribe":"none"}]"#).rules
        client.options.asksApplication = true
        let told = client.review(["ask.a", "ask.b", "gone", "*"]).told
        #expect(
            told == [
                "ask subscribe ask.a", "ask subscribe ask.b", "unsubscribe gone",
                refusal("Channel is not for you", "forbidden", channel: "gone"),
            ])
        #expect(client.answer(request("ask.a"), true).told == [])
        let refused = refusal("Channel is not for you", "forbidden", channel: "ask.b")
        #expect(client.answer(request("ask.b"), false).told == ["unsubscribe ask.b", refused])
        _ = client.review(["ask.a"])
        #expect(client.couldNotAsk(request("ask.a")).told.first == "unsubscribe ask.a")
    }
}
