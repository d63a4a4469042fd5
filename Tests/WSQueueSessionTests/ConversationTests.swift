import Testing
import WSQueueBroker
import WSQueueCore
import WSQueueLog
import WSQueueSession
import WSQueueWire

struct ConversationTests {
    private let welcome =
        #"{"action":"welcome","heartbeat_interval":25,"connection_id":7,"authenticated":false,"cursor":"e1:20"}"#

    @Test func `a client that names the protocol is greeted at once, and nothing else happens`() throws {
        #expect(try Conversation().open().told == ["name", welcome])
        #expect(try Conversation(.plain).open().told == [])
        #expect(try Conversation(.stream, view: .stream(epoch: "e1", nil)).open().told == ["name", "position e1:20"])
    }

    @Test func `an older page is greeted by its first message, and sees chat messages from then on`() throws {
        let page = try Conversation(.plain)
        _ = try page.open()
        #expect(page.say(#"{"action":"pong"}"#).told == [])
        #expect(page.view == .logged(nil))
        #expect(page.say(#"{"action":"ping"}"#).told == ["name", welcome, "view own", #"{"action":"pong"}"#])
        #expect(page.view == .chat(nil))
        #expect(page.say(#"{"action":"ping"}"#).told == [#"{"action":"pong"}"#])
    }

    @Test(arguments: [
        ("channels=a,b.*", ["subscribe a", "subscribe b.*"]),
        ("channels=a,a", ["subscribe a"]),
        ("channels=b!d,a", ["subscribe a"]),
        ("events=a*&heartbeat=app", ["view own"]),
        ("since=e1:15", ["replay"]),
        ("watch=1", ["watch"]),
        ("channels=a&channels=b", ["subscribe a", "subscribe b"]),
        (
            "channels%5B%5D=a&channels[]=b,c&channels[1]=d",
            ["subscribe a", "subscribe b", "subscribe c", "subscribe d"]
        ),
        ("channels[x]=a&channelss=b&channels[=c&channels=d", ["subscribe d"]),
    ])
    func `a query leads to what an action would`(query: String, expected: [String]) throws {
        let actions = try Conversation(.plain).open(query).told
        #expect(actions.prefix(expected.count) == expected[...])
    }

