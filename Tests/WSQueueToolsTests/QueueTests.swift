import Foundation
import Support
import Testing
import WSQueueArguments

@testable import WSQueueTools

struct QueueTests {
    @Test func `every state is listed, the oldest first`() throws {
        try withQueue { path in
            let screen = Screen()
            #expect(run(["queue", "ls", "-d", path], on: screen) == .success)
            try #require(screen.lines.count == 6)
            #expect(screen.lines[0].hasPrefix("STATE "))
            let states = screen.lines.dropFirst().map { $0.split(separator: " ").first ?? "" }
            #expect(states == ["waiting", "waiting", "later", "held", "failed"])
            #expect(screen.lines[1].contains(" a ") && screen.lines[1].hasSuffix(" 1000000000000000000-a.json"))
            #expect(screen.lines[2].contains(" b … ") && screen.lines[3].contains(" in "))
            #expect(screen.lines[4].hasSuffix(" .held-h.json"))
            #expect(screen.lines[5].hasSuffix(" .failed/f.json  unexpected end"))
        }
    }

    @Test func `a listing is JSON for programs, and of the states that are wanted`() throws {
        try withQueue { path in
            let screen = Screen()
            #expect(run(["queue", "ls", "-d", path, "--json", "failed", "waiting"], on: screen) == .success)
            let files = try screen.lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
            #expect(
                files.map(\.name) == ["1000000000000000000-a.json", "1000000001000000000-a.jsonl", ".failed/f.json"])
            try #require(files.count == 3)
            #expect(files.map(\.batch) == [false, true, false] && files[0].time == 1_000_000_000)
            #expect(files[2].reason == "unexpected end" && files[2].event == nil)
        }
    }

    @Test func `a file is printed as it is, and escaped on a terminal`() throws {
        try withQueue { path in
            let text = "{\"event\":\"a\",\"payload\":\"\u{7F}\u{202E}\"}\n"
            try text.write(toFile: "\(path)/x.json", atomically: false, encoding: .utf8)
            let (pipe, watched) = (Screen(), Screen(isWatched: true))
            #expect(run(["queue", "cat", "-d", path, "x"], on: pipe) == .success && pipe.output == text)
            #expect(run(["queue", "cat", "-d", path, "x"], on: watched) == .success)
            #expect(watched.output == "{\"event\":\"a\",\"payload\":\"\\u007f\\u202e\"}\n")
        }
    }

    @Test func `files are held, released, removed and brought back`() throws {
        try withQueue { path in
            let screen = Screen()
            #expect(run(["queue", "hold", "-d", path, "1000000000000000000-a.json"], on: screen) == .success)
            let names = try self.names(path)
            #expect(names.contains { $0.hasPrefix(".held-1000000000000000000-a.") })
            #expect(run(["queue", "release", "-d", path, "1000000000000000000-a", "h"], on: screen) == .success)
            let released = try self.names(path)
            #expect(released.contains("h.json"))
            #expect(run(["queue", "requeue", "-d", path, "--all"], on: screen) == .success)
            #expect(screen.output == "1 requeued\n")
            let requeued = try self.names(path)
            #expect(requeued.contains("f.json"))
            #expect(run(["queue", "rm", "-d", path, "f.json", "h.json"], on: screen) == .success)
            let rest = try self.names(path)
            #expect(!rest.contains("f.json"))
            #expect(screen.complaints.isEmpty)
        }
    }

    @Test(
        arguments: [
            (["rm", "gone.json"], .noInput, "'gone.json' is not there"), (["rm", "../x"], .usage, "no event file"),
            (["release", "f.json"], .noInput, "is not there"),
            (["cat", ".failed/fifo.json"], .noInput, "is a FIFO, not a regular file"),
            (["requeue", ".failed/fifo.json"], .noInput, "is a FIFO"),
            (["release", "1000000000000000000-a.json"], .inputOutput, "waits already"),
            (["rm", "a\u{202E}\n"], .noInput, "'a\\u202e\\n' is not there"),
        ] as [([String], WSQueueArguments.ExitStatus, String)])
    func `what cannot be done is told`(words: [String], status: WSQueueArguments.ExitStatus, text: String) throws {
        try withQueue { path in
            #expect(mkfifo("\(path)/.failed/fifo.json", 0o600) == 0)
            try "{}".write(toFile: "\(path)/.held-1000000000000000000-a.json", atomically: false, encoding: .utf8)
            let screen = Screen()
            #expect(run(["queue", words[0], "-d", path] + words.dropFirst(), on: screen) == status)
            #expect(screen.complaints.count == 1 && screen.complaints[0].contains(text), "\(screen.complaints)")
        }
    }

    private struct Line: Decodable {
        let name: String
        let event: String?
        let batch: Bool
        let time: Double
        let reason: String?
    }

    private func names(_ path: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path) }

    private func withQueue(_ body: (String) throws -> Void) throws {
        try withTemporaryDirectory { path in
            try FileManager.default.createDirectory(atPath: "\(path)/.failed", withIntermediateDirectories: false)
            for (name, text) in [
                ("1000000000000000000-a.json", "{\"event\":\"a\"}"),
                ("1000000001000000000-a.jsonl", "{\"event\":\"b\"}\n{\"event\":\"c\"}\n"),
                ("at-9000000000000000000-a.json", "{\"event\":\"d\"}"), (".held-h.json", "{\"event\":\"e\"}"),
                (".failed/f.json", "{"), (".failed/f.json.why", "unexpected end\n"), ("note.txt", ""),
            ] {
                try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
            }
            try body(path)
        }
    }
}
