import Foundation
import Support
import Testing
import WSQueueArguments
import WSQueuePublish
import WSQueuePublishTool

/// What the commands do in a queue, in the process of the tests: all but what they print.
struct CommandsTests {
    @Test func `one event is published with all that the command line says of it`() throws {
        try withQueue { queue in
            let words = ["order.created", "id:=7", "-c", "orders", "-u", "42", "-x", "9", "-i", "o-7", "--ttl", "1h"]
            try EventCommand(try arguments(words, queue)).run()
            let text = try #require(try queue.contents().first)
            #expect(text.hasPrefix("{\"event\":\"order.created\",\"payload\":{\"id\":7},"))
            for part in ["\"channels\":[\"orders\"]", "\"recipients\":[42]", "\"except\":9", "\"id\":\"o-7\""] {
                #expect(text.contains(part))
            }
            #expect(text.contains("\"expires_at\":"))
        }
    }

    @Test func `an event is held and released, held and dropped, and taken back before its time`() throws {
        try withQueue { queue in
            // The id of what is held is printed, unless that is not wanted.
            let quiet = ["-o", "none"]
            try EventCommand(try arguments(["a", "--hold", "-i", "x"] + quiet, queue)).run()
            #expect(try queue.names().allSatisfy { $0.hasPrefix(".held-") })
            let held = try #require(queue.names().first)
            let word = held.dropFirst(".held-id-".utf8.count).dropLast(".json".utf8.count)
            try HeldCommand(try arguments(["--release", String(word)], queue)).run()
            #expect(try queue.names().allSatisfy { $0.hasSuffix("id-x.json") && !$0.hasPrefix(".") })
            try EventCommand(try arguments(["a", "--hold", "-i", "y"] + quiet, queue)).run()
            let other = try #require(queue.names().first { $0.hasPrefix(".held-") })
            let end = other.dropFirst(".held-id-".utf8.count).dropLast(".json".utf8.count)
            try HeldCommand(try arguments(["--abort", String(end)], queue)).run()
            try EventCommand(try arguments(["a", "--in", "1h", "-i", "z"], queue)).run()
            #expect(try queue.names().count == 2)
            try HeldCommand(try arguments(["--cancel", "z"], queue)).run()
            #expect(try queue.names().count == 1)
            let again = try HeldCommand(try arguments(["--cancel", "z"], queue))
            let fault = #expect(throws: CommandFault.self) { try again.run() }
            #expect(fault?.exitStatus == .noInput)
        }
    }

    @Test func `waiting for a server that is not there fails with the command that starts one`() throws {
        try withQueue { queue in
            let command = try EventCommand(try arguments(["a", "-w0"], queue))
            let fault = #expect(throws: CommandFault.self) { try command.run() }
            #expect(fault?.exitStatus == .unavailable)
            #expect(fault?.description.contains("start wsqueue-server -d \(queue.path)") == true)
            #expect(try queue.names().count == 1)
        }
    }

    @Test func `lines of a file are one batch`() throws {
        try withQueue { queue in
            let file = try input("1\n\n2\n", beside: queue)
            try LinesCommand(try arguments(["row", "-f", file], queue)).run()
            #expect(try queue.contents().first?.split(separator: "\n").count == 2)
            try LinesCommand(try arguments(["row", "--text-lines", "--in", "1h", "-f", file], queue)).run()
            #expect(try queue.contents().last?.hasPrefix("{\"event\":\"row\",\"payload\":\"1\",") == true)
            let wrong = try input("1\n{\n", beside: queue)
            let command = try LinesCommand(try arguments(["row", "-f", wrong], queue))
            let fault = #expect(throws: CommandFault.self) { try command.run() }
            #expect(fault?.description.hasPrefix("line 2: the payload is not JSON") == true)
            #expect(try queue.names().count == 2)
        }
    }

    @Test func `wrong lines of a stream are passed over and counted`() throws {
        try withQueue { queue in
            let wrong = String(repeating: "{\n", count: 25)
            let file = try input("1\n\(wrong)2\n", beside: queue)
            let reports = Reports()
            #expect(try follow(file, queue, reports) == 25)
            #expect(try queue.contents().joined().split(separator: "\n").count == 2)
            #expect(reports.lines.count == 21)
            #expect(reports.lines.first?.hasPrefix("line 2: the payload is not JSON") == true)
            #expect(reports.lines.last == "further lines that are wrong are passed over without a word")
        }
    }

    @Test func `a stream goes on once its queue can be written to again`() throws {
        try withQueue { queue in
            let file = try input("1\n", beside: queue)
            let moved = "\(queue.path).moved"
            try withPipe { writer, path in
                let reports = Reports { line in
                    if line.contains("trying again") {
                        try? FileManager.default.moveItem(atPath: moved, toPath: queue.path)
                    }
                }
                var ending = try Ending()
                let encoder = try LineEncoder(payloadsOf: Event("row"), upTo: 1_000)
                let publisher = try Publisher(directory: queue.path)
                var follower = try Follower(
                    publisher, encoder, try Input.open(path), every: .zero, report: reports.take)
                try FileManager.default.moveItem(atPath: queue.path, toPath: moved)
                try writer.write(contentsOf: Data(contentsOf: URL(filePath: file)))
                // It is written as soon as it has come, and again at the latest when the input ends.
                let closing = Thread {
                    let deadline = Date(timeIntervalSinceNow: 20)
                    while reports.lines.count < 2, Date() < deadline { Thread.sleep(forTimeInterval: 0.01) }
                    try? writer.close()
                }
                closing.start()
                try follower.run(until: &ending)
                ending.allow()
                #expect(reports.lines.first?.hasSuffix("; trying again") == true)
                #expect(reports.lines.last == "the queue can be written to again")
            }
            #expect(try queue.contents().joined().split(separator: "\n").count == 1)
        }
    }

    private func follow(_ file: String, _ queue: Queue, _ reports: Reports) throws -> Int {
        var ending = try Ending()
        let encoder = try LineEncoder(payloadsOf: Event("row"), upTo: 1_000)
        var follower = try Follower(
            try Publisher(directory: queue.path), encoder, try Input.open(file), every: .zero, report: reports.take)
        try follower.run(until: &ending)
        ending.allow()
        return follower.refused
    }

    private func arguments(_ words: [String], _ queue: Queue) throws -> ParsedArguments {
        try OptionTable.publish.parse(["-d", queue.path] + words) { _ in nil }
    }

    private func input(_ text: String, beside queue: Queue) throws -> String {
        let path = "\(queue.path)-input-\(UUID())"
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }

    /// A pipe whose reading end has a path.
    private func withPipe(_ body: (FileHandle, String) throws -> Void) throws {
        let pipe = Pipe()
        try body(pipe.fileHandleForWriting, "/proc/self/fd/\(pipe.fileHandleForReading.fileDescriptor)")
        try pipe.fileHandleForReading.close()
    }
}