    @Test func `what is wrong with a query is told after the greeting, channels first`() throws {
        let client = try Conversation()
        let told = try client.open("since=x&events=\(String(repeating: "a,", count: 65))&channels=b!d").told
        let wanted = "1 to 255 of A-Z a-z 0-9 . _ - :, or a pattern with * and a last **"
        #expect(
            told == [
                "view own", "name", welcome, refusal("Invalid field: channel; send \(wanted)", "invalid_field"),
                refusal("Invalid field: events; send up to 64 names, * for any part", "invalid_field"),
                refusal("Invalid field: since; send \(Since.wanted)", "invalid_field"),
            ])
        // It has asked for some events, and so it gets none rather than all.
        #expect(client.view == .logged(.nothing))
    }

    @Test func `what is wrong with many channels of a query is told once, and what has no room is left`() throws {
        let client = try Conversation()
        client.options.channelLimit = 2
        let wanted = "1 to 255 of A-Z a-z 0-9 . _ - :, or a pattern with * and a last **"
        #expect(
            try client.open("channels=b!d,a,d!b&channels=b,c,d,e").told == [
                "subscribe a", "subscribe b", "note tooManyChannels", "name", welcome,
                refusal("Invalid field: channel; send \(wanted)", "invalid_field"),
                refusal("Too many channels; unsubscribe from one first", "too_many_channels", channel: "c"),
            ])
    }

    @Test func `of a query no more channels are looked at than a client may have, whatever becomes of them`() throws {
        let client = try Conversation()
        client.options.channelLimit = 2
        let told = try client.open("channels=private.1,private.1,private.2,!,private.3,a,private.4").told
        #expect(
            told.suffix(4) == [
                refusal("Channel needs an authenticated user", "forbidden", channel: "private.1"),
                refusal("Channel needs an authenticated user", "forbidden", channel: "private.2"),
                refusal(
                    "Invalid field: channel; send 1 to 255 of A-Z a-z 0-9 . _ - :, or a pattern with * and a last **",
                    "invalid_field"),
                refusal("Too many channels; unsubscribe from one first", "too_many_channels", channel: "private.3"),
            ])
        #expect(told.prefix(1) == ["note tooManyChannels"])
    }

    @Test func `events may come several times, and what no member can mean is told`() throws {
        let client = try Conversation(.stream, view: .stream(epoch: "e1", nil))
        let told = try client.open("events=a&events[]=b&events=&heartbeat=on", lastEvent: "x:y:z").told
        #expect(client.view == .stream(epoch: "e1", EventFilter("a,b")))
        #expect(
            told.suffix(2) == [
                refusal("Invalid field: heartbeat; send app, or nothing", "invalid_field"),
                refusal("Invalid field: since; send \(Since.wanted)", "invalid_field"),
            ])
        #expect(try Conversation().open("events=&heartbeat=&channels=", lastEvent: "").told == ["name", welcome])
    }

    @Test(arguments: [("e1:15", "e1:15"), ("e1:3", "e1:10"), ("e0:3", "e1:20"), ("e1:25", "e1:20")])
    func `the greeting says where a client that comes back stands after what is lost`(
        since: String, greeted: String
    ) throws {
        let client = try Conversation()
        #expect(
            try client.open("since=\(since)").told.suffix(2) == [welcome.replacing("e1:20", with: greeted), "replay"])
        #expect(client.nextRequest == PastRequest(since: try cursor(since), channel: nil))
        #expect(client.takeRequest()?.since?.text == since)
        #expect(client.takeRequest() == nil)
    }

    @Test(arguments: [
        ("all", "e1:10"), ("latest", "e1:20"), ("10s", "e1:14"), ("@4990", "e1:14"), ("1970-01-01T01:23:10Z", "e1:14"),
        ("1h", "e1:0"),
    ])
    func `a place in the past is said in words`(since: String, place: String) throws {
        let client = try Conversation()
        client.seqBefore = [4_990_000_000_000: 14]
        _ = try client.open("since=\(since)")
        #expect(client.takeRequest()?.since?.text == place)
        #expect(client.say("resume", #"{"since":"\#(since)"}"#).told == ["replay"])
        #expect(client.takeRequest()?.since?.text == place)
        #expect(client.say("subscribe", #"{"channel":"a","since":"\#(since)"}"#).told.last == "replay")
        #expect(client.takeRequest() == PastRequest(since: try cursor(place), channel: "a"))
        let reader = try Conversation(.stream, view: .stream(epoch: "e1", nil))
        reader.seqBefore = client.seqBefore
        #expect(try reader.open("", lastEvent: since).told == ["name", "position \(place)", "replay"])
    }

    @Test func `who wants what there is gets all of it, unless it says since when, and then its end`() throws {
        let reader = try Conversation(.stream, view: .stream(epoch: "e1", nil))
        #expect(try reader.open("poll=1").told == ["name", "position e1:10", "replay"])
        let request = try #require(reader.takeRequest())
        #expect(request == PastRequest(since: try cursor("e1:10"), channel: nil))
        let replay = Replay(request, channels: [], bounds: reader.bounds, seq: 20, now: 0)
        #expect(reader.finish(replay).told == ["position e1:20", "close 1000 "])
        let other = try Conversation(.stream, view: .stream(epoch: "e1", nil))
        #expect(try other.open("poll=1&since=e1:17").told == ["name", "position e1:17", "replay"])
        let client = try Conversation()
        _ = try client.open("poll=1")
        #expect(client.takeRequest() == nil)
    }

    @Test func `the past waits for what the application says of channels`() throws {
        let rules = #"[{"channel":"ask.{name}","subscribe":"ask"}]"#
        let reader = try Conversation(.stream, view: .stream(epoch: "e1", nil), rules: rules)
        #expect(
            try reader.open("poll=1&channels=ask.a,ask.b").told.suffix(2) == [
                "ask subscribe ask.a", "ask subscribe ask.b",
            ])
        let request = try #require(reader.takeRequest())
        var replay = Replay(request, channels: [], bounds: reader.bounds, seq: 20, now: 0)
        reader.isReplaying = true
        #expect(request.awaited == ["ask.a", "ask.b"] && reader.awaited == request.awaited && replay.isHeld)
        let asked = AuthorizeRequest(action: "subscribe", channel: "ask.a", credentials: nil)
        #expect(reader.answer(asked, true).told == ["subscribe ask.a"] && reader.awaited == ["ask.b"])
        let denied = reader.answer(AuthorizeRequest(action: "subscribe", channel: "ask.b", credentials: nil), false)
        #expect(denied.told.count == 1 && reader.awaited == [] && reader.nextRequest == nil)
        replay.join(["ask.a"], state: nil)
        #expect(!replay.isHeld && replay.channels == ["ask.a"])
        #expect(reader.finish(replay).told == ["position e1:20", "close 1000 "])
    }

    @Test func `a state says that it is not all where something has gone that came after the client`() throws {
        for isLost in [false, true] {
            let client = try Conversation()
            _ = try client.open("state=1")
            let request = try #require(client.takeRequest())
            let state = StateReplay((events: KeptEvents(KeptLimits()), seq: 20), names: nil) { _ in true }
            var replay = Replay(request, channels: [], bounds: client.bounds, seq: 18, now: 0, state: state)
            if isLost { replay.lose(upTo: 19) }
            let told = client.finish(replay).told
            #expect(told.first == #"{"action":"state","cursor":"e1:20","keys":0,"complete":\#(!isLost)}"#)
            #expect(told.dropFirst().map { $0.contains(#""gap""#) } == (isLost ? [true] : []))
        }
    }

    @Test func `what a stream's reader brings goes before what its URL says, and is where it is told that it stands`()
        throws
    {
        let reader = try Conversation(.stream, view: .stream(epoch: "e1", nil))
        let told = try reader.open("since=e1:12&events=x", lastEvent: "e1:17").told
        #expect(told == ["name", "view own", "position e1:17", "replay"])
        #expect(reader.view == .stream(epoch: "e1", EventFilter("x")))
        #expect(reader.takeRequest()?.since?.text == "e1:17")
    }

    @Test func `pings are messages for a client that cannot see others, with its cursor if it speaks`() throws {
        let (client, page, other) = (try Conversation(), try Conversation(.plain), try Conversation())
        for each in [client, page] { _ = try each.open("heartbeat=app") }
        _ = try other.open()
        #expect(client.ping == #"{"action":"ping","cursor":"e1:20"}"#)
        #expect(page.ping == #"{"action":"ping"}"#)
        #expect(other.ping == nil)
    }

    @Test func `a subscription is answered, made once, and ended`() throws {
        let client = try Conversation()
        _ = try client.open()
        let done = #"{"success":true,"action":"subscribe","channel":"a"}"#
        #expect(client.say("subscribe", #"{"channel":"a"}"#).told == ["subscribe a", done])
        #expect(client.say("subscribe", #"{"channel":"a"}"#).told == [done])
        let gone = #"{"success":true,"action":"unsubscribe","channel":"a"}"#
        #expect(client.say("unsubscribe", #"{"channel":"a"}"#).told == ["unsubscribe a", gone])
        #expect(client.say("subscribe", #"{"channel":"a"}"#).told == ["subscribe a", done])
    }

    @Test func `several channels have one answer, which says what is refused and why`() throws {
        let rules = #"[{"channel":"mine","subscribe":"authenticated"},{"channel":"ask.{x}","subscribe":"ask"}]"#
        let client = try Conversation(rules: rules)
        client.options.channelLimit = 5
        _ = try client.open()
        let told = client.say("subscribe", #"{"channels":["a","mine","ü","ask.1","b"],"since":"e1:12"}"#)
        let answer =
            #"{"success":true,"action":"subscribe","channels":["a","b"],"#
            + #""refused":{"mine":"forbidden","ü":"invalid_field"}}"#
        #expect(told.told == ["subscribe a", "ask subscribe ask.1", "subscribe b", answer, "replay", "replay"])
        #expect(client.takeRequest() == PastRequest(since: try cursor("e1:12"), channel: "a"))
        #expect(client.takeRequest() == PastRequest(since: try cursor("e1:12"), channel: "b"))
        let gone = #"{"success":true,"action":"unsubscribe","channels":["a","c"]}"#
        #expect(client.say("unsubscribe", #"{"channels":["a","c"]}"#).told == ["unsubscribe a", "unsubscribe c", gone])
        let tooMany = #"{"channels":["a","b","c","d","e","f"]}"#
        for action in ["subscribe", "unsubscribe"] {
            let refused = refusal("Invalid field: channels; send at most 5 names", "invalid_field", of: action)
            #expect(client.say(action, tooMany).told == [refused])
        }
    }

    @Test func `what is given back is free of charge`() throws {
        let client = try Conversation()
        client.options.messageRate = RateRule(perSecond: 1, burst: 1)
        _ = try client.open("channels=a")
        #expect(client.say("subscribe", #"{"channel":"b"}"#).count == 2)
        #expect(client.say("subscribe", #"{"channel":"c"}"#).told.last?.contains(#""request":"subscribe""#) == true)
        #expect(client.say("unsubscribe", #"{"channel":"a"}"#).told.first == "unsubscribe a")
        #expect(client.say("unsubscribe", #"{"channels":["b"]}"#).told.first == "unsubscribe b")
    }

    @Test func `one channel too many is refused and counted`() throws {
        let client = try Conversation()
        client.options.channelLimit = 1
        _ = try client.open("channels=a")
        #expect(
            client.say("subscribe", #"{"channel":"b"}"#).told == [
                "note tooManyChannels",
                refusal(
                    "Too many channels; unsubscribe from one first", "too_many_channels", channel: "b",
                    of: "subscribe"),
            ])
    }

    @Test func `the past is asked for after the subscription, and not too often at once`() throws {
        let client = try Conversation()
        client.options.channelLimit = 1
        _ = try client.open()
        let told = client.say("subscribe", #"{"channel":"a","since":"e1:12"}"#).told
        #expect(told == ["subscribe a", #"{"success":true,"action":"subscribe","channel":"a"}"#, "replay"])
        #expect(client.say("resume", #"{"since":"e1:13"}"#).told == ["replay"])
        func refused(_ action: String) -> String {
            refusal("Too many at once; wait for what you have asked for", "too_many_requests", of: action)
        }
        #expect(client.say("resume", #"{"since":"e1:13"}"#).told == [refused("resume")])
        #expect(client.say("subscribe", #"{"channel":"a","since":"e1:12"}"#).told == [refused("subscribe")])
        #expect(client.takeRequest() == PastRequest(since: try cursor("e1:12"), channel: "a"))
        #expect(client.takeRequest() == PastRequest(since: try cursor("e1:13"), channel: nil))
    }

    @Test func `messages are counted, refused, and at last end the connection without another word`() throws {
        let client = try Conversation()
        client.options.messageRate = RateRule(perSecond: 1, burst: 1)
        _ = try client.open()
        #expect(client.say("subscribe", #"{"channel":"a"}"#).count == 2)
        let limited =
            #"{"success":false,"action":"error","error":"Rate limit exceeded. Please slow down.","#
            + #""code":"rate_limited","retry_after":1}"#
        #expect(client.say("nonsense").told == ["note limited", limited])
        #expect(
            client.say("nonsense").told == ["note limited", "note flooded", "close 4029 too many messages"])
        #expect(client.say(#"{"action":"ping"}"#).told == [#"{"action":"pong"}"#])
        client.now += 1_000_000_000
        #expect(client.say("nonsense").told == [refusal("Invalid message format", "invalid_format")])
    }

    @Test func `without a rule nothing is counted`() throws {
        let client = try Conversation()
        client.options.messageRate = nil
        _ = try client.open()
        for _ in 0..<1_000 { #expect(client.say("x").told == [refusal("Invalid message format", "invalid_format")]) }
    }

    @Test func `a message is passed on for a client that listens and may send`() throws {
        let rules = #"[{"channel":"a.{x}","subscribe":"anyone","publish":"anyone"}]"#
        let client = try Conversation(rules: rules)
        _ = try client.open("channels=a.*")
        let text = #"{"action":"message","channel":"a.1","sender":7,"message":{"t":1},"time":5000}"#
        let message = #"{"channel":"a.1","message":{"t":1},"recipients":[3,4]}"#
        #expect(client.say("message", message).told == ["pass a.1 [3, 4] \(text)"])
        #expect(
            client.say("message", #"{"channel":"b","message":1}"#).told == [
                refusal("Not subscribed to channel", "not_subscribed", channel: "b", of: "message")
            ])
        _ = client.say("subscribe", #"{"channel":"b"}"#)
        #expect(
            client.say("message", #"{"channel":"b","message":1}"#).told == [
                refusal("Channel is not for you", "forbidden", channel: "b", of: "message")
            ])
    }
}
