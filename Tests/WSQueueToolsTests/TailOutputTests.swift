import Foundation
import Support
import Testing

@testable import WSQueueTools

struct TailOutputTests {
    private static let message =
        "{\"event\":\"a\u{9B}\",\"payload\":{\"x\":\n\"\u{7F}\"},\"timestamp\":1795284000,\"id\":\"i\",\"seq\":7,"
        + "\"channel\":\"c\"}"

    @Test(arguments: [
        (TailedEvent.Format.text, "2026-11-21T18:00:00Z a\\u009b #c {\"x\": \"\\u007f\"}\n"),
        (.json, message.replacing("\n", with: " ") + "\n"), (.payload, "{\"x\": \"\u{7F}\"}\n"),
    ])
    func `an event is one line in each form`(format: TailedEvent.Format, line: String) throws {
        let event = try #require(TailedEvent(Array(Self.message.utf8), cursor: "e:7"))
        #expect(String(decoding: event.line(format), as: UTF8.self) == line)
    }

    @Test func `a command finds the event in its environment and on its standard input`() throws {
        try withTemporaryDirectory { path in
            let screen = Screen()
            var output = TailOutput(screen.terminal)
            output.command = "cat > \(path)/in; echo $WSQUEUE_EVENT $WSQUEUE_SEQ $WSQUEUE_CURSOR > \(path)/env; exit 3"
            output.limit = 2
            let event = try #require(TailedEvent(Array("{\"event\":\"a\",\"seq\":7}".utf8), cursor: "e:7"))
            try output.hand(event)
            #expect(!output.isDone && output.failures == 1)
            #expect(try String(contentsOfFile: "\(path)/env", encoding: .utf8) == "a 7 e:7\n")
            #expect(try String(contentsOfFile: "\(path)/in", encoding: .utf8) == "{\"event\":\"a\",\"seq\":7}\n")
            output.command = "kill -9 $$"
            try output.hand(event)
            #expect(output.isDone && output.failures == 2)
            #expect(
                screen.complaints == [
                    "wsqueue-server: the command for a exited with 3",
                    "wsqueue-server: the command for a was ended by signal 9",
                ])
        }
    }

    @Test func `on a terminal JSON has escapes that say the same`() throws {
        let screen = Screen(isWatched: true)
        var output = TailOutput(screen.terminal)
        output.format = .payload
        try output.hand(try #require(TailedEvent(Array(Self.message.utf8), cursor: "")))
        #expect(screen.output == "{\"x\": \"\\u007f\"}\n")
    }

    @Test func `a log file is waited for, and followed through renaming and cutting off`() throws {
        try withTemporaryDirectory { path in
            let log = "\(path)/log"
            let screen = Screen()
            var output = TailOutput(screen.terminal)
            output.limit = 4
            var follower = LogFollower(log, events: ["client.*"], output)
            try follower.start()
            let none = try follow(&follower)
            #expect(none == 0)
            append("ts=2 ev=other\nts=3 ev=client.open \u{202E}\nts=4 ev=cli", to: log)
            let first = try follow(&follower)
            append("ent.message\n", to: log)
            rename(log, "\(log).1")
            append("<6>ev=client.close reason=timeout\n", to: log)
            let second = try follow(&follower)
            truncate(log, 0)
            append("{\"ev\":\"client.denied\"}\n", to: log)
            let third = try follow(&follower)
            #expect(first > 0 && second > 0 && third > 0)
            #expect(
                screen.lines == [
                    "ts=3 ev=client.open \\u202e", "ts=4 ev=client.message", "<6>ev=client.close reason=timeout",
                    "{\"ev\":\"client.denied\"}",
                ])
        }
    }

    @Test func `a log file is followed from its end on, until as many lines as wanted have come`() throws {
        try withTemporaryDirectory { path in
            let log = "\(path)/log"
            append("ts=1 ev=old\n", to: log)
            let screen = Screen()
            var output = TailOutput(screen.terminal)
            output.limit = 1
            var follower = LogFollower(log, events: [], output)
            try follower.start()
            append("ts=2 ev=new\nts=3 ev=newer\n", to: log)
            let turns = try follow(&follower)
            #expect(turns > 0 && screen.lines == ["ts=2 ev=new"])
        }
    }

    @Test func `a log file that cannot be read is an error`() throws {
        try withTemporaryDirectory { path in
            let screen = Screen()
            #expect(run(["tail", "--log", path, "-n", "1"], on: screen) == .inputOutput)
            #expect(screen.complaints.count == 1)
        }
    }
}

private func append(_ text: String, to path: String) {
    let file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o644)
    _ = text.withCString { write(file, $0, strlen($0)) }
    close(file)
}

/// Turns until there is nothing more.
private func follow(_ follower: inout LogFollower) throws -> Int {
    var turns = 0
    while try follower.turn() { turns += 1 }
    return turns
}
