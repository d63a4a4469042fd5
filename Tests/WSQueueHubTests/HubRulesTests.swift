import Foundation
import Support
import Testing
import WSQueueBroker
import WSQueueOperation
import WSQueueSystem

/// Who may publish what, where the operator has rules: files of those who may not are set aside with the reason.
struct HubRulesTests {
    private func withHub(_ rules: String, _ body: (HubHarness) throws -> Void) throws {
        let decoded = try PublisherRuleFile.decode(Array(rules.utf8).span, user: { UInt32($0) }, group: { UInt32($0) })
        try withTemporaryDirectory(isInMemory: true) { path in
            try body(HubHarness(path, publishers: PublisherPolicy(decoded)))
        }
    }

    private func name(_ number: Int, _ end: String = ".json") -> String {
        "\(1_700_000_000_000_000_000 + number)-1-\(number)-ab\(end)"
    }

    private func reason(_ hub: HubHarness, _ name: String) throws -> String {
        try String(contentsOfFile: "\(hub.path)/.failed/\(name).why", encoding: .utf8)
    }

    @Test func `an event that its user may not publish is set aside at once, and the others are sent`() throws {
        try withHub(#"[{"from": "\#(getuid())", "event": "order.*"}]"#) { hub in
            try hub.place(name(1), #"{"event":"payment"}"#)
            try hub.place(name(2), #"{"event":"order.created"}"#)
            hub.turn()
            hub.turn()
            #expect(hub.seq == 1 && hub.names.isEmpty)
            #expect(hub.failed == [name(1)])
            #expect(try reason(hub, name(1)).contains("may not publish payment"))
            let line = try #require(hub.lines().first { $0.contains("ev=event.rejected") })
            #expect(line.contains("pub=") && line.contains("moved=.failed/\(name(1))"))
        }
    }

    @Test func `a batch with one line that may not be published is not sent at all, and the line is named`() throws {
        try withHub(#"[{"from": "\#(getuid())", "event": "order.*"}]"#) { hub in
            let file = name(1, ".jsonl")
            try hub.place(file, #"{"event":"order.created"}"# + "\n" + #"{"event":"payment"}"# + "\n")
            hub.turn()
            hub.turn()
            #expect(hub.seq == 0 && hub.failed == [file])
            #expect(try reason(hub, file).hasPrefix("line 2: "))
        }
    }

    @Test func `an event that came by HTTP is its token's, where no one else can have given the file its name`() throws
    {
        try withHub(#"[{"from": "http:2", "event": "web.*"}]"#) { hub in
            try hub.place(name(1, ".by-http-2.json"), #"{"event":"web.hit","id":"a"}"#)
            try hub.place(name(2, ".by-http-3.json"), #"{"event":"web.hit","id":"b"}"#)
            try hub.place(name(3), #"{"event":"web.hit","id":"c"}"#)
            hub.turn()
            #expect(hub.published().count == 1 && hub.failed.count == 2)
            // Here anybody could have named it so.
            try #require(chmod(hub.path, 0o777) == 0)
            try hub.place(name(4, ".by-http-2.json"), #"{"event":"web.hit","id":"d"}"#)
            hub.turn()
            #expect(hub.published().isEmpty && hub.failed.count == 3)
            let lines = hub.lines()
            #expect(lines.contains { $0.contains("ev=event.sent") && $0.contains("pub=http:2 ") })
            #expect(lines.last { $0.contains("ev=event.rejected") }?.contains("pub=?") == true)
        }
    }

    @Test func `whichever call fails while a file is refused, it is set aside in the end and never sent`() throws {
        var (didFail, number) = (true, 0)
        while didFail {
            number += 1
            try withHub(#"[{"from": "http:1"}]"#) { hub in
                try hub.place(name(1), #"{"event":"n"}"#)
                didFail = SystemCallFaults.failing(callNumber: number, with: EIO) { hub.turn() }.didFail
                for _ in 0..<4 { hub.turn(after: 30_000) }
                #expect(hub.seq == 0 && hub.names.isEmpty && hub.failed.count == 1, "call \(number)")
            }
        }
        #expect(number > 5)
    }
}
