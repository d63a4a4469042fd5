import Foundation
import Glibc
import Support
import Testing
import WSQueueBroker
import WSQueueCore
import WSQueueNet
import WSQueueOperation
import WSQueueWire

struct ClientTests {
    // MARK: Publications

    @Test(arguments: [1, 3]) func `each client gets what is for it, in order`(loops: Int) throws {
        let server = try EdgeServer(loops: loops)
        let (all, some, named) = try (
            server.client(), server.client("/?channels=a,b.*"), server.client(protocol: "wsqueue.v1")
        )
        #expect(try named.text().contains(#""connection_id":3"#))
        try server.publish()
        try server.publish(channels: ["a"])
        try server.publish(channels: ["c", "b.1", "a"])
        try server.publish(except: 3)
        try server.publish()
        #expect(try (0..<3).map { _ in try seq(all.text()) } == [1, 4, 5])
        #expect(try (0..<5).map { _ in try seq(some.text()) } == [1, 2, 3, 4, 5])
        #expect(try (0..<2).map { _ in try seq(named.text()) } == [1, 5])
        try eventually("loops have told how far they are") {
            server.edge.ports.marks.oldest == server.edge.publications.end
        }
        #expect(server.edge.ports.marks.clients == 3)
    }

    @Test func `views are frames of their own, live and from the past`() throws {
        let server = try EdgeServer()
        let (filtered, page) = try (server.client("/?events=x"), server.client("/?channels=a"))
        try page.say(#"{"action":"ping"}"#)
        #expect(try page.text().contains(#""action":"welcome""#))
        #expect(try page.text() == #"{"action":"pong"}"#)
        let reader = try TestClient(server.address)
        try reader.send(Array("GET /events?channels=a HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
        #expect(try reader.line(until: "\r\n\r\n").contains("text/event-stream"))
        #expect(try reader.line(until: "\n\n") == "retry: 2000\n\n")
        #expect(try reader.line(until: "\n\n") == "id: e1:0\n\n")
        try server.publish(channels: ["a"])
        try server.publish()
        #expect(try page.text().hasPrefix(#"{"action":"message","channel":"a""#))
        #expect(try seq(page.text()) == 2)
        #expect(try reader.line(until: "\n\n").hasPrefix("id: e1:1\ndata: "))
        #expect(try reader.line(until: "\n\n").hasPrefix("id: e1:2\ndata: "))
        let again = try TestClient(server.address)
        try again.send(Array("GET /events?channels=a HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: e1:0\r\n\r\n".utf8))
        _ = try again.line(until: "id: e1:0\n\n")
        #expect(try again.line(until: "\n\n").hasPrefix("id: e1:1\ndata: "))
        try server.publish(#""x""#)
        try filtered.say(#"{"action":"ping"}"#)
        #expect(try filtered.text().contains("welcome"))
    }

    /// The rows: where an event with a key is published that comes meanwhile, how many keys the state of `a` has, and whether
    /// the event's time is over by then.
    @Test(arguments: [(["b"], 0, false), (["a", "b"], 1, false), (["a"], 1, false), (["a", "b"], 0, true)])
    func `the state of one channel does not stand for what comes of another meanwhile`(
        channels: [String], keys: Int, isOver: Bool
    ) throws {
        let server = try EdgeServer()
        let client = try server.client("/?channels=b", protocol: "wsqueue.v1")
        #expect(try client.text().contains(#""action":"welcome""#))
        try server.publish(channels: channels, key: "k", expiresAtMicroseconds: isOver ? 1 : nil) {
            try client.say("subscribe", #"{"channel":"a","state":true}"#)
            #expect(try client.text() == #"{"success":true,"action":"subscribe","channel":"a"}"#)
            #expect(try client.text() == #"{"action":"state","begin":true,"channel":"a"}"#)
        }
        #expect(try seq(client.text()) == 1)
        let end = #"{"action":"state","cursor":"e1:1","keys":\#(keys),"complete":true,"channel":"a"}"#
        #expect(try client.text() == end)
    }

    @Test func `news that come while the past is sent come after it, and to no one who comes later`() throws {
        let server = try EdgeServer()
        let client = try server.client("/?channels=b", protocol: "wsqueue.v1")
        #expect(try client.text().contains(#""action":"welcome""#))
        try server.publish(channels: ["b"], isNews: true) {
            try client.say("subscribe", #"{"channel":"a","state":true}"#)
            for _ in 0..<2 { _ = try client.text() }
        }
        #expect(try client.text().hasSuffix(#""payload":1,"timestamp":1,"id":"i1","seq":1,"channel":"b"}"#))
        #expect(try client.text().contains(#""keys":0"#))
        let other = try server.client("/?channels=b&since=e1:0", protocol: "wsqueue.v1")
        _ = try other.text()
        #expect(try other.text() == #"{"action":"resumed","cursor":"e1:1","complete":true}"#)
    }

    @Test func `what a slow client is owed comes once it reads, whatever it sees`() throws {
        for target in ["/", "/?channels=a", "/?events=e"] {
            let server = try EdgeServer { $0.slowClients.limitNanoseconds = 60_000_000_000 }
            server.limitSendBuffer(16_384)
            let client = try server.client(target, receiveBytes: 16_384)
            let other = try server.client("/?channels=b")
            let payload = "\"" + String(repeating: "x", count: 20_000) + "\""
            for number in 0..<30 {
                try server.publish(payload, channels: number % 3 == 1 ? ["a"] : number % 3 == 2 ? ["b", "a"] : [])
            }
            try eventually("it is behind") { server.edge.ports.marks.behind > 0 }
            // Its own bytes come after the frame that it is in the middle of.
            try client.say(#"{"action":"ping"}"#)
            let wanted = target == "/?channels=a" ? 30 : 10
            var seqs: [Int] = []
            while seqs.count < wanted { if let seq = seq(try client.text()) { seqs.append(seq) } }
            #expect(seqs == seqs.sorted())
            #expect(Set(seqs).count == wanted)
            #expect(try seq(other.text()) == 1)
        }
    }

    @Test func `a client that takes nothing is closed`() throws {
        let server = try EdgeServer { configuration in
            configuration.slowClients.limitNanoseconds = 200_000_000
            configuration.slowClients.limitBytes = 65_536
        }
        server.limitSendBuffer(4_608)
        let slow = try server.client()
        for _ in 0..<40 { try server.publish("\"" + String(repeating: "x", count: 60_000) + "\"") }
        try eventually("it is closed") { server.edge.ports.marks.clients == 0 }
        var last: (opcode: UInt8, payload: [UInt8]) = (0, [])
        while last.opcode != 8 { last = try slow.frame() }
        #expect(last.payload.starts(with: [0x0F, 0xA8]))
    }

    @Test(arguments: ["/", "/events"]) func `one that takes nothing of its own is closed although nothing is published`(
        target: String
    ) throws {
        let server = try EdgeServer { $0.slowClients.limitNanoseconds = 200_000_000 }
        server.limitSendBuffer(4_608)
        let names = (0..<128).map { "private.\($0)" }.joined(separator: ",")
        let client = try TestClient(server.address, receiveBytes: 4_096)
        let upgrade = [
            "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ]
        let lines = ["GET \(target)?channels=\(names) HTTP/1.1", "Host: localhost"] + (target == "/" ? upgrade : [])
        try client.send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8))
        try eventually("it has come") { server.edge.ports.marks.clients == 1 }
        try eventually("it is closed") { server.edge.ports.marks.clients == 0 }
    }

    @Test func `one that takes no answers is not answered until it does, and loses none`() throws {
        let server = try EdgeServer()
        server.limitSendBuffer(4_608)
        let client = try server.client(receiveBytes: 4_096)
        let count = 900
        // More answers than are kept for one client, of what comes in one piece.
        let pings = (0..<count).flatMap {
            ClientFrames.frame(9, Array("\($0) ".utf8) + Array(repeating: 46, count: 100))
        }
        try client.send(pings)
        usleep(50_000)
        for number in 0..<count {
            let (opcode, payload) = try client.frame()
            #expect(opcode == 10 && String(decoding: payload, as: UTF8.self).hasPrefix("\(number) "))
        }
    }

    @Test func `where all together are owed too much those that are owed the most end, and others are served`() throws {
        let server = try EdgeServer { ($0.owedLimitBytes, $0.eventLimitBytes) = (300_000, 10_000) }
        server.limitSendBuffer(4_608)
        let witness = try server.client()
        let pings = (0..<700).flatMap { _ in ClientFrames.frame(9, Array(repeating: 46, count: 120)) }
        let deaf = try (0..<8).map { _ in try server.client(receiveBytes: 4_096) }
        for each in deaf { try each.send(pings) }
        try eventually("there is room for some") { server.edge.ports.marks.clients < 7 }
        #expect(server.edge.ports.marks.clients > 1)
        try server.publish()
        #expect(try seq(witness.text()) == 1)
        withExtendedLifetime(deaf) {}
    }

    // MARK: The past

    @Test func `a client that comes back gets what it missed, and what is lost is told`() throws {
        let server = try EdgeServer()
        for number in 1...300 { try server.publish(channels: number % 2 == 0 ? ["a"] : []) }
        let client = try server.client("/?since=e1:290", protocol: "wsqueue.v1")
        #expect(try client.text().contains(#""cursor":"e1:290""#))
        #expect(try (0..<5).map { _ in try seq(client.text()) } == [291, 293, 295, 297, 299])
        #expect(try client.text() == #"{"action":"resumed","cursor":"e1:300","complete":true}"#)
        try client.say("subscribe", #"{"channel":"a","since":"e1:297"}"#)
        #expect(try client.text().contains("subscribe"))
        #expect(try (0..<2).map { _ in try seq(client.text()) } == [298, 300])
        try client.say("resume", #"{"since":"e0:1"}"#)
        #expect(try client.text().contains(#""reason":"epoch""#))
        try server.publish()
        #expect(try seq(client.text()) == 301)
    }

    @Test func `a long past is sent in pieces as the socket takes it`() throws {
        let server = try EdgeServer()
        server.limitSendBuffer(16_384)
        for _ in 0..<60 { try server.publish("\"" + String(repeating: "x", count: 20_000) + "\"") }
        let client = try server.client("/?since=e1:0", receiveBytes: 16_384)
        usleep(50_000)
        #expect(try (0..<60).map { _ in try seq(client.text()) } == Array(1...60))
        #expect(try client.text().contains("resumed"))
    }

    @Test func `a client that takes nothing of its past is closed`() throws {
        let server = try EdgeServer { configuration in
            configuration.slowClients.limitNanoseconds = 200_000_000
            configuration.pingMilliseconds = 1_000
        }
        server.limitSendBuffer(4_608)
        for _ in 0..<80 { try server.publish("\"" + String(repeating: "x", count: 50_000) + "\"") }
        let client = try server.client("/?since=e1:0")
        try eventually("it is closed") { server.edge.ports.marks.clients == 0 }
        var last: (opcode: UInt8, payload: [UInt8]) = (0, [])
        while last.opcode != 8 { last = try client.frame() }
    }

    // MARK: Conversation

    @Test(arguments: [1, 2]) func `a message is handed to the others, who are counted`(loops: Int) throws {
        try withTemporaryDirectory { directory in
            let rules = directory + "/rules.json"
            try Data(#"[{"channel":"a","subscribe":"anyone","publish":"anyone"}]"#.utf8).write(
                to: URL(fileURLWithPath: rules))
            let server = try EdgeServer(loops: loops) { $0.rulesPath = rules }
            let (one, two) = try (
                server.client("/?channels=a", protocol: "wsqueue.v1"),
                server.client("/?channels=a", protocol: "wsqueue.v1")
            )
            for each in [one, two] { _ = try each.text() }
            try one.say("message", #"{"channel":"a","message":1}"#)
            try one.say("message", #"{"channel":"a","message":2,"recipients":[2]}"#)
            let told = try (0..<3).map { _ in try one.text() }
            #expect(told[0].contains(#""sender":1,"message":1"#))
            #expect(told[1].contains(#""recipients_count":2"#))
            #expect(told[2].contains(#""recipients_count":1"#))
            #expect(try two.text().contains(#""message":1"#))
            #expect(try two.text().contains(#""message":2"#))
        }
    }

    @Test func `users are known by their tokens, are present, and lose what new rules forbid`() throws {
        try withTemporaryDirectory { directory in
            let (secrets, rules) = (directory + "/secrets", directory + "/rules.json")
            let secret = String(repeating: "s", count: 40)
            try Data("\(secret)\n".utf8).write(to: URL(fileURLWithPath: secrets))
            try Data("[]".utf8).write(to: URL(fileURLWithPath: rules))
            let server = try EdgeServer { configuration in
                configuration.tokenSecretPath = secrets
                configuration.rulesPath = rules
            }
            let unix = Int64(Date().timeIntervalSince1970)
            var claims = TokenClaims(user: try #require(Label("ann")), issuedAtSeconds: unix)
            claims.expiresAtSeconds = unix + 50
            let decoded = try TokenSecretFile.decode(Array("\(secret)\n".utf8))
            let token = try String(decoding: #require(decoded.first?.sign(claims, .hs256)), as: UTF8.self)
            let client = try server.client("/?channels=presence.a,private.a&token=\(token)", protocol: "wsqueue.v1")
            #expect(try client.text().contains(#""authenticated":true"#))
            #expect(try client.text().contains(#""members":[{"user":"ann""#))
            #expect(try client.text().contains("token_expiring"))
            try client.say("presence", #"{"channel":"presence.a","status":"away"}"#)
            #expect(try client.text().contains(#""status":"away""#))
            try server.publish(recipients: ["ann"])
            #expect(try seq(client.text()) == 1)
            try client.say("authenticate", #"{"token":"x"}"#)
            #expect(try client.text().contains("invalid_token"))
            try client.say("authenticate", #"{"token":"\#(token)"}"#)
            #expect(try client.text().contains(#""action":"authenticate""#))
            try Data(#"[{"channel":"private.a","subscribe":"none"}]"#.utf8).write(to: URL(fileURLWithPath: rules))
            server.edge.reloadAccess()
            // Of its new token it is told too that it ends soon.
            try eventually("it is told") { try client.text().contains(#""channel":"private.a""#) }
            #expect(try server.get("/events?token=x").hasPrefix("HTTP/1.1 401"))
            let silent = try server.client("/?token=\(token)")
            try silent.send(ClientFrames.close(1_000))
            #expect(try silent.closeCode() == 1_000)
        }
    }

    @Test func `what is no conversation is answered or ended as the protocol says`() throws {
        let server = try EdgeServer { configuration in
            configuration.frameRate = RateRule(perSecond: 1, burst: 3)
            configuration.messageRate = RateRule(perMinute: 1)
        }
        let binary = try server.client()
        try binary.send(ClientFrames.frame(2, [1]))
        #expect(try binary.closeCode() == 1_003)
        let broken = try server.client()
        try broken.send([0xFF, 0x80, 0, 0, 0, 0])
        #expect(try broken.closeCode() == 1_002)
        let flood = try server.client()
        for _ in 0..<5 { try? flood.send(ClientFrames.frame(9, [65])) }
        #expect(try (0..<3).map { _ in try flood.frame().opcode } == [10, 10, 10])
        #expect(try flood.closeCode() == 4_029)
        let talker = try server.client(protocol: "wsqueue.v1")
        _ = try talker.text()
        for _ in 0..<3 { try talker.say("x") }
        #expect(try talker.text().contains("invalid_format"))
        #expect(try talker.text().contains("rate_limited"))
        #expect(try talker.closeCode() == 4_029)
    }

    @Test func `clients are pinged, and closed where nothing answers`() throws {
        let server = try EdgeServer { configuration in
            configuration.pingMilliseconds = 1_000
            configuration.pongMilliseconds = 500
        }
        let (client, app) = try (server.client(), server.client("/?heartbeat=app", protocol: "wsqueue.v1"))
        let reader = try TestClient(server.address)
        try reader.send(Array("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
        _ = try reader.line(until: "id: e1:0\n\n")
        #expect(try client.frame().opcode == 9)
        _ = try app.text()
        #expect(try app.text() == #"{"action":"ping","cursor":"e1:0"}"#)
        #expect(try app.frame().opcode == 9)
        try app.send(ClientFrames.frame(10))
        #expect(try reader.line(until: "\n\n") == ":\n\n")
        #expect(try client.closeCode() == 1_001)
    }

    @Test func `an echo server sends messages back`() throws {
        let server = try EdgeServer { $0.conversation = .echo }
        let client = try server.client()
        try client.send(ClientFrames.frame(2, [1, 2, 3]) + ClientFrames.text("hello"))
        #expect(try client.frame() == (2, [1, 2, 3]))
        #expect(try client.text() == "hello")
    }

    @Test(arguments: [true, false]) func `clients are sent away with a time to come back`(isEnd: Bool) throws {
        let server = try EdgeServer()
        let waiting = try TestClient(server.address)
        try waiting.send(Array("GET / HT".utf8))
        let client = try server.client()
        let reader = try TestClient(server.address)
        try reader.send(Array("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
        _ = try reader.line(until: "id: e1:0\n\n")
        try eventually("three are here") {
            server.edge.loops[0].mailbox.isEmpty && server.edge.ports.marks.clients == 2
        }
        let deadline = Int64(20_000_000_000)
        server.edge.loops[0].mailbox.post(isEnd ? .drain(deadline: .max / 2 + deadline) : .renumber(epoch: "e1"))
        let (opcode, payload) = try client.frame()
        #expect(opcode == 8)
        #expect(String(decoding: payload.dropFirst(2), as: UTF8.self).hasPrefix("retry_ms="))
        #expect(try reader.rest().contains("retry: "))
        try client.send(ClientFrames.close(1_001))
        _ = try client.rest()
        guard isEnd else { return }
        #expect(try waiting.rest().isEmpty)
        try eventually("the loop has ended") { server.edge.loops[0].hasEnded }
    }
}
