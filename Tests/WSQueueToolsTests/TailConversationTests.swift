import Testing
import WSQueueSystem

@testable import WSQueueCommandLine
@testable import WSQueueTools

/// What `tail` makes of a server's bytes, without a server.
struct TailConversationTests {
    private static let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

    @Test func `the request says what is wanted`() throws {
        var source = TailSource(try #require(ServerLocation("http://queue.example:81/below/?x")), token: "t")
        source.events = ["order.*", "a b"]
        source.channels = ["orders", "chat.**"]
        var conversation = TailConversation(source)
        let request = String(decoding: conversation.connect(since: "e:7"), as: UTF8.self)
        let target = "GET /below/events?watch=1&channels=orders,chat.**&events=order.*,a%20b&since=e:7 HTTP/1.1\r\n"
        #expect(request.hasPrefix(target), "\(request)")
        for line in ["Host: queue.example:81", "Authorization: Bearer t", "Accept: text/event-stream"] {
            #expect(request.contains("\(line)\r\n"))
        }
    }

    @Test func `the next connection goes on after the last event`() throws {
        var conversation = try conversation()
        _ = conversation.connect(since: "e:0")
        let actions = try conversation.receive(
            Self.head, "retry: 300\nid: e:7\ndata: {\"event\":\"a\",\"payload\":1}\n\n")
        #expect(actions == ["hand a"])
        #expect(try conversation.receive([]).map(Self.text) == ["lost the connection has ended"])
        let (report, delay) = conversation.noteLost("x")
        #expect(report == "x; connecting again" && delay == 150...300)
        let request = String(decoding: conversation.connect(since: "e:0"), as: UTF8.self)
        #expect(request.contains("Last-Event-ID: e:7\r\n") && !request.contains("since"))
        #expect(try conversation.receive(Self.head, ": ping\n\n") == ["report connected again"])
    }

    @Test func `it waits longer each time, and reports the first only`() throws {
        var conversation = try conversation()
        #expect(conversation.noteLost("x").delay == 500...1_000)
        for _ in 0..<3 { #expect(conversation.noteLost("x").report == nil) }
        #expect(conversation.noteLost("x").delay == 8_000...16_000)
        for _ in 0..<10 { #expect(conversation.noteLost("x").delay == 10_000...20_000) }
    }

    @Test(arguments: [
        (
            "{\"action\":\"resumed\",\"gap\":{\"from\":\"e:2\",\"to\":\"e:5\",\"reason\":\"trimmed\"}}",
            ["report gap: the journal no longer has events 3 to 5"]
        ),
        (
            "{\"gap\":{\"reason\":\"epoch\"}}",
            ["report gap: that cursor is of another numbering, and what was missed is not known"]
        ),
        (
            "{\"action\":\"error\",\"error\":\"access_denied\",\"channel\":\"c\"}",
            ["report the server says: access_denied (c)"]
        ),
        ("{\"action\":\"subscribed\"}", []), ("no JSON", []), ("{\"event\":\"a\"}", ["hand a"]),
    ])
    func `what the server says besides events is told`(data: String, actions: [String]) throws {
        var conversation = try conversation()
        _ = conversation.connect(since: nil)
        #expect(try conversation.receive(Self.head, "data: \(data)\n\n") == actions)
    }

    @Test func `the state comes first, and again where it makes up for what is gone`() throws {
        var source = TailSource(try #require(ServerLocation("127.0.0.1:1")), token: nil)
        source.wantsState = true
        var conversation = TailConversation(source)
        func request() -> String { String(decoding: conversation.connect(since: "e:3"), as: UTF8.self) }
        func event(_ seq: Int, key: String? = nil) -> String {
            "data: {\"event\":\"n\(seq)\",\"seq\":\(seq)\(key.map { ",\"key\":\"\($0)\"" } ?? "")}\n\n"
        }
        let (begin, end) = (
            "data: {\"action\":\"state\",\"begin\":true}\n\n", "data: {\"action\":\"state\",\"keys\":1}\n\n"
        )
        let gap = "data: {\"action\":\"resumed\",\"gap\":{\"from\":\"e:9\",\"to\":\"e:15\",\"reason\":\"trimmed\"}}\n\n"
        #expect(request().contains("state=1&since=e:3 "))
        let first = Self.head + begin + event(2, key: "k") + event(7, key: "l") + end + "id: e:8\n" + event(9)
        #expect(try conversation.receive(first, "id: e:9\n\n") == ["hand n2", "hand n7", "hand n9"])
        // What is there in full comes in full.
        #expect(!request().contains("state"))
        let second = Self.head + "id: e:16\n" + event(16, key: "m")
        #expect(
            try conversation.receive(second, gap + event(17)) == [
                "hand n16", "lost gap: the journal no longer has events 10 to 15",
            ])
        let again = request()
        #expect(again.contains("/events?watch=1&state=1 ") && again.contains("Last-Event-ID: e:16\r\n"))
        let third = [event(7, key: "l"), event(12, key: "k"), event(16, key: "m"), event(17), event(18, key: "o")]
            .joined()
        #expect(
            try conversation.receive(Self.head + begin + third + end, gap) == [
                "hand n12", "hand n17", "hand n18", "report gap: the journal no longer has events 10 to 15",
            ])
    }

    @Test func `in another numbering all of the state is new`() throws {
        var source = TailSource(try #require(ServerLocation("127.0.0.1:1")), token: nil)
        source.wantsState = true
        var conversation = TailConversation(source)
        _ = conversation.connect(since: nil)
        _ = try conversation.receive(
            Self.head, "data: {\"action\":\"state\",\"keys\":0}\n\nid: e:90\ndata: {\"event\":\"a\"}\n\n")
        _ = conversation.connect(since: nil)
        let gap = "{\"action\":\"resumed\",\"gap\":{\"from\":\"e:90\",\"to\":\"f:5\",\"reason\":\"epoch\"}}"
        let told = try conversation.receive(Self.head, "id: e:90\n\ndata: \(gap)\n\n")
        #expect(told == ["lost gap: that cursor is of another numbering, and what was missed is not known"])
        let request = String(decoding: conversation.connect(since: nil), as: UTF8.self)
        #expect(request.contains("state=1 ") && request.contains("Last-Event-ID: f:5\r\n"))
        let state = "data: {\"action\":\"state\",\"begin\":true}\n\ndata: {\"event\":\"a\",\"seq\":3,\"key\":\"k\"}\n\n"
        #expect(try conversation.receive(Self.head, state) == ["hand a"])
    }

    private static let gap =
        "data: {\"action\":\"resumed\",\"gap\":{\"from\":\"e:2\",\"to\":\"e:5\",\"reason\":\"trimmed\"}}\n\n"

    /// One that notes how far it has come.
    private func durable(_ policy: GapPolicy, state: Bool = false, isResumed: Bool = true) throws -> TailConversation {
        var source = TailSource(try #require(ServerLocation("127.0.0.1:1")), token: nil)
        source.onGap = policy
        source.wantsState = state
        source.isResumed = isResumed
        return TailConversation(source)
    }

    private static func event(_ seq: Int, key: String? = nil) -> String {
        "id: e:\(seq)\ndata: {\"event\":\"n\(seq)\",\"seq\":\(seq)\(key.map { ",\"key\":\"\($0)\"" } ?? "")}\n\n"
    }

    @Test func `who notes how far it has come is told where it stands before and after what was missed`() throws {
        for policy in GapPolicy.allCases {
            var conversation = try durable(policy)
            _ = conversation.connect(since: "e:2")
            let missed = "id: e:2\n\n" + Self.event(3) + Self.event(4) + "id: e:6\n\n"
            #expect(try conversation.receive(Self.head, missed) == ["stand e:2", "hand n3", "hand n4", "stand e:6"])
            #expect(try conversation.receive(Array(Self.event(7).utf8)).map(Self.text) == ["hand n7"])
        }
        var conversation = try durable(.stop)
        _ = conversation.connect(since: nil)
        // Nothing was missed by one who begins with what comes.
        #expect(try conversation.receive(Self.head, "id: e:2\n\n" + Self.event(3)) == ["stand e:2", "hand n3"])
    }

    @Test func `nothing is handed out before it is known that nothing is missing`() throws {
        var conversation = try durable(.stop)
        _ = conversation.connect(since: "e:2")
        #expect(try conversation.receive(Self.head, "id: e:2\n\n" + Self.event(6)) == [])
        // What was not handed out is asked for again.
        #expect(try conversation.receive([]).map(Self.text) == ["lost the connection has ended"])
        #expect(String(decoding: conversation.connect(since: "e:2"), as: UTF8.self).contains("since=e:2 "))
        #expect(try conversation.receive(Self.head, "id: e:2\n\n" + Self.event(6)) == [])
        let told = try conversation.receive(Array((Self.gap + "id: e:6\n\n").utf8)).map(Self.text)
        #expect(told == ["gap gap: the journal no longer has events 3 to 5"])
    }

    @Test func `who goes on after a gap is given the rest, and told`() throws {
        var conversation = try durable(.go)
        _ = conversation.connect(since: "e:2")
        let text = "id: e:2\n\n" + Self.event(6) + Self.gap + "id: e:6\n\n"
        #expect(
            try conversation.receive(Self.head, text) == [
                "report gap: the journal no longer has events 3 to 5", "stand e:2", "hand n6", "stand e:6",
            ])
    }

    @Test func `of very much that was missed a part is given at a time`() throws {
        var conversation = try durable(.stop)
        _ = conversation.connect(since: "e:0")
        let events = (1...2_500).map { Self.event($0) }.joined()
        var given = try conversation.receive(Self.head, "id: e:0\n\n" + events + "id: e:2500\n\n")
        #expect(given.count == 1_000)
        while case let more = conversation.more().map(Self.text), !more.isEmpty { given += more }
        #expect(given == ["stand e:0"] + (1...2_500).map { "hand n\($0)" } + ["stand e:2500"])
    }

    @Test func `a connection is closed while what was missed is done, and stays once nothing was`() throws {
        var source = TailSource(try #require(ServerLocation("127.0.0.1:1")), token: nil)
        let (second, minute): (Int64, Int64) = (1_000_000_000, 60_000_000_000)
        var pace = Pace(source)
        func isClosing(_ hasEvents: Bool) -> Bool { pace.isClosing(hasEvents: hasEvents) }
        func isDue(after time: Int64, hasMore: Bool) -> Bool {
            pace.isDue(hasMoved: true, came: 0, now: time, hasMore: hasMore)
        }
        // One that notes nothing keeps it.
        #expect(!isClosing(true) && !isDue(after: 60 * minute, hasMore: true))
        source.onGap = .go
        pace = Pace(source)
        #expect(isClosing(true) && isClosing(true))
        #expect(!isClosing(false) && !isClosing(true))
        #expect(!isDue(after: second / 21, hasMore: true) && !isDue(after: 60 * minute, hasMore: false))
        // More comes than is done.
        #expect(isDue(after: second / 20, hasMore: true))
        #expect(isClosing(true) && !isClosing(false))
        #expect(pace.rest(after: second / 10) == second / 10 && pace.rest(after: second) == 0)
    }

    @Test func `who is given few events asks now and then where things stand`() throws {
        var source = TailSource(try #require(ServerLocation("127.0.0.1:1")), token: nil)
        let minute: Int64 = 60_000_000_000
        source.events = ["order.*"]
        source.onGap = .stop
        var pace = Pace(source)
        pace.connect(now: 0)
        func isDue(_ hasMoved: Bool = false, at now: Int64) -> Bool {
            pace.isDue(hasMoved: hasMoved, came: now, now: now, hasMore: false)
        }
        #expect(!isDue(at: 9 * minute) && isDue(at: 10 * minute))
        pace.connect(now: 10 * minute)
        #expect(!isDue(true, at: 15 * minute) && !isDue(at: 24 * minute) && isDue(at: 25 * minute))
        // Not before it has what it missed, or that would be asked for again and again.
        var conversation = try durable(.stop)
        _ = conversation.connect(since: "e:2")
        #expect(try conversation.receive(Self.head, "id: e:2\n\n") == [] && !conversation.isLive)
        #expect(try conversation.receive(Array("id: e:6\n\n".utf8)).count == 2 && conversation.isLive)
    }

    @Test func `a channel that is refused ends one who notes how far it has come`() throws {
        var conversation = try durable(.stop)
        _ = conversation.connect(since: nil)
        let refusal = "data: {\"action\":\"error\",\"error\":\"no\",\"code\":\"access_denied\",\"channel\":\"c\"}\n\n"
        #expect(
            try conversation.receive(Self.head, "id: e:2\n\n" + refusal + Self.event(3)) == [
                "stand e:2", "refused the server says: no (c)",
            ])
        conversation = try durable(.stop)
        _ = conversation.connect(since: nil)
        let end = "data: {\"action\":\"error\",\"error\":\"old\",\"code\":\"token_expired\"}\n\n"
        #expect(try conversation.receive(Self.head, end) == ["report the server says: old"])
    }

    @Test func `where the state comes first its cursor counts only after all of it`() throws {
        let begin = "data: {\"action\":\"state\",\"begin\":true}\n\n"
        let kept = "data: {\"event\":\"n1\",\"seq\":1,\"key\":\"k\"}\n\n"
        let end = "data: {\"action\":\"state\",\"keys\":1}\n\n"
        var conversation = try durable(.go, state: true, isResumed: false)
        #expect(String(decoding: conversation.connect(since: nil), as: UTF8.self).contains("state=1 "))
        #expect(try conversation.receive(Self.head, begin + kept) == [])
        let whole = try conversation.receive(Array((end + "id: e:5\n\n").utf8)).map(Self.text)
        #expect(whole == ["hand n1", "stand e:5"])
        // At the next start it has had it.
        conversation = try durable(.stop, state: true)
        #expect(!String(decoding: conversation.connect(since: "e:2"), as: UTF8.self).contains("state"))
        // A gap is asked about once more, beside the state, and from the same place on.
        #expect(
            try conversation.receive(Self.head, "id: e:2\n\n" + Self.event(6) + Self.gap + "id: e:6\n\n") == [
                "lost gap: the journal no longer has events 3 to 5"
            ])
        let again = String(decoding: conversation.connect(since: "e:2"), as: UTF8.self)
        #expect(again.contains("state=1&since=e:2 "))
        let healed = "data: {\"action\":\"resumed\",\"complete\":false,\"healed\":true}\n\n"
        let state = begin + "data: {\"event\":\"n4\",\"seq\":4,\"key\":\"k\"}\n\n" + end
        #expect(
            try conversation.receive(Self.head, state + healed + "id: e:6\n\n") == ["hand n4", "stand e:6"])
    }

    @Test func `the bytes may come in any pieces`() throws {
        let bytes = Array((Self.head + "id: e:1\ndata: {\"event\":\"a\"}\n\nid: e:2\ndata: {\"event\":\"b\"}\n\n").utf8)
        for cut in 0...bytes.count {
            var conversation = try conversation()
            _ = conversation.connect(since: nil)
            // No bytes are the connection's end.
            let pieces = [bytes[..<cut], bytes[cut...]].filter { !$0.isEmpty }
            let actions = try pieces.flatMap { try conversation.receive(Array($0)).map(Self.text) }
            #expect(actions == ["hand a", "hand b"])
        }
    }

    @Test(arguments: [
        (
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 9\r\n\r\ngo away\u{1B}\n",
            ServerCallError.notPermitted("refused with 401: go away\\u001b")
        ),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\n\n", .unavailable("refused with 404")),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
            .unavailable("what answers at 127.0.0.1:1 is no wsqueue-server")
        ),
        ("SSH-2.0-x\r\n\r\n", .unavailable("what answers at 127.0.0.1:1 is no wsqueue-server")),
        ("", .unavailable("127.0.0.1:1 has ended the connection")),
    ])
    func `a server that never was there, or will not tell, is an error`(text: String, error: ServerCallError) throws {
        var conversation = try conversation()
        _ = conversation.connect(since: nil)
        #expect(throws: error) { try conversation.receive(Array(text.utf8)) }
        #expect(throws: ServerCallError.unavailable("x")) { try conversation.unreachable(.unavailable("x")) }
    }

    @Test func `a server that was there is waited for, unless it will not tell any more`() throws {
        var conversation = try conversation()
        _ = conversation.connect(since: nil)
        #expect(try conversation.receive(Self.head, ": hello\n\n") == [])
        #expect(Self.text(try conversation.unreachable(.unavailable("x"))) == "lost x")
        _ = conversation.connect(since: nil)
        let busy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"
        #expect(try conversation.receive(busy, "") == ["lost refused with 503: busy"])
        _ = conversation.connect(since: nil)
        #expect(throws: ServerCallError.notPermitted("refused with 403")) {
            try conversation.receive(Array("HTTP/1.1 403 Forbidden\r\nContent-Length: 1\r\n\r\n\n".utf8))
        }
    }

    @Test(arguments: [
        ("0", true), ("18", true), ("k3f9:18233", true), ("+1", false), ("", false), ("a b", false), ("10m", true),
        ("all", true), ("latest", true), ("2026-11-21T08:00:00Z", true), ("@5", true),
    ])
    func `a beginning is a number or what a server takes`(text: String, isOne: Bool) {
        #expect(TailConversation.isBeginning(text) == isOne)
    }

    private func conversation() throws -> TailConversation {
        TailConversation(TailSource(try #require(ServerLocation("127.0.0.1:1")), token: nil))
    }

    fileprivate static func text(_ action: TailConversation.Action) -> String {
        switch action {
        case .hand(let event): "hand \(event.variables[0].value)"
        case .stand(let cursor): "stand \(cursor)"
        case .gap(let text): "gap \(text)"
        case .refused(let text): "refused \(text)"
        case .report(let text): "report \(text)"
        case .lost(let reason): "lost \(reason)"
        }
    }
}

extension TailConversation {
    fileprivate mutating func receive(_ head: String, _ rest: String) throws -> [String] {
        try receive(Array((head + rest).utf8)).map(TailConversationTests.text)
    }
}
