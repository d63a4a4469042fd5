import Foundation
import Support
import Testing
import WSQueueCore
import WSQueueWire

/// A client that authenticates over its WebSocket while what it was told before still waits for its socket.
struct SlowApplicantTests {
    /// As much as is told again of an action that no one knows.
    private static let action = String(repeating: "\u{1F514}", count: 64)
    /// As many messages as one may send before it has authenticated, nearly.
    private static let count = 90

    @Test func `what is published comes after what a client was told before`() throws {
        try withTemporaryDirectory { directory in
            let (secrets, rules) = (directory + "/secrets", directory + "/rules.json")
            let secret = String(repeating: "s", count: 40)
            try Data("\(secret)\n".utf8).write(to: URL(fileURLWithPath: secrets))
            try Data(#"[{"connect":"/**","allow":"authenticated"}]"#.utf8).write(to: URL(fileURLWithPath: rules))
            let server = try EdgeServer { configuration in
                (configuration.tokenSecretPath, configuration.rulesPath) = (secrets, rules)
                configuration.slowClients.limitNanoseconds = 60_000_000_000
            }
            // Of a socket is told that it is writable when a third of this is free, and it takes bytes before that.
            server.limitSendBuffer(8_000)
            let client = try server.client("/", protocol: "wsqueue.v1", receiveBytes: 2_304)
            for _ in 0..<Self.count { try client.say(Self.action, "{}") }
            // The loop that answers this has read all of that before, and its socket has taken what it takes.
            #expect(try server.get("/live").hasPrefix("HTTP/1.1 200"))
            try client.say("authenticate", #"{"token":"\#(try token(secret))"}"#)
            try eventually("it is a client") { server.edge.ports.marks.clients > 0 }
            var texts: [String] = []
            for _ in 0..<Self.count {
                texts.append(try client.text())
                try server.publish()
            }
            while texts.count < 2 * Self.count + 2 { texts.append(try client.text()) }
            let told = ["unknown_action", #""action":"welcome""#, #""action":"authenticate""#]
            #expect(texts.prefix(Self.count).allSatisfy { $0.contains(told[0]) })
            #expect(texts[Self.count].contains(told[1]) && texts[Self.count + 1].contains(told[2]))
            #expect(texts.dropFirst(Self.count + 2).map { seq($0) } == (1...Self.count).map(Optional.some))
        }
    }

    private func token(_ secret: String) throws -> String {
        let unix = Int64(Date().timeIntervalSince1970)
        var claims = TokenClaims(user: try #require(Label("ann")), issuedAtSeconds: unix)
        claims.expiresAtSeconds = unix + 3_600
        let decoded = try TokenSecretFile.decode(Array("\(secret)\n".utf8))
        return try String(decoding: #require(decoded.first?.sign(claims, .hs256)), as: UTF8.self)
    }
}
