import Testing
import WSQueueCore
import WSQueueWire

@Suite struct EventMessageTests {
    static func fields(_ channel: String? = nil) -> EventMessageFields {
        EventMessageFields(
            unixSeconds: 1_729_000_000, id: Array("na\"me".utf8), seq: 18234, channel: channel.flatMap { Channel($0) })
    }

    private static func message(
        _ text: String, _ fields: EventMessageFields, _ writer: inout EventMessageWriter
    ) throws -> String {
        let bytes = Array(text.utf8)
        writer.write(try EventText.decode(bytes.span), fields, in: bytes.span)
        return String(decoding: writer.message, as: UTF8.self)
    }

    @Test(arguments: [
        (
            #"{"event":"order.created","payload":{"id":7},"timestamp":1729000001,"id":"order-7","channel":"orders"}"#,
            "orders" as String?,
            #"{"event":"order.created","payload":{"id":7},"timestamp":1729000001,"id":"order-7","seq":18234,"channel":"orders"}"#
        ),
        (
            #"{"event":"a"}"#, nil,
            #"{"event":"a","payload":null,"timestamp":1729000000,"id":"na\"me","seq":18234}"#
        ),
        (
            #"{"payload": {"b" : 1.0, "a":[1e400,"\ud800"] } ,"event":"\u00e9", "id":42,"timestamp":17.250}"#, nil,
            #"{"event":"\u00e9","payload":{"b" : 1.0, "a":[1e400,"\ud800"] },"timestamp":17.250,"id":"42","seq":18234}"#
        ),
        (
            #"{"event":"a","key":"order-\u0037","channels":["orders"],"payload":1,"timestamp":2}"#, "orders",
            #"{"event":"a","payload":1,"timestamp":2,"id":"na\"me","seq":18234,"channel":"orders","key":"order-7"}"#
        ),
        (
            #"{"event":"a","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","key":"k"}"#,
            "orders",
            #"{"event":"a","payload":null,"timestamp":1729000000,"id":"na\"me","seq":18234,"traceparent":"#
                + #""00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","channel":"orders","key":"k"}"#
        ),
        (
            #"{"event":"a","traceparent":"00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}"#, nil,
            #"{"event":"a","payload":null,"timestamp":1729000000,"id":"na\"me","seq":18234}"#
        ),
        (
            #"{"event":"a","data":   [1],"timestamp":1729000000500}"#, nil,
            #"{"event":"a","payload":[1],"timestamp":1729000000.500000,"id":"na\"me","seq":18234}"#
        ),
        (
            #"{"event":"a","data":   [1],"timestamp":17,"timestamp_ms":"17"}"#, nil,
            #"{"event":"a","payload":[1],"timestamp":17,"id":"na\"me","seq":18234}"#
        ),
    ])
    func `the message is the contract's, around the bytes of the file`(
        text: String, channel: String?, expected: String
    ) throws {
        var writer = EventMessageWriter()
        #expect(try Self.message(text, Self.fields(channel), &writer) == expected)
    }

    @Test(arguments: [
        #"{"event":"a","payload":[1],"timestamp":17.5,"id":"b"}"#,
        #"{ "event":"a","payload":[1],"timestamp":17.5,"id":"b"}"#,
        #"{"event":"a","x":1,"payload":[1],"timestamp":17.5,"id":"b"}"#,
        #"{"event":"a","payload":[1] ,"timestamp":17.5,"id":"b"}"#,
        #"{"event":"a","payload":[1],"timestamp": 17.5,"id":"b"}"#,
        #"{"\u0065vent":"a","payload":[1],"timestamp":17.5,"id":"b"}"#,
        #"{"payload":[1],"event":"a","timestamp":17.5,"id":"b"}"#,
        #"{"event":"a","timestamp":17.5,"payload":[1],"id":"b"}"#,
    ])
    func `one event in any spelling is one message`(text: String) throws {
        var writer = EventMessageWriter()
        #expect(
            try Self.message(text, Self.fields(), &writer)
                == #"{"event":"a","payload":[1],"timestamp":17.5,"id":"b","seq":18234}"#)
    }

    @Test func `the payload may have another name`() throws {
        var writer = EventMessageWriter(payloadKey: "data")
        let message = try Self.message(#"{"event":"a","payload":[1]}"#, Self.fields(), &writer)
        #expect(message.hasPrefix(#"{"event":"a","data":[1],"timestamp""#))
        let whole = try Self.message(#"{"event":"a","payload":[1],"timestamp":5}"#, Self.fields(), &writer)
        #expect(whole.hasPrefix(#"{"event":"a","data":[1],"timestamp":5,"#))
    }

    @Test func `a writer serves one event after the other`() throws {
        var writer = EventMessageWriter()
        let first = try Self.message(#"{"event":"a","payload":[1,2,3]}"#, Self.fields("x"), &writer)
        _ = try Self.message(#"{"event":"b"}"#, Self.fields(), &writer)
        #expect(try Self.message(#"{"event":"a","payload":[1,2,3]}"#, Self.fields("x"), &writer) == first)
    }
}
