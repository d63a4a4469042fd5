import Testing
import WSQueueCore

struct EventTests {
    /// 2024-10-15 13:46:40.123456 UTC.
    private static let now: Int64 = 1_729_000_000_123_456_789

    @Test func `an event is written with the members of the contract in their order`() {
        var event = Event("order.created", payload: Array("{\"id\": 7}".utf8))
        event.id = "order-7"
        event.channels = ["orders", "shop.1"]
        event.recipients = [.number(42), .text("jane")]
        event.except = 18
        event.expiry = .after(.seconds(60))
        #expect(
            text(of: event) == """
                {"event":"order.created","payload":{"id": 7},"timestamp":1729000000,"queued_at":1729000000.123456,\
                "id":"order-7","channels":["orders","shop.1"],"recipients":[42,"jane"],"except":18,\
                "expires_at":1729000060.123456}
                """)
    }

    @Test func `an event that says nothing more has four members`() {
        #expect(
            text(of: Event("a\"b")) == """
                {"event":"a\\"b","payload":null,"timestamp":1729000000,"queued_at":1729000000.123456}
                """)
    }

    @Test(arguments: ["1.0", "1e400", "[ 1 ,2]", "{\"b\":1,\"a\":2}", "\"\\ud800\"", "\"\\/\""])
    func `the payload's bytes are kept`(payload: String) throws {
        let event = Event("a", payload: Array(payload.utf8))
        try event.check()
        let bytes = Array(text(of: event).utf8)
        let read = try EventText.decode(bytes.span)
        #expect(read.payload.map { String(decoding: bytes[$0], as: UTF8.self) } == payload)
    }

    @Test func `what is written is what the decoder reads`() throws {
        var event = Event("a.b", payload: Array("[]".utf8))
        event.timestampSeconds = 5
        event.id = "é"
        event.channels = ["c", "d"]
        event.recipients = [.number(-1), .text("7")]
        event.except = 9
        event.expiry = .at(unixMicroseconds: 6_000_001)
        let bytes = Array(text(of: event).utf8)
        let read = try EventText.decode(bytes.span)
        #expect(read.eventName(in: bytes.span) == Label("a.b"))
        #expect(read.timestamp.map { String(decoding: bytes[$0], as: UTF8.self) } == "5")
        #expect(read.queuedAtMicroseconds == Self.now / 1_000)
        #expect(read.idLabel(in: bytes.span) == Label("é"))
        #expect(read.channels.map(\.name) == ["c", "d"])
        #expect(read.recipients?.map(\.text) == ["-1", "7"])
        #expect(read.exceptions == Exceptions(connections: [9]))
        #expect(read.expiresAtMicroseconds == 6_000_001)
    }

    @Test func `state and exceptions are written and read`() throws {
        var event = Event("a", payload: Array("1".utf8))
        event.key = "order-7"
        event.clearsKey = true
        var bytes = Array(text(of: event).utf8)
        var read = try EventText.decode(bytes.span)
        #expect(read.key?.text == "order-7" && read.clearsKey)
        event = Event("a")
        event.exceptConnections = [1, 2]
        event.exceptUsers = [.number(42), .text("jane")]
        try event.check()
        bytes = Array(text(of: event).utf8)
        read = try EventText.decode(bytes.span)
        #expect(read.exceptions == Exceptions(connections: [1, 2], users: ["42", "jane"].compactMap { Label($0) }))
    }

    @Test func `state is for all who listen`() throws {
        var event = Event("a")
        event.clearsKey = true
        #expect(throws: EventRefusal.clearWithoutKey) { try event.check() }
        event.key = ""
        #expect(throws: EventRefusal.key("")) { try event.check() }
        event.key = "k"
        try event.check()
        event.recipients = []
        #expect(throws: EventRefusal.keyForSome("k")) { try event.check() }
        event.recipients = nil
        event.except = 1
        #expect(throws: EventRefusal.keyForSome("k")) { try event.check() }
        event.except = nil
        event.exceptUsers = [.number(1)]
        #expect(throws: EventRefusal.keyForSome("k")) { try event.check() }
    }

    @Test func `more than 1,024 users are a channel's`() throws {
        var event = Event("a")
        event.recipients = (0..<1_024).map { .number($0) }
        try event.check()
        event.recipients?.append(.number(0))
        #expect(throws: EventRefusal.tooMany(limit: 1_024)) { try event.check() }
    }

    @Test func `a list of nobody is not everybody`() throws {
        var event = Event("a")
        event.recipients = []
        let bytes = Array(text(of: event).utf8)
        #expect(try EventText.decode(bytes.span).recipients == [])
    }

    @Test(arguments: [Duration.seconds(Int64.max), .seconds(9_223_372_036_854), .seconds(1 << 62)])
    func `a time too long to count is as good as never`(duration: Duration) {
        var event = Event("a")
        event.expiry = .after(duration)
        #expect(text(of: event).hasSuffix("\"expires_at\":99999999999}"))
    }

    @Test func `what is less than a second of a time to live counts`() {
        var event = Event("a")
        event.expiry = .after(.milliseconds(1_500))
        #expect(text(of: event).hasSuffix("\"expires_at\":1729000001.623456}"))
    }

    @Test(arguments: [64, 65, 200])
    func `a refusal quotes 64 characters at the most`(count: Int) {
        let name = String(repeating: "x", count: count) + "\n"
        let shown = String(repeating: "x", count: 64)
        #expect(EventRefusal.name(name).description.contains("\"\(shown)\"… holds"))
    }

    @Test(arguments: ["", String(repeating: "x", count: 256), "a\nb", "a\u{7F}", "a\u{9B}", "\u{0}"])
    func `names and ids that go to terminals and logs are refused`(bad: String) {
        #expect(throws: EventRefusal.name(bad)) { try Event(bad).check() }
        var event = Event("a")
        event.id = bad
        #expect(throws: EventRefusal.id(bad)) { try event.check() }
        event.id = nil
        event.recipients = [.number(1), .text(bad)]
        #expect(throws: EventRefusal.recipient(bad)) { try event.check() }
    }

    @Test(arguments: ["", "a b", "ä", "a*", String(repeating: "c", count: 256)])
    func `channels that nobody could subscribe to are refused`(channel: String) {
        var event = Event("a")
        event.channels = ["good", channel]
        #expect(throws: EventRefusal.channel(channel)) { try event.check() }
    }

    @Test(arguments: ["", "nul", "{} {}", "'a'", "[1,]"])
    func `a payload that is not JSON is refused`(payload: String) {
        #expect(throws: EventRefusal.self) { try Event("a", payload: Array(payload.utf8)).check() }
    }

    @Test func `a refusal quotes what it refuses on one line`() {
        let text = EventRefusal.channel("a\u{1B}[2J\n\u{9B}\u{202E}").description
        #expect(text.contains("\"a\\u001b[2J\\n\\u009b\\u202e\""))
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 })
    }

    private func text(of event: Event) -> String {
        var bytes: [UInt8] = []
        event.encode(into: &bytes, queuedAt: Self.now)
        return String(decoding: bytes, as: UTF8.self)
    }
}
