import Testing
import WSQueueBroker
import WSQueueCore
import WSQueueSession
import WSQueueWire

/// Clients whose messages are payloads alone, and the forms of streams.
struct PayloadTests {
    private static let rules = #"""
        [{"channel":"chat.{room}","publish":"authenticated"},{"channel":"news","publish":"none"}]
        """#
    private static let head = #"{"event":"x","payload":"#
    private static let tail = #","timestamp":2,"id":"i","seq":9"#

    private static func message(_ payload: String, event: String = "x", channel: String? = nil) -> [UInt8] {
        Array(
            (#"{"event":"\#(event)","payload":\#(payload)"# + tail + (channel.map { #","channel":"\#($0)"}"# } ?? "}"))
                .utf8)
    }

    private static func form(_ query: String, accept: String? = nil, version: String = "1.1") throws -> StreamForm {
        var parser = RequestParser()
        let text =
            "GET /events?\(query) HTTP/\(version)\r\nHost: a\r\n" + (accept.map { "Accept: \($0)\r\n" } ?? "") + "\r\n"
        let parsed = try parser.receive(Array(text.utf8).span)
        return StreamForm(try #require(parsed).0)
    }

    private static func shown(_ view: EventView, _ message: [UInt8], _ access: Access = Access()) -> String? {
        var bytes: [UInt8] = []
        return view.append(message.span, under: access, to: &bytes) ? String(decoding: bytes, as: UTF8.self) : nil
    }

    @Test(arguments: [
        (#""<turbo-stream>\n</turbo-stream>""#, "<turbo-stream>\n</turbo-stream>"), (#"{"b" : 1.0}"#, #"{"b" : 1.0}"#),
        ("null", "null"), (#""""#, ""), (#""é\u00e9\ud83d\ude00""#, "éé😀"),
        (#""a\ud800\u0041\udc00""#, "a\u{FFFD}A\u{FFFD}"),
        ("[1,\n2]", "[1,\n2]"), ("-1.50", "-1.50"),
    ])
    func `each message is the payload, a string its text`(payload: String, expected: String) {
        var frame: [UInt8] = []
        #expect(EventView.payload(nil).append(Self.message(payload).span, to: &frame))
        #expect(frame == FrameEncoder.frame(.text, Array(expected.utf8).span))
    }

    @Test(arguments: [
        ("as=payload", #""one\ntwo\r\nthree\rfour""#, "id: e:9\ndata: one\ndata: two\ndata: three\ndata: four\n\n"),
        ("as=payload", #""""#, "id: e:9\ndata: \n\n"), ("as=payload&names=1", "7", "id: e:9\nevent: x\ndata: 7\n\n"),
        ("names=1", "7", "id: e:9\nevent: x\ndata: \(head)7\(tail)}\n\n"),
        ("", "7", "id: e:9\ndata: \(head)7\(tail)}\n\n"),
        ("as=payload&poll=1", "7", "11\r\nid: e:9\ndata: 7\n\n\r\n"),
    ])
    func `a stream's message has the form that is asked for`(query: String, payload: String, expected: String) throws {
        let form = try Self.form(query)
        #expect(Self.shown(.stream(epoch: "e", as: form, nil), Self.message(payload)) == expected)
    }

    @Test func `lines of JSON are one line each`() throws {
        let form = try Self.form("names=1", accept: "text/html, application/x-NDJSON;q=0.9")
        let shown = Self.shown(.stream(epoch: "e", as: form, nil), Self.message("[1,\n2]"))
        #expect(shown == "\(Self.head)[1, 2]\(Self.tail)}\n")
        #expect(String(decoding: form.position("e:9"), as: UTF8.self) == "{\"cursor\":\"e:9\"}\n")
        #expect(form.comment == [10] && form.retry(milliseconds: 5).isEmpty && form.end.isEmpty)
        let beginning = String(decoding: form.beginning([], unixSeconds: 0), as: UTF8.self)
        #expect(beginning.contains("Content-Type: application/x-ndjson\r\n"))
    }

    @Test(arguments: ["error", "open", "message", "wsqueue.gap", "wsqueue.x"])
    func `a name that means something else to a browser, or is ours, is none of an event's`(name: String) throws {
        let view = EventView.stream(epoch: "e", as: try Self.form("names=1&as=payload"), nil)
        #expect(Self.shown(view, Self.message("7", event: name)) == "id: e:9\ndata: 7\n\n")
        #expect(Self.shown(view, Self.message("7", event: #"caf\u00e9"#)) == "id: e:9\nevent: café\ndata: 7\n\n")
    }

    @Test func `no payload comes from where clients may send, or presence is told, whatever the rules were before`()
        throws
    {
        let access = Access(rules: try RuleFile.decode(Array(Self.rules.utf8).span))
        let stream = EventView.stream(epoch: "e", as: try Self.form("as=payload"), nil)
        for view in [EventView.payload(nil), stream] {
            #expect(Self.shown(view, Self.message("1", channel: "chat.1"), access) == nil)
            #expect(Self.shown(view, Self.message("1", channel: "presence.a"), access) == nil)
            #expect(Self.shown(view, Self.message("1", channel: "presence-a")) == nil)
            #expect(Self.shown(view, Self.message("1", channel: "news"), access) != nil)
            #expect(Self.shown(view, Self.message("1", channel: "chat.1")) != nil)
            #expect(Self.shown(view, Self.message("1"), access) != nil)
        }
        #expect(Self.shown(.logged(nil), Self.message("1", channel: "chat.1"), access) != nil)
    }

    @Test func `the end of what there is can be told from a lost connection`() throws {
        #expect(try Self.form("poll=1").end == Array("0\r\n\r\n".utf8))
        #expect(try Self.form("poll=1", version: "1.0").end.isEmpty)
        let beginning = String(decoding: try Self.form("poll=1").beginning([], unixSeconds: 0), as: UTF8.self)
        #expect(beginning.contains("Transfer-Encoding: chunked\r\n"))
        #expect(beginning.hasSuffix("\r\n\r\nd\r\nretry: 2000\n\n\r\n"))
        #expect(try Self.form("").end.isEmpty)
    }

    private static let error = refusal("No", "forbidden", channel: "c")

    @Test func `what a client must know is told in another way than by a message, the rest is not`() throws {
        let gap =
            #"{"action":"resumed","cursor":"e:9","complete":false,"gap":{"from":"e:1","to":"e:9","reason":"trimmed"}}"#
        let complete = #"{"action":"resumed","cursor":"e:9","complete":true}"#
        let actions = { (text: String) in [SessionAction.send(Array(text.utf8)), .replay] }
        #expect(actions(gap).shown(in: .payload(nil)).told == ["close 4505 gap: trimmed"])
        #expect(actions(Self.error).shown(in: .payload(nil)).told == ["close 4503 No (c)"])
        #expect(actions(complete).shown(in: .payload(nil)).told == ["replay"])
        #expect(actions(gap).shown(in: .logged(nil)).told == [gap, "replay"])
        let alone = try Self.form("as=payload")
        #expect(String(decoding: alone.own(Array(gap.utf8)), as: UTF8.self) == "event: wsqueue.gap\ndata: \(gap)\n\n")
        #expect(
            String(decoding: alone.own(Array(Self.error.utf8)), as: UTF8.self)
                == "event: wsqueue.error\ndata: \(Self.error)\n\n")
        #expect(alone.own(Array(complete.utf8)).isEmpty)
        let named = try Self.form("names=1")
        #expect(String(decoding: named.own(Array(gap.utf8)), as: UTF8.self).hasPrefix("event: wsqueue.gap\n"))
        #expect(String(decoding: named.own(Array(Self.error.utf8)), as: UTF8.self).hasPrefix("data: "))
    }

    @Test func `a channel that cannot be shown so is refused`() throws {
        let client = try Conversation(.plain, view: .payload(nil), rules: Self.rules)
        let told = try client.open("as=payload&channels=news,chat.1&heartbeat=app").told
        #expect(told.first == "subscribe news")
        #expect(
            told.last?.contains(#""code":"forbidden","channel":"chat.1""#) == true && !told.contains("subscribe chat.1")
        )
        #expect(client.ping == nil)
    }

    @Test func `it answers no actions`() throws {
        let client = try Conversation(.plain, view: .payload(nil))
        _ = try client.open("as=payload")
        #expect(client.say(#"{"action":"pong"}"#).isEmpty && client.say(#"{"action":"ping"}"#).isEmpty)
        #expect(client.say("subscribe", #"{"channel":"a"}"#).told.first?.hasPrefix("close 1003 ") == true)
        #expect(client.say("hello").told.first?.hasPrefix("close 1003 ") == true)
        #expect(client.view == .payload(nil))
    }

    @Test(arguments: ["as=x": "payload", "names=yes": "1", "poll=2": "1"])
    func `what a form cannot be is told`(query: String, wanted: String) throws {
        let name = query.prefix { $0 != "=" }
        #expect(
            try Conversation().open(query).told.last
                == refusal("Invalid field: \(name); send \(wanted), or nothing", "invalid_field"))
    }
}
