import Testing
import WSQueueCore
import WSQueueWire

struct EventMessageTextTests {
    private func message(_ text: String, channel: String? = nil, payloadKey: String = "payload") throws -> [UInt8] {
        let bytes = Array(text.utf8)
        var writer = EventMessageWriter(payloadKey: payloadKey)
        writer.write(try EventText.decode(bytes.span), EventMessageTests.fields(channel), in: bytes.span)
        return writer.message
    }

    @Test(arguments: ["payload", "data"])
    func `older chat pages get their own form, the payload's bytes as they were`(payloadKey: String) throws {
        let bytes = try message(
            #"{"event":"chat.\"said\"","payload":{"b" : 1.0, "a":"\u00e9"},"timestamp":17.250}"#,
            channel: "chat.room.1", payloadKey: payloadKey)
        let decoded = EventMessageText.decode(bytes.span)
        let text = try #require(decoded)
        let chat = String(decoding: text.chat(in: bytes.span), as: UTF8.self)
        #expect(
            chat
                == #"{"action":"message","channel":"chat.room.1","sender":0,"message":{"b" : 1.0, "a":"\u00e9"},"#
                + #""time":17.250,"event":"chat.\"said\"","id":"na\"me","seq":18234}"#)
    }

    @Test func `the name of an event is told without escapes`() throws {
        let bytes = try message(#"{"event":"chat.\"said\""}"#)
        let name = EventMessageText.decode(bytes.span)?.eventName(in: bytes.span)
        #expect(name == Array(#"chat."said""#.utf8))
    }

    @Test func `older chat pages get the key too`() throws {
        let bytes = try message(#"{"event":"a","key":"k\"","channel":"x"}"#, channel: "x")
        let text = EventMessageText.decode(bytes.span).map { String(decoding: $0.chat(in: bytes.span), as: UTF8.self) }
        #expect(text?.hasSuffix(#","seq":18234,"key":"k\""}"#) == true)
    }

    @Test func `it knows its channel`() throws {
        for channel in ["x.1", nil] {
            let bytes = try message(#"{"event":"a"}"#, channel: channel)
            let name = EventMessageText.decode(bytes.span)?.channelName(in: bytes.span)
            #expect(name == channel)
        }
    }

    @Test func `it knows whether there is a channel`() throws {
        let (with, without) = (try message(#"{"event":"a"}"#, channel: "x"), try message(#"{"event":"a"}"#))
        let keyed = try message(#"{"event":"a","key":"k"}"#)
        let both = try message(#"{"event":"a","key":"k"}"#, channel: "x")
        let decoded = [with, without, keyed, both].map { EventMessageText.decode($0.span)?.hasChannel }
        #expect(decoded == [true, false, false, true])
    }

    @Test(arguments: [("caf\\u00e9.*", true), ("caf.*", false)])
    func `a filter sees the name without escapes`(escaped: String, isWanted: Bool) throws {
        let bytes = try message(#"{"event":"caf\u00e9.opened"}"#)
        let decoded = EventMessageText.decode(bytes.span)
        let text = try #require(decoded)
        let filter = try #require(EventFilter(escaped.replacing("\\u00e9", with: "\u{E9}")))
        let passes = text.passes(filter, in: bytes.span)
        #expect(passes == isWanted)
    }

    @Test(arguments: ["", "{}", "[]", #"{"event":"a"}"#, #"{"event":"a","payload":1,"timestamp":2,"id":"x","seq":3"#])
    func `anything else is no such message`(text: String) {
        let bytes = Array(text.utf8)
        let decoded = EventMessageText.decode(bytes.span)
        #expect(decoded == nil)
    }
}
