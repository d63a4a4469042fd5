import Foundation
import Testing
import WSQueueArguments
import WSQueueNet

@testable import WSQueueCommandLine
@testable import WSQueueTools

/// Commands that ask a server, and a server that says anything.
struct AskingTests {
    private static let status = """
        {"epoch":"e","seq":9,"sent":8,"time_ms":100000000,"wait":{"count":3,"p50_us":1500,"p99_us":2000,"max_us":30000},
        "queue":{"waiting":2,"more":true,"unfinished":1,"oldest_ms":61000,"failed":1,
        "failures":[{"file":"a\u{9B}.json","reason":"bad\u{202E}","time":99990}]},
        "clients":{"total":3,"behind":1,"list":[{"connection":7,"address":"1.2.3.4:5","dialect":"actions","user":"42",
        "channels":["a","b"],"channel_count":3,"behind_bytes":10,"behind_events":2,"age_s":3700}]},
        "journal":{"after":4,"last":9},"publish":false,"version":"1","started_ms":10000000,
        "ready":{"ready":false,"reasons":[{"reason":"queue","detail":"the oldest file is 61 s old"}]}}
        """

    @Test func `a status is a page for people, safe for a terminal`() throws {
        let server = try ServerOnce([answer(Self.status)])
        let screen = Screen()
        #expect(run(["status", server.place], on: screen) == .tryAgain)
        #expect(
            screen.lines == [
                "not ready  wsqueue-server 1 at \(server.place), up for 1 d 1 h",
                "           queue: the oldest file is 61 s old",
                "events     8 sent, the last is number 9; lately 3, waited 1.5 ms (p50), 2.0 ms (p99), 30.0 ms at most",
                "queue      2 and more waiting, the oldest for 1 min 1 s, 1 not whole, 1 failed",
                "           .failed/a\\u009b.json, 10 s ago: bad\\u202e", "journal    events 5 to 9 of e",
                "clients    3, 1 of them behind",
                "           7  1.2.3.4:5  actions  user 42  a,b and 1 more  10 bytes behind  2 events behind  1 h 1 min",
                "           and 2 more",
            ])
        #expect(server.requests.first?.hasPrefix("GET /status.json HTTP/1.1\r\nHost: localhost\r\n") == true)
    }

    @Test func `what waits for its time, or for a word, stands with the queue and its path`() throws {
        let text = Self.status.replacing("\"unfinished\"", with: "\"path\":\"/q\\u001b\",\"unfinished\"")
        let location = try #require(ServerLocation("127.0.0.1:1"))
        let page = try #require(StatusPage(Array(text.utf8), from: location))
        func row(_ backlog: QueueBacklog?) -> String? {
            page.text(backlog).split(separator: "\n").first { $0.hasPrefix("queue") }.map { String($0.suffix(60)) }
        }
        #expect(row(nil)?.hasSuffix(", 1 failed; /q\\u001b") == true)
        let later = QueueBacklog(path: "/p", held: 2, later: 3, nextNanoseconds: 61_000_000_000)
        #expect(row(later)?.hasSuffix(", 1 failed, 2 held, 3 later (the next in 1 min 1 s); /p") == true)
        let none = QueueBacklog(path: "/p", held: 0, later: 0, nextNanoseconds: nil)
        #expect(row(none)?.hasSuffix(", 1 failed; /p") == true)
    }

    @Test func `a status is JSON as the server has it`() throws {
        let text = Self.status.replacing("\"ready\":false", with: "\"ready\":true")
        let server = try ServerOnce([answer(text), answer(text)])
        let (pipe, watched) = (Screen(), Screen(isWatched: true))
        #expect(run(["status", "--json", "-l", server.place], on: pipe) == .success && pipe.output == text + "\n")
        #expect(run(["status", "--json", server.place], on: watched) == .success)
        #expect(watched.output.contains("a\\u009b.json") && watched.output.contains("bad\\u202e"))
    }

    @Test(
        arguments: [
            ("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", .notPermitted, "refused with 403: no"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", .unavailable, "is no wsqueue-server"),
            ("SSH-2.0\r\n\r\n", .unavailable, "is no wsqueue-server"),
            ("", .unavailable, "has ended the connection without an answer"),
        ] as [(String, WSQueueArguments.ExitStatus, String)])
    func `what answers otherwise is told`(
        text: String, status: WSQueueArguments.ExitStatus, reason: String
    ) throws {
        let server = try ServerOnce([text])
        let screen = Screen()
        #expect(run(["status", "http://\(server.place)/"], on: screen) == status)
        #expect(screen.complaints.count == 1 && screen.complaints[0].contains(reason), "\(screen.complaints)")
    }

    @Test func `events are followed over several connections`() throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
        let server = try ServerOnce([
            answer("e:5"), head + "retry: 1\nid: e:6\ndata: {\"event\":\"a\",\"payload\":1}\n\n",
            head + "id: e:7\ndata: {\"event\":\"b\",\"payload\":2}\n\n",
        ])
        let screen = Screen()
        let words = ["tail", server.place, "--since", "3", "-n", "2", "--format", "payload", "-e", "*", "-c", "c"]
        #expect(run(words, on: screen) == .success)
        #expect(screen.output == "1\n2\n")
        #expect(
            screen.complaints == [
                "wsqueue-server: the connection has ended; connecting again", "wsqueue-server: connected again",
            ])
        try #require(server.requests.count == 3)
        #expect(server.requests[1].hasPrefix("GET /events?watch=1&channels=c&events=*&since=e:3 HTTP/1.1\r\n"))
        #expect(server.requests[2].contains("Last-Event-ID: e:6\r\n"))
    }

    @Test func `a server's health is read as it is told`() throws {
        let body = "{\"ready\":false,\"reasons\":[{\"detail\":\"a\"},{\"detail\":\"b\"}]}"
        let server = try ServerOnce(["HTTP/1.1 503 No\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"])
        let answer = HealthAnswer.ask(.internet(host: "127.0.0.1", port: server.port))
        #expect(answer?.status == 503 && answer?.reasons == "a, b")
        #expect(server.requests.first?.hasPrefix("GET /ready HTTP/1.1\r\nHost: localhost\r\n") == true)
        #expect(HealthAnswer.ask(.internet(host: "127.0.0.1", port: 1)) == nil)
    }

    @Test(arguments: [
        ("127.0.0.1:1", true), ("unix:/x", true), ("ws://h:1/p", true), ("http://h", true), ("h:1", true),
        ("https://h", false), ("", false), ("a b", false),
    ])
    func `a place is an address or a URL`(text: String, isOne: Bool) {
        #expect((ServerLocation(text) != nil) == isOne)
    }

    @Test func `fields are read by their names`() throws {
        let text = "{\"a\":\"x\",\"n\":7,\"t\":true,\"o\":{\"b\":1},\"l\":[{\"c\":2},3,\"y\"]}"
        let fields = try #require(JSONFields(Array(text.utf8)))
        #expect(fields.names == ["a", "n", "t", "o", "l"] && fields.text("a") == "x" && fields.text("n") == nil)
        #expect(fields.number("n") == 7 && fields.number("a") == nil && fields.isTrue("t") && !fields.isTrue("n"))
        #expect(fields.object("o")?.number("b") == 1 && fields.objects("l").count == 1 && fields.texts("l") == ["y"])
        #expect(JSONFields(Array("[1]".utf8)) == nil && fields.texts("a") == [])
    }

    private func answer(_ body: String) -> String {
        "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
}
