import Foundation
import Testing
import WSQueueCore

struct EventFaultTests {
    static let rule = "1 to 255 bytes without control characters"

    @Test(
        arguments: [
            ("{}", "no 'event'; its name is wanted", 0),
            (#"{"payload":1}"#, "no 'event'; its name is wanted", 0),
            (#"{"event":null}"#, "'event' is null; a string of \(rule) is wanted", 9),
            (#"{"event":1}"#, "'event' is a number; a string of \(rule) is wanted", 9),
            (#"{"event":""}"#, "'event' is empty; \(rule) are wanted", 9),
            (#"{"event":"a\nb"}"#, "'event' has a control character; \(rule) are wanted", 9),
            (#"{"event":"\u007f"}"#, "'event' has a control character; \(rule) are wanted", 9),
            ("{\"event\":\"\u{7F}\"}", "'event' has a control character; \(rule) are wanted", 9),
            ("{\"event\":\"\u{9B}\"}", "'event' has a control character; \(rule) are wanted", 9),
            (#"{"event":"\u009b"}"#, "'event' has a control character; \(rule) are wanted", 9),
            (#"{"event":"\ud800"}"#, "'event' has half a surrogate pair; whole characters are wanted", 9),
            (#"{"event":"a","id":1.5}"#, "'id' is no integer; a string of \(rule), or an integer, is wanted", 18),
            (#"{"event":"a","id":""}"#, "'id' is empty; \(rule) are wanted", 18),
            (#"{"event":"a","id":[1]}"#, "'id' is an array; a string of \(rule), or an integer, is wanted", 18),
            (#"{"event":"a","id":true}"#, "'id' is a boolean; a string of \(rule), or an integer, is wanted", 18),
            (#"{"event":"a","timestamp":"soon"}"#, "'timestamp' is a string; a number of Unix seconds is wanted", 25),
            (#"{"event":"a","timestamp":"1e9"}"#, "'timestamp' is a string; a number of Unix seconds is wanted", 25),
            (#"{"event":"a","expires_at":1e99}"#, "'expires_at' is no time; a number of Unix seconds is wanted", 26),
            (#"{"event":"a","key":""}"#, "'key' is empty; \(rule) are wanted", 19),
            (#"{"event":"a","clear":1}"#, "'clear' is a number; true or false is wanted", 21),
            (#"{"event":"a","clear":true}"#, "'clear' without 'key'; one is wanted", 21),
            (
                #"{"event":"a","clear":true,"key":"k","recipients":[]}"#,
                "'key' beside 'recipients'; state is for all who listen, so only one of them is wanted", 32
            ),
            (
                #"{"event":"a","except":1,"key":"k"}"#,
                "'key' beside 'except'; state is for all who listen, so only one of them is wanted", 30
            ),
            (
                #"{"event":"a","key":"k","except_users":1}"#,
                "'key' beside 'except_users'; state is for all who listen, so only one of them is wanted", 19
            ),
            (#"{"event":"a","except":[1,"2"]}"#, "'except' is a string; an integer is wanted", 25),
            (#"{"event":"a","chanel":1}"#, "'chanel' is no member of an event; 'channel' is meant", 14),
            (#"{"event":"a","except":"18"}"#, "'except' is a string; an integer is wanted", 22),
            (#"{"event":"a","except":1.5}"#, "'except' is no integer of 64 bits; an integer is wanted", 22),
            (#"{"event":"a","recipients":42}"#, "'recipients' is a number; a list of user ids is wanted", 26),
            (
                #"{"event":"a","recipients":[1,null]}"#,
                "'recipients' is null; a string of \(rule), or an integer, is wanted", 29
            ),
            (
                #"{"event":"a","channels":[]}"#,
                "'channels' is an empty list; at least one name is wanted, or no such member", 24
            ),
            (
                #"{"event":"a","channels":["a",1]}"#,
                "'channels' is a number; the name of a channel, or a list of names, is wanted", 29
            ),
            (
                #"{"event":"a","channel":"a b"}"#,
                "'channel' is no name of a channel; 1 to 255 of A-Z a-z 0-9 . _ - : are wanted", 23
            ),
        ] as [(String, String, Int)])
    func `a fault says what is wrong, what is wanted, and where`(text: String, reason: String, offset: Int) {
        #expect(EventText.result(of: text.utf8) == .failure(EventFault(reason: reason, offset: offset)))
    }

    @Test(arguments: [
        "event", "payload", "data", "timestamp", "queued_at", "id", "channel", "channels", "key", "clear", "recipients",
        "except", "except_users", "expires_at", "traceparent",
    ])
    func `a known member twice is refused, with escapes and with null too`(member: String) {
        let value = member == "event" ? #""a""# : "null"
        let escaped = String(format: "\\u%04x", member.utf8.first ?? 0) + member.dropFirst()
        for second in [member, escaped] {
            let first = #"{"\#(member)":\#(value),""#
            let result = EventText.result(of: (first + #"\#(second)":\#(value)}"#).utf8)
            let fault = EventFault(reason: "a second '\(member)'; one is wanted", offset: first.utf8.count)
            #expect(result == .failure(fault))
        }
    }

    @Test(arguments: [
        "events", "event ", "even", "x", "expires_on", "", "excerpt", "keys", "channel_id", "payloads", "hannel",
        "chnl",
        "expect", "clean", "date", "ids", "evnt", "_", "__", "recipes", "timespan", "exceptuserss1", "kanal",
        "échannel",
    ])
    func `an unknown member is ignored, twice too`(member: String) throws {
        let text = #"{"\#(member)":1,"\#(member)":[],"event":"a"}"#
        #expect(try EventText.result(of: text.utf8).get().payload == nil)
    }

    @Test(arguments: [
        ("Event", "event"), ("EVENT", "event"), ("Payload", "payload"), ("paylod", "payload"), ("paylaod", "payload"),
        ("payloadx", "payload"), ("Data", "data"), ("queued-at", "queued_at"), ("queuedAt", "queued_at"),
        ("queue_at", "queued_at"), ("chonnel", "channel"), ("chanel", "channel"), ("channnel", "channel"),
        ("channle", "channel"), ("Channel", "channel"), ("chanels", "channels"), ("channesl", "channels"),
        ("recipient", "recipients"), ("recipents", "recipients"), ("reciepients", "recipients"), ("exept", "except"),
        ("Except", "except"), ("exceptUsers", "except_users"), ("except_user", "except_users"),
        ("expires", "expires_at"),
        ("expire_at", "expires_at"), ("expiresAt", "expires_at"), ("expires-at", "expires_at"), ("ID", "id"),
        ("_id", "id"), ("Key", "key"), ("CLEAR", "clear"), ("time_stamp", "timestamp"), ("timestmap", "timestamp"),
        ("trace_parent", "traceparent"), ("traceParent", "traceparent"), (#"\u0063hanel"#, "channel"),
        // As long as a slip may be.
        ("expires_at______________", "expires_at"),
    ])
    func `a slip is refused with the member that is meant`(name: String, member: String) {
        let result = EventText.result(of: #"{"event":"a","\#(name)":1}"#.utf8)
        guard case .failure(let fault) = result else {
            Issue.record("\(name) is accepted")
            return
        }
        #expect(fault.offset == 14)
        #expect(fault.reason.hasSuffix("is no member of an event; '\(member)' is meant"))
    }

    @Test(arguments: ["recipients", "except", "except_users"])
    func `a list of more than 1,024 is refused`(member: String) throws {
        for count in [1_024, 1_025] {
            let list = repeatElement("1", count: count).joined(separator: ",")
            let result = EventText.result(of: #"{"event":"a","\#(member)":[\#(list)]}"#.utf8)
            #expect(((try? result.get()) != nil) == (count == 1_024))
            guard case .failure(let fault) = result else { continue }
            #expect(fault.reason.hasPrefix("'\(member)' has more than 1024 "))
        }
    }

    @Test(arguments: [(255, true), (256, false)])
    func `an event's name is at most 255 bytes when decoded`(length: Int, isAccepted: Bool) {
        for unit in ["a", "\\u0061"] {
            let name = String(repeating: unit, count: length)
            let result = EventText.result(of: #"{"event":"\#(name)"}"#.utf8)
            #expect(((try? result.get()) != nil) == isAccepted)
        }
    }

    @Test(arguments: [
        "[]", "1", "", "{\"event\":\"a\"", "{\"event\":\"a\"} x", "{\"event\":\"a\",\"payload\":[1,]}",
        "{\"event\":\"\\x\"}",
    ])
    func `what is no JSON object is refused with the reader's fault`(text: String) {
        let fault = #expect(throws: JSONFault.self) { try JSONObjectReader.members(of: Array(text.utf8)) }
        let expected = EventFault(reason: fault?.reason ?? "", offset: fault?.offset ?? -1)
        #expect(EventText.result(of: text.utf8) == .failure(expected))
    }

    @Test func `an event cut anywhere is refused at its end`() {
        let text = Array(
            #"{"event":"é\u00e9","payload":{"a":[1,-2.5e3,true,null]},"id":7,"channels":["a"],"except":1}"#.utf8)
        for cut in 0..<text.count {
            guard case .failure(let fault) = EventText.result(of: text[..<cut]) else {
                Issue.record("accepted when cut at \(cut)")
                continue
            }
            #expect(fault.offset == cut)
        }
    }

    @Test func `spoiled events are refused or accepted, and never trap`() {
        var random = RandomJSON(seed: 4)
        let text = Array(
            #"{"event":"\ud83d\ude00é","payload":[1],"timestamp":1.5e9,"id":-7.0,"channels":["a"],"recipients":[1,"\u0061"]}"#
                .utf8)
        var accepted = 0
        for _ in 0..<20_000 {
            let spoiled = random.mutation(of: text)
            guard let event = try? EventText.result(of: spoiled).get() else { continue }
            accepted += 1
            #expect(Label.isValid(event.eventName(in: spoiled.span).bytes))
            if event.id != nil { #expect(event.idLabel(in: spoiled.span).map { Label.isValid($0.bytes) } == true) }
        }
        #expect(accepted > 900)
    }
}
