import Testing
import WSQueueCore

struct EventTextTests {
    @Test func `all members of an event are found where they lie`() throws {
        let bytes = Array(
            #"""
             {"event": "order.created", "payload": {"id": 7.0, "b": 1e400}, "timestamp": 1729000000,
             "queued_at": 1729000000.123456, "id": "order-7", "channels": ["orders", "private.user.7", "orders"],
             "channel": "all", "recipients": [42, "u\u00e9", 7.0], "except": 18, "expires_at": 1729000060, "other": [1]}
            """#.utf8)
        let event = try EventText.result(of: bytes).get()
        #expect(slice(event.event, bytes) == #""order.created""#)
        #expect(event.eventName(in: bytes.span) == Label("order.created"))
        #expect(slice(event.payload, bytes) == #"{"id": 7.0, "b": 1e400}"#)
        #expect(slice(event.timestamp, bytes) == "1729000000")
        #expect(event.queuedAtMicroseconds == 1_729_000_000_123_456)
        #expect(slice(event.id, bytes) == #""order-7""#)
        #expect(event.idLabel(in: bytes.span) == Label("order-7"))
        #expect(event.channels.map(\.name) == ["orders", "private.user.7", "all"])
        #expect(event.recipients?.map(\.text) == ["42", "ué", "7"])
        #expect(event.except == 18)
        #expect(event.expiresAtMicroseconds == 1_729_000_060_000_000)
    }

    @Test func `an event may be no more than its name`() throws {
        let bytes = Array(#"{"event":"a"}"#.utf8)
        let event = try EventText.result(of: bytes).get()
        #expect(slice(event.event, bytes) == #""a""#)
        #expect(event.payload == nil && event.timestamp == nil && event.id == nil && event.recipients == nil)
        #expect(event.queuedAtMicroseconds == nil && event.except == nil)
        #expect(event.expiresAtMicroseconds == nil && event.channels == [] && event.idLabel(in: bytes.span) == nil)
    }

    @Test func `null is as good as absent, but for the payload`() throws {
        let bytes =
            Array(
                #"{"event":"a","payload":null,"timestamp":null,"queued_at":null,"id":null,"channel":null,"channels":null,"#
                    .utf8)
            + Array(#""recipients":null,"except":null,"expires_at":null}"#.utf8)
        let event = try EventText.result(of: bytes).get()
        #expect(slice(event.payload, bytes) == "null")
        #expect(event.timestamp == nil && event.id == nil && event.recipients == nil && event.except == nil)
        #expect(event.channels == [])
    }

    @Test func `the files that the PHP original writes are events`() throws {
        let names = try Corpus.names(in: "php-queue-files").filter { $0.hasSuffix(".json") }
        #expect(names.count == 5)
        for name in names {
            let bytes = try Corpus.bytes("php-queue-files/\(name)")
            let event = try EventText.result(of: bytes).get()
            #expect(event.payload != nil && event.queuedAtMicroseconds != nil, "\(name)")
        }
    }

    @Test func `a name of a member or an event may be written with escapes`() throws {
        let bytes = Array(#"{"\u0065vent":"gr\u00f6\u00dfe","pay\u006coad":1,"ev\u0065nt2":2,"\ud800":3}"#.utf8)
        let event = try EventText.result(of: bytes).get()
        #expect(slice(event.event, bytes) == #""gr\u00f6\u00dfe""#)
        #expect(event.eventName(in: bytes.span) == Label("größe"))
        #expect(slice(event.payload, bytes) == "1")
    }

    @Test(
        arguments: [
            ("7", "7"), ("-7", "-7"), ("7.0", "7"), ("7e2", "700"), ("18446744073709551616", "18446744073709551616"),
            (#""7""#, "7"), (#""é\n\u0041""#, nil), (#""\u0041""#, "A"),
        ] as [(String, String?)])
    func `an id is a text or the digits of an integer`(token: String, id: String?) {
        let bytes = Array(#"{"event":"a","id":\#(token)}"#.utf8)
        let event = try? EventText.result(of: bytes).get()
        #expect(event?.idLabel(in: bytes.span)?.text == id)
    }

    @Test(arguments: [#""a""#, #"["a"]"#, #""\u0061""#, #"["a","\u0061"]"#])
    func `a channel is a name or a list under either member`(value: String) throws {
        for member in ["channel", "channels"] {
            let event = try EventText.result(of: #"{"event":"a","\#(member)":\#(value)}"#.utf8).get()
            #expect(event.channels.map(\.name) == ["a"])
        }
    }

    @Test func `no recipients are nobody and not everybody`() throws {
        #expect(try EventText.result(of: #"{"event":"a","recipients":[]}"#.utf8).get().recipients == [])
    }

    private func slice(_ range: Range<Int>?, _ bytes: [UInt8]) -> String? {
        range.map { String(decoding: bytes[$0], as: UTF8.self) }
    }
}
