import Foundation
import Support
import Testing
import WSQueueArguments
import WSQueueCommandLine
import WSQueueSystem

@testable import WSQueueTools

struct ConsumerTests {
    @Test(arguments: [
        (ChildProcess.End.exited(0), CommandVerdict.done), (.exited(65), .refused),
        (.exited(1), .failed("exited with 1")), (.exited(64), .failed("exited with 64")),
        (.exited(127), .failed("exited with 127")), (.signaled(9), .failed("was ended by signal 9")),
    ])
    func `only 0 is done, only 65 is set aside`(end: ChildProcess.End, verdict: CommandVerdict) {
        #expect(CommandVerdict(end) == verdict)
    }

    @Test func `waits grow from a second to five minutes`() {
        var backoff = Backoff()
        let seconds = (0..<11).map { _ in backoff.wait() / 1_000_000_000 }
        #expect(seconds == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
    }

    private func event(_ cursor: String?, _ message: String = "{\"event\":\"a\",\"payload\":1}") -> ConsumedEvent {
        let line = Array("\(message)\n".utf8)
        return ConsumedEvent(
            name: "a", cursor: cursor, identity: cursor ?? "i@7", message: line, input: line,
            variables: [("WSQUEUE_CURSOR", cursor ?? "")])
    }

    @Test func `the cursor moves when the command has succeeded, and is there at the next start`() throws {
        try withTemporaryDirectory { path in
            let place = "\(path)/cursor"
            do {
                let file = try CursorFile.open(place)
                #expect(file.cursor == nil)
                let consumer = Consumer("cat >> \(path)/out; echo $WSQUEUE_CURSOR >> \(path)/out", file) { _ in }
                try consumer.stand(at: "e:1")
                #expect(try text(place) == "e:1\n")
                try consumer.hand(event("e:3"))
                try consumer.hand(event(nil))
                #expect(try text(place) == "e:3\n")
            }
            let message = "{\"event\":\"a\",\"payload\":1}\n"
            #expect(try text("\(path)/out") == "\(message)e:3\n\(message)\n")
            #expect(try CursorFile.open(place).cursor == "e:3")
        }
    }

    @Test func `a cursor that a killed consumer has left is brought to the disk before it counts`() throws {
        try withTemporaryDirectory { path in
            let place = "\(path)/cursor"
            // The first has none whose name could be lost.
            #expect(
                try SystemCallFaults.failing(next: 1, "fsync", on: path, with: EIO) {
                    try CursorFile.open(place).cursor == nil
                } == (true, false))
            try Data("e:3\n".utf8).write(to: URL(fileURLWithPath: place))
            let (error, didFail) = SystemCallFaults.failing(next: 1, "fsync", on: path, with: EIO) {
                #expect(throws: CommandError.self) { try CursorFile.open(place) }
            }
            #expect(didFail && error?.status.rawValue == 73)
            #expect(try CursorFile.open(place).cursor == "e:3")
        }
    }

    @Test func `a command that fails is given the same event again, after a wait`() throws {
        try withTemporaryDirectory { path in
            let file = try CursorFile.open("\(path)/cursor")
            let reports = Guarded<[String]>([])
            let command = "echo x >> \(path)/tries; test $(wc -l < \(path)/tries) -gt 1"
            let consumer = Consumer(command, file) { text in reports.withLock { $0.append(text) } }
            try consumer.hand(event("e:3"))
            #expect(try text("\(path)/tries") == "x\nx\n")
            #expect(reports.withLock { $0 } == ["the command for a (e:3) exited with 1; again in 1s"])
            #expect(file.cursor == "e:3")
        }
    }

    @Test func `what the command refuses is set aside once, as a file of a queue, and the next one comes`() throws {
        try withTemporaryDirectory { path in
            let file = try CursorFile.open("\(path)/cursor")
            let reports = Guarded<[String]>([])
            let consumer = Consumer("exit 65", file) { text in reports.withLock { $0.append(text) } }
            // As if it had been killed before the cursor moved.
            for _ in 0..<2 { try consumer.hand(event("e:3")) }
            try consumer.hand(event(nil))
            let names = try FileManager.default.contentsOfDirectory(atPath: "\(path)/cursor.failed").sorted()
            #expect(names == ["id-e:3.json", "id-e:3.json.why", "id-i@7.json", "id-i@7.json.why"])
            #expect(try text("\(path)/cursor.failed/id-e:3.json") == "{\"event\":\"a\",\"payload\":1}\n")
            #expect(try text("\(path)/cursor.failed/id-e:3.json.why") == "the command exited with 65\n")
            #expect(file.cursor == "e:3")
            let expected = "the command exited with 65 for a (e:3): set aside as \(path)/cursor.failed/id-e:3.json"
            #expect(reports.withLock { $0.first } == expected)
            #expect(run(["queue", "ls", "--dir", "\(path)/cursor.failed"], on: Screen()) == .success)
        }
    }

    @Test func `one process has the file, and it says so of a file that is none`() throws {
        try withTemporaryDirectory { path in
            let file = try CursorFile.open("\(path)/cursor")
            func status(_ path: String) -> Int32? {
                do {
                    _ = try CursorFile.open(path)
                    return nil
                } catch {
                    return error.status.rawValue
                }
            }
            #expect(status("\(path)/cursor") == 75)
            try file.write("e:1")
            #expect(status("\(path)/cursor") == 75)
            for bad in ["", "e", "e:1\n\n", "e:01", "\u{0}"] {
                try Data(bad.utf8).write(to: URL(fileURLWithPath: "\(path)/bad"))
                #expect(status("\(path)/bad") == 65, "\(bad)")
            }
            #expect(status("\(path)/none/cursor") == 73)
            #expect(status("\(path)/") == 64)
            #expect(status("\(path)/cursor.lock/x") == 73)
        }
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
}
