import Foundation
import Support
import Testing
import WSQueueOperation

/// What a client has missed comes before what is published to it meanwhile, also where its socket takes nothing just then.
struct PastOfSlowClientTests {
    private static let padding = "\"" + String(repeating: "x", count: 20_000) + "\""

    private func server(_ configure: (inout Configuration) throws -> Void = { _ in }) throws -> EdgeServer {
        let server = try EdgeServer { configuration in
            configuration.slowClients.limitNanoseconds = 60_000_000_000
            try configure(&configuration)
        }
        server.limitSendBuffer(16_384)
        return server
    }

    @Test(arguments: ["e1:0", "e1:1"])
    func `a client whose first bytes wait for its socket`(since: String) throws {
        try withTemporaryDirectory { path in
            let rules = "\(path)/rules"
            let greeting = "\"" + String(repeating: "g", count: 900_000) + "\""
            try Data(#"[{"connect":"/**","allow":"anyone","greeting":\#(greeting)}]"#.utf8).write(
                to: URL(fileURLWithPath: rules))
            let server = try server { $0.rulesPath = rules }
            for _ in 0..<3 { try server.publish(channels: ["a"]) }
            let client = try server.client(
                "/?channels=a&since=\(since)", protocol: "wsqueue.v1", receiveBytes: 16_384)
            let other = try server.client("/?channels=a")
            for _ in 0..<3 { try server.publish(channels: ["a"]) }
            #expect(try other.text() == greeting)
            for number in 4...6 { #expect(try seq(other.text()) == number) }
            #expect(try client.text() == greeting)
            #expect(try client.text().contains(#""action":"welcome""#))
            let first = since == "e1:0" ? 1 : 2
            #expect(try (first...6).map { _ in try seq(client.text()) } == Array(first...6))
            #expect(try client.text() == #"{"action":"resumed","cursor":"e1:6","complete":true}"#)
        }
    }

    /// The rows: what it asks for, with or without the state; and whether it sees events in its own way.
    @Test(arguments: [("", ""), (#","state":true"#, ""), ("", "&events=e")])
    func `a client that is behind when it asks for a channel`(state: String, query: String) throws {
        let server = try server()
        for number in 1...6 {
            try server.publish(channels: [number % 2 == 0 ? "a" : "b"], key: number == 1 ? "k" : nil)
        }
        let client = try server.client("/?channels=a\(query)", protocol: "wsqueue.v1", receiveBytes: 16_384)
        #expect(try client.text().contains(#""action":"welcome""#))
        for _ in 0..<30 { try server.publish(Self.padding, channels: ["a"]) }
        try eventually("it is behind") { server.edge.ports.marks.behind > 0 }
        try client.say("subscribe", #"{"channel":"b","since":"e1:0"\#(state)}"#)
        try client.say("ping", "{}")
        try eventually("it has asked") {
            // What it is owed of the log is sent from the history from then on.
            server.edge.ports.marks.behind == 0
        }
        for number in 37...42 { try server.publish(channels: [number % 2 == 0 ? "a" : "b"]) }
        var (ofA, ofB): ([Int], [Int]) = ([], [])
        while ofA.last != 42 {
            let text = try client.text()
            guard let seq = seq(text) else { continue }
            if text.contains(#""channel":"a""#) { ofA.append(seq) } else { ofB.append(seq) }
        }
        #expect(ofA == Array(7...36) + [38, 40, 42])
        #expect(ofB == [1, 3, 5, 37, 39, 41])
    }

    /// Up to the number that it names it has everything, as from another connection; what it is owed of this one comes all the
    /// same.
    @Test func `a client that is behind when it asks for what comes after that`() throws {
        let server = try server()
        let client = try server.client("/?channels=a", protocol: "wsqueue.v1", receiveBytes: 16_384)
        #expect(try client.text().contains(#""action":"welcome""#))
        for _ in 0..<30 { try server.publish(Self.padding, channels: ["a"]) }
        try eventually("it is behind") { server.edge.ports.marks.behind > 0 }
        try client.say("subscribe", #"{"channel":"b","since":"e1:30"}"#)
        var seqs: [Int] = []
        while seqs.count < 30 { if let seq = seq(try client.text()) { seqs.append(seq) } }
        #expect(seqs == Array(1...30))
        try server.publish(channels: ["b"])
        #expect(try seq(client.text()) == 31)
    }
}
