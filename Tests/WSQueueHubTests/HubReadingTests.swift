import Foundation
import Support
import Testing
import WSQueueOperation
import WSQueueSystem

/// What the hub makes of files that are not as publishers leave them.
struct HubReadingTests {
    private func withHub(
        _ change: (inout Configuration) -> Void = { _ in }, _ body: (HubHarness) throws -> Void
    ) throws {
        try withTemporaryDirectory(isInMemory: true) { path in try body(HubHarness(path, change)) }
    }

    private func name(_ number: Int, _ end: String = ".json") -> String {
        "\(1_700_000_000_000_000_000 + number)-1-\(number)-ab\(end)"
    }

    @Test func `a file that is gone before it is read is no event, and holds up nothing`() throws {
        let holding = { (configuration: inout Configuration) in configuration.holdsWithoutClients = true }
        try withHub(holding) { hub in
            for number in 1...2 { try hub.place(name(number), #"{"event":"n"}"#) }
            hub.turn()
            #expect(hub.waitingCount == 2)
            try FileManager.default.removeItem(atPath: "\(hub.path)/\(name(1))")
            hub.marks.report(clients: 1, behind: 0, by: 0)
            hub.turn()
            #expect(hub.seq == 1 && hub.waitingCount == 0)
            #expect(hub.published().first?.text.contains(name(2, "")) == true)
        }
    }

    @Test func `a name that is no text is set aside`() throws {
        try withHub { hub in
            try hub.place("plain.txt", #"{"event":"n"}"#)
            let name: [UInt8] = Array("\(hub.path)/".utf8) + [0xFF, 0xFE] + Array(".json".utf8) + [0]
            try #require(rename("\(hub.path)/plain.txt", name.map { CChar(bitPattern: $0) }) == 0)
            hub.turn()
            hub.turn(after: 3_000)
            #expect(hub.seq == 0 && hub.failed.count == 1)
        }
    }

    @Test func `a file that somebody writes for a minute is told of, and sent once it is closed`() throws {
        try withHub { hub in
            let file = try #require(fopen("\(hub.path)/report.json", "w"))
            fputs(#"{"event":"n","#, file)
            fflush(file)
            for _ in 0..<4 { hub.turn(after: 25_000) }
            #expect(hub.seq == 0 && hub.names == ["report.json"] && hub.failed.isEmpty)
            fputs(#""payload":1}"#, file)
            fclose(file)
            hub.turn()
            #expect(hub.seq == 1)
            let late = try #require(hub.lines().first { $0.contains("ev=queue.unfinished") })
            #expect(late.contains("file=report.json") && late.contains("fuser -v \(hub.path)/report.json"))
        }
    }

    @Test func `a batch that is written in place is sent once it is closed`() throws {
        try withHub { hub in
            let file = try #require(fopen("\(hub.path)/rows.jsonl", "w"))
            fputs(#"{"event":"n","payload":1}"# + "\n", file)
            fflush(file)
            for _ in 0..<3 { hub.turn(after: 25_000) }
            #expect(hub.seq == 0 && hub.names == ["rows.jsonl"])
            fputs(#"{"event":"n","payload":2}"# + "\n", file)
            fclose(file)
            hub.turn()
            #expect(hub.published().numbers == [1, 2])
        }
    }

    @Test func `a batch with a line that is larger than an event may be is not sent, and the line is named`() throws {
        let small = { (configuration: inout Configuration) in configuration.eventLimitBytes = 10_000 }
        try withHub(small) { hub in
            let file = name(1, ".jsonl")
            let large = #"{"event":"n","payload":"\#(String(repeating: "x", count: 10_000))"}"#
            try hub.place(file, #"{"event":"n"}"# + "\n" + large + "\n")
            hub.turn()
            hub.turn(after: 3_000)
            #expect(hub.seq == 0 && hub.failed == [file])
            let why = try String(contentsOfFile: "\(hub.path)/.failed/\(file).why", encoding: .utf8)
            #expect(why.contains("line 2") && why.contains("larger than the limit of 10000 bytes"))
        }
    }

    @Test func `a batch with a line as large as an event may be is sent`() throws {
        let line = #"{"event":"n"}"#
        let exact = { (configuration: inout Configuration) in configuration.eventLimitBytes = line.utf8.count }
        try withHub(exact) { hub in
            try hub.place(name(1, ".jsonl"), "\(line)\n\(line)\n")
            hub.turn()
            #expect(hub.seq == 2 && hub.failed.isEmpty)
        }
    }

    @Test func `who asks is told how long events were on their way to clients`() throws {
        try withHub { hub in
            hub.marks.report(clients: 1, behind: 0, by: 0)
            for number in 1...3 { try hub.place(name(number), #"{"event":"n"}"#) }
            hub.turn()
            hub.turn()
            let status = try #require(hub.asked())
            #expect(status.counters.sends.counts.reduce(0, +) == 3 && status.sent == 3)
        }
    }
}
