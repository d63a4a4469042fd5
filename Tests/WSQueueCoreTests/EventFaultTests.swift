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
            (#"{"event":"a","timestamp":"1"}"#, "'timestamp' is a string; a number of Unix seconds is wanted", 25),
            (#"{"event":"a","queued_at":{}}"#, "'queued_at' is an object; a number of Unix seconds is wanted", 25),
            (#"{"event":"a","expires_at":1e99}"#, "'expires_at' is too large; a number of Unix seconds is wanted", 26),
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
        "event", "payload", "timestamp", "queued_at", "id", "channel", "channels", "recipients", "except", "expires_at",
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

    @Test(arguments: ["Event", "events", "event ", "even", "x", "queued-at", "chonnel", "expires_on", "Payload", ""])
    func `an unknown member is ignored, twice too`(member: String) throws {
        let text = #"{"\#(member)":1,"\#(member)":[],"event":"a"}"#
        #expect(try EventText.result(of: text.utf8).get().payload == nil)
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
        #expect(accepted > 1000)
    }
}
