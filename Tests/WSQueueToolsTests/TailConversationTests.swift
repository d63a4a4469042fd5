import Testing
import WSQueueSystem

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
        let target = "GET /below/events?channels=orders,chat.**&events=order.*,a%20b&since=e:7 HTTP/1.1\r\n"
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
            "{\"gap\":{\"from\":3,\"to\":5,\"reason\":\"journal\"}}",
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
