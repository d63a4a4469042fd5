import Foundation
import Glibc
import Support
import Testing
import WSQueueCore
import WSQueueNet
import WSQueueOperation
import WSQueueSystem
import WSQueueWire

struct ExchangeTests {
    @Test func `pages, files and what is none of them are answered`() throws {
        let server = try EdgeServer { $0.path = "/ws" }
        let page = try server.get("/")
        #expect(page.hasPrefix("HTTP/1.1 200"))
        #expect(page.contains(#"data-path="/ws""#))
        let file = try server.get("/wsqueue.js")
        let tag = try #require(file.split(separator: "\r\n").first { $0.hasPrefix("ETag: ") }).dropFirst(6)
        #expect(try server.get("/wsqueue.js", fields: ["If-None-Match: \(tag)"]).hasPrefix("HTTP/1.1 304"))
        #expect(try server.get("/wsqueue.js", method: "POST").hasPrefix("HTTP/1.1 405"))
        #expect(try server.get("/nothing").hasPrefix("HTTP/1.1 404"))
        #expect(try server.get("/cursor").hasSuffix("e1:0"))
        #expect(try server.get("/other", fields: upgrade).hasPrefix("HTTP/1.1 404"))
        #expect(try server.get("/ws", fields: Array(upgrade.dropLast())).hasPrefix("HTTP/1.1 4"))
        #expect(try server.ask("nonsense\r\n\r\n").hasPrefix("HTTP/1.1 400"))
        #expect(try server.get("/ws", fields: upgrade + ["Origin: http://elsewhere"]).hasPrefix("HTTP/1.1 403"))
        #expect(try server.get("/events", method: "OPTIONS", fields: ["Origin: http://localhost"]).contains("204"))
        #expect(try server.get("/events", method: "POST").hasPrefix("HTTP/1.1 405"))
        #expect(try server.get("/events", fields: ["Origin: http://elsewhere"]).hasPrefix("HTTP/1.1 403"))
        #expect(try server.get("/", fields: ["X-Forwarded-For: 1.2.3.4"]).hasPrefix("HTTP/1.1 403"))
        server.edge.ports.gate.isAdmitting = false
        for target in ["/events", "/cursor"] { #expect(try server.get(target).hasPrefix("HTTP/1.1 503")) }
        #expect(try server.get("/ws", fields: upgrade).hasPrefix("HTTP/1.1 503"))
    }

    private let upgrade = [
        "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]

    @Test func `a token that means nothing here is refused`() throws {
        let server = try EdgeServer()
        #expect(try server.get("/?token=x", fields: upgrade).hasPrefix("HTTP/1.1 401"))
    }

    @Test(arguments: ["/status.json", "/metrics", "/live", "/ready"])
    func `how the server stands is told once all threads have said it`(target: String) throws {
        let server = try EdgeServer(loops: 2)
        let client = try server.client("/?channels=a")
        let asker = try TestClient(server.address)
        try asker.send(Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
        try eventually("it is asked") { server.isAskedForStatus }
        server.answerStatus()
        let answer = try asker.rest()
        #expect(answer.hasPrefix("HTTP/1.1 200"), "\(answer)")
        if target == "/status.json" { #expect(answer.contains(#""channels":["a"]"#)) }
        if target == "/metrics" { #expect(answer.contains(#"wsqueue_clients{transport="websocket"} 1"#)) }
        try client.send(ClientFrames.close(1_000))
    }

    @Test func `only the operator is told all of that`() throws {
        let server = try EdgeServer()
        #expect(try server.get("/status.json", fields: ["X-Forwarded-For: 1.2.3.4"]).hasPrefix("HTTP/1.1 403"))
        #expect(try server.get("/status.json", method: "PUT").hasPrefix("HTTP/1.1 405"))
        let forwarded = ["X-Forwarded-For: 1.2.3.4"]
        #expect(try server.get("/metrics?token=x", fields: forwarded).hasPrefix("HTTP/1.1 401"))
    }

    @Test func `an event comes by HTTP, whole or in pieces, from those who may`() throws {
        try withTemporaryDirectory { directory in
            let tokens = directory + "/tokens"
            try Data("0123456789abcdef0\n".utf8).write(to: URL(fileURLWithPath: tokens))
            try FileManager.default.createDirectory(atPath: directory + "/queue", withIntermediateDirectories: false)
            let server = try EdgeServer(queuePath: directory + "/queue") { configuration in
                configuration.publishTokenPath = tokens
                configuration.eventLimitBytes = 100
                configuration.handshakeMilliseconds = 300
                configuration.pingMilliseconds = 1_000
            }
            let fields = ["Authorization: Bearer 0123456789abcdef0", "Content-Type: application/json"]
            func post(_ body: String, _ more: [String] = [], fields: [String]) throws -> String {
                let lines = ["POST /publish HTTP/1.1", "Host: localhost", "Content-Length: \(body.utf8.count)"]
                return try server.ask((lines + fields + more).joined(separator: "\r\n") + "\r\n\r\n" + body)
            }
            #expect(try post(#"{"event":"a","id":"1"}"#, fields: fields).hasPrefix("HTTP/1.1 202"))
            #expect(try post("{}", fields: fields).hasPrefix("HTTP/1.1 400"))
            let patient = try TestClient(server.address)
            let head =
                ["POST /publish HTTP/1.1", "Host: localhost", "Content-Length: 10", "Expect: 100-continue"] + fields
            try patient.send(Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8))
            #expect(try patient.line(until: "\r\n\r\n").hasPrefix("HTTP/1.1 100"))
            for piece in [#"{"eve"#, #"nt":1"#] { try patient.send(Array(piece.utf8)) }
            #expect(try patient.rest().hasPrefix("HTTP/1.1 400"))
            #expect(try post(String(repeating: " ", count: 101), fields: fields).hasPrefix("HTTP/1.1 413"))
            #expect(try post("{}", fields: Array(fields.dropFirst())).hasPrefix("HTTP/1.1 401"))
            #expect(try post("{}", fields: [fields[0], "Content-Type: text/plain"]).hasPrefix("HTTP/1.1 415"))
            #expect(try server.get("/publish").hasPrefix("HTTP/1.1 405"))
            #expect(try server.get("/publish", method: "OPTIONS", fields: ["Origin: http://localhost"]).contains("204"))
            #expect(try server.get("/publish", fields: ["Origin: http://elsewhere"]).hasPrefix("HTTP/1.1 403"))
            let names = try FileManager.default.contentsOfDirectory(atPath: directory + "/queue")
            #expect(names.count == 1)
            // A body that does not come is not waited for.
            let late = try server.ask(
                (["POST /publish HTTP/1.1", "Host: localhost", "Content-Length: 9"] + fields).joined(
                    separator: "\r\n") + "\r\n\r\n{")
            #expect(late.hasPrefix("HTTP/1.1 408"))
            #expect(try server.ask("").isEmpty)
        }
    }

    @Test func `there are as many clients as there may be`() throws {
        let server = try EdgeServer { configuration in
            configuration.clientLimit = 3
            configuration.clientsPerAddress = 2
            configuration.trustedProxies = [AddressRange.parse("10.0.0.0/8")].compactMap { $0 }
        }
        let (one, two) = try (server.client(), server.client())
        #expect(try server.ask("").isEmpty, "who says nothing is not counted for its address")
        #expect(try server.get("/nothing").hasPrefix("HTTP/1.1 429"))
        try one.send(ClientFrames.close(1_000))
        one.finish()
        try eventually("its place is free") { try server.get("/nothing").hasPrefix("HTTP/1.1 404") }
        let three = try server.client()
        _ = (two, three)
        let few = try EdgeServer { $0.clientLimit = 1 }
        let client = try few.client()
        #expect(try few.get("/cursor").hasPrefix("HTTP/1.1 503"))
        _ = client
    }

    @Test func `a reader of an answer has ten seconds where its socket is full`() throws {
        let server = try EdgeServer()
        server.limitSendBuffer(2_304)
        let client = try TestClient(server.address, receiveBytes: 2_304)
        try client.send(Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
        // Longer than the 3 s that an answer has which is with the kernel.
        usleep(4_500_000)
        #expect(try client.rest().hasSuffix("</html>\n"))
    }

    @Test func `what is said after an answer is thrown away, up to a limit`() throws {
        let server = try EdgeServer()
        let client = try TestClient(server.address)
        try client.send(Array("GET /cursor HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
        _ = try client.line(until: "e1:0")
        #expect(throws: (any Error).self) {
            try eventually("the connection ends") {
                try client.send([UInt8](repeating: 65, count: 65_536))
                return false
            }
        }
    }
}
