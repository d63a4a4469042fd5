import Foundation
import Support
import Testing
import WSQueueArguments
import WSQueueCommandLine
import WSQueueLog
import WSQueueSystem

@testable import WSQueueExplain

/// What the command says of a queue that no server holds.
struct ExplainCommandTests {
    /// What a run of the command has led to.
    private struct Told {
        let status: WSQueueArguments.ExitStatus
        let output: String
        let complaints: [String]
    }

    private func explain(_ words: [String]) throws -> Told {
        let state = Guarded<(output: [UInt8], complaints: [String])>(([], []))
        let terminal = Terminal(
            isWatched: false,
            output: { (bytes) throws(SystemCallError) in state.withLock { $0.output += bytes } },
            complaint: { line in state.withLock { $0.complaints.append(line) } })
        let table = ExplainCommand.table
        let status = try ExplainCommand.run(table.parse(words), in: ProgramContext(table, terminal))
        let (output, complaints) = state.withLock { ($0.output, $0.complaints) }
        return Told(status: status, output: String(decoding: output, as: UTF8.self), complaints: complaints)
    }

    private func withQueue(_ body: (String) throws -> Void) throws {
        try withTemporaryDirectory { path in
            try FileManager.default.createDirectory(atPath: "\(path)/.failed", withIntermediateDirectories: false)
            let keyed = #"{"event":"e","channels":["c","d"],"key":"k","payload":1}"#
            for (name, text) in [
                ("1000000000000000000-a.json", #"{"event":"a"}"#), ("1000000001000000000-b.json", keyed),
                ("1000000002000000000-c.jsonl", "{\"event\":\"b\"}\n"), ("1000000003000000000-d.jsonl", ""),
                ("1000000004000000000-e.json", "{"), ("1000000005000000000-g.json", #"{"event":"a","id":"own"}"#),
                ("1000000006000000000-h.json", #"{"event":"a","expires_at":1000000000}"#),
                ("at-9000000000000000000-a.json", #"{"event":"d"}"#), (".held-h.json", #"{"event":"e"}"#),
                (".failed/f.json", "{"), (".failed/f.json.why", "unexpected end\n"), ("note.txt", ""),
            ] {
                try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
            }
            try body(path)
        }
    }

    @Test(
        arguments: [
            ("1000000000000000000-a", "waits      a: no server holds the queue"),
            ("1000000000000000000-a.json", "a: no server holds"), ("1000000001000000000-b", "e [k] in c, d: "),
            ("1000000002000000000-c", "waits      b …: "), ("1000000003000000000-d", "no event in it"),
            ("1000000004000000000-e", "until it is whole: "), ("own", "1000000005000000000-g.json"),
            ("1000000006000000000-h", "expired    a: it was to be sent until "),
            ("at-9000000000000000000-a.json", "for its time, "),
            (".held-h.json", "held back until somebody releases it"),
            (".failed/f.json", "refused    an event: unexpected end"), ("note.txt", "left alone"),
        ])
    func `each state that a file can be in has its words`(word: String, text: String) throws {
        try withQueue { path in
            let told = try explain(["-d", path, word])
            #expect(told.status == .success && told.complaints.isEmpty)
            #expect(told.output.contains(text), "\(told.output)")
            #expect(told.output.contains("published by ") || text == "left alone")
        }
    }

    @Test func `what was sent and what its journal no longer has are told apart`() throws {
        try withQueue { path in
            let told = try explain(["-d", path, "id-9"]).output
            #expect(told.contains("there is no journal that would know") && told.contains("--journal DIR"))
            let journal = "\(path)/.journal"
            try FileManager.default.createDirectory(atPath: journal, withIntermediateDirectories: false)
            #expect(try explain(["-d", path, "id-9"]).output.contains("the journal has no events"))
            var writer = try JournalWriter(
                .directory(Directory.open(journal)), limits: JournalLimits(), epoch: "e1", unix: 1_000, boot: "b",
                host: nil)
            for seq in 1...UInt64(7) {
                let id = seq == 1 ? "id-1" : "id-2"
                writer.stage(
                    JournalRecord(
                        seq: seq, unixNanoseconds: 2_000,
                        identity: JournalRecord.Identity(id: Array(id.utf8), stamp: 0)),
                    message: Array(#"{"event":"sent","payload":1}"#.utf8).span)
            }
            _ = try writer.commit(unix: 2_000)
            let log = "\(path)/../\(URL(fileURLWithPath: path).lastPathComponent).log"
            defer { try? FileManager.default.removeItem(atPath: log) }
            try "ts=2026-01-01T00:00:00.000Z level=info ev=event.sent id=id-1 seq=1 event=sent clients=3 bytes=9\n"
                .write(toFile: log, atomically: false, encoding: .utf8)
            let sent = try explain(["-d", path, "--log-file", log, "id-1"])
            #expect(sent.status == .success && sent.output.hasPrefix("sent       sent as number 1, cursor e1:1\n"))
            #expect(sent.output.contains("for all; 3 clients got it") && sent.output.hasSuffix("id id-1\n"))
            #expect(try explain(["-d", path, "id-2"]).output.hasPrefix("sent       6 events of that name; "))
            let nothing = try explain(["-d", path, "1000000009000000000-z"])
            #expect(nothing.status == .noInput && nothing.complaints.count == 1)
            #expect(nothing.output.contains("the journal reaches from number 1 to 7"))
        }
    }

    @Test func `a wrong line and a queue that is none are told`() throws {
        #expect(throws: ArgumentFault.self) { try explain([]) }
        #expect(throws: ArgumentFault.self) { try explain(["a", "b"]) }
        try withTemporaryDirectory { path in
            let error = #expect(throws: CommandError.self) { try explain(["-d", "\(path)/none", "a"]) }
            #expect(error?.status == .cannotCreate)
        }
    }
}
