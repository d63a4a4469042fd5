import Testing
import WSQueueCore

struct EventTextTests {
    @Test func `all members of an event are found where they lie`() throws {
        let bytes = Array(
            #"""
             {"event": "order.created", "payload": {"id": 7.0, "b": 1e400}, "timestamp": 1729000000,
             "queued_at": 1729000000.123456, "id": "order-7", "channels": ["orders", "private.user.7", "orders"],
             "channel": "all", "recipients": [42, "u\u00e9", 7.0], "except": 18, "expires_at": 1729000060, "other": [1],
             "except_users": 9, "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x": 2}
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
        #expect(event.exceptions == Exceptions(connections: [18], users: [try #require(Label("9"))]))
        #expect(event.key == nil && !event.clearsKey)
        #expect(slice(event.traceparent, bytes) == #""00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01""#)
        #expect(slice(event.ignored, bytes) == "other")
        #expect(event.expiresAtMicroseconds == 1_729_000_060_000_000)
    }

    @Test func `an event may be no more than its name`() throws {
        let bytes = Array(#"{"event":"a"}"#.utf8)
        let event = try EventText.result(of: bytes).get()
        #expect(slice(event.event, bytes) == #""a""#)
        #expect(event.payload == nil && event.timestamp == nil && event.id == nil && event.recipients == nil)
        #expect(event.queuedAtMicroseconds == nil && event.exceptions.isEmpty)
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
        #expect(event.timestamp == nil && event.id == nil && event.recipients == nil && event.exceptions.isEmpty)
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

    @Test(
        arguments: [
            (#""key":"order-7""#, "order-7", false), (#""clear":true,"key":"a""#, "a", true),
            (#""key":7,"clear":false"#, "7", false), (#""key":"a","except":[],"except_users":[]"#, "a", false),
            (#""key":null,"clear":false,"recipients":[1]"#, nil, false),
        ] as [(String, String?, Bool)])
    func `an event may be the state of a key, or end it`(members: String, key: String?, clears: Bool) throws {
        let event = try EventText.result(of: #"{"event":"a",\#(members)}"#.utf8).get()
        #expect(event.key?.text == key && event.clearsKey == clears)
    }

    @Test(arguments: [("18", [18]), ("[18,-1,7.0]", [18, -1, 7]), ("[]", [])] as [(String, [Int64])])
    func `one connection or a list of them may be left out`(value: String, connections: [Int64]) throws {
        let event = try EventText.result(of: #"{"event":"a","except":\#(value)}"#.utf8).get()
        #expect(event.exceptions.connections == connections)
    }

    @Test(arguments: [("42", ["42"]), (#""jane""#, ["jane"]), (#"[42,"42","jane"]"#, ["42", "42", "jane"])])
    func `one user or a list of them may be left out`(value: String, users: [String]) throws {
        let event = try EventText.result(of: #"{"event":"a","except_users":\#(value)}"#.utf8).get()
        #expect(event.exceptions.users.map(\.text) == users)
    }

    @Test func `data is the payload where there is none`() throws {
        for text in [#"{"event":"a","data":[1]}"#, #"{"data":[1],"event":"a"}"#] {
            let bytes = Array(text.utf8)
            let event = try EventText.result(of: bytes).get()
            #expect(slice(event.payload, bytes) == "[1]" && event.isPayloadData && event.ignored == nil)
        }
        for text in [#"{"event":"a","data":1,"payload":null}"#, #"{"payload":null,"event":"a","data":1}"#] {
            let bytes = Array(text.utf8)
            let event = try EventText.result(of: bytes).get()
            #expect(slice(event.payload, bytes) == "null" && !event.isPayloadData)
            #expect(slice(event.ignored, bytes) == "data")
        }
    }

    /// The same moment in all units, and how clients are told it.
    @Test(
        arguments: [
            ("1729000000.5", 1_729_000_000_500_000, true), ("1729000000500", 1_729_000_000_500_000, false),
            ("1729000000500000", 1_729_000_000_500_000, false), ("1729000000500000000", 1_729_000_000_500_000, false),
            ("1.7290000005e9", 1_729_000_000_500_000, true), ("1.7290000005e12", 1_729_000_000_500_000, false),
            (#""1729000000.5""#, 1_729_000_000_500_000, false), (#""1729000000500""#, 1_729_000_000_500_000, false),
            ("99999999999", 99_999_999_999_000_000, true), ("100000000000", 100_000_000_000_000, false), ("0", 0, true),
            ("-5", -5_000_000, true), (#""1729000000.5000000000000000000""#, 1_729_000_000_500_000, false),
        ] as [(String, Int64, Bool)])
    func `a time is in seconds or in what its size says`(value: String, microseconds: Int64, isKept: Bool) throws {
        let bytes = Array(#"{"event":"a","timestamp":\#(value),"expires_at":\#(value)}"#.utf8)
        let event = try EventText.result(of: bytes).get()
        #expect(event.expiresAtMicroseconds == microseconds)
        #expect(event.happenedMicroseconds(in: bytes.span) == microseconds)
        #expect(slice(event.timestamp, bytes) == (isKept ? value : nil))
    }

    @Test(arguments: [
        #""soon""#, "1e300", "{}", "true", "5", #""""#, #""1.""#, #""-1""#, "1e-9", "99999999999999999999",
        #""1729000000.50000000000000000000""#,
    ])
    func `a time of queueing that no one can mean is ignored`(value: String) throws {
        let event = try EventText.result(of: #"{"event":"a","queued_at":\#(value)}"#.utf8).get()
        #expect(event.queuedAtMicroseconds == nil)
    }

    @Test(arguments: [
        "null", "1", #""""#, #""00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01""#,
        #""01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01""#,
        #""00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more""#,
        #""00-00000000000000000000000000000000-b7ad6b7169203331-01""#,
        #""00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01""#,
        #""00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01""#,
    ])
    func `a trace context of another shape is ignored`(value: String) throws {
        #expect(try EventText.result(of: #"{"event":"a","traceparent":\#(value)}"#.utf8).get().traceparent == nil)
    }

    private func slice(_ range: Range<Int>?, _ bytes: [UInt8]) -> String? {
        range.map { String(decoding: bytes[$0], as: UTF8.self) }
    }
}
