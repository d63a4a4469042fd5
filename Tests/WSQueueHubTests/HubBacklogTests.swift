import Foundation
import Support
import Testing
import WSQueueNet
import WSQueueOperation
import WSQueueSpool
import WSQueueSystem

@testable import WSQueueHub

/// Files of which more may go at once than the hub deletes by itself: another thread does that.
struct HubBacklogTests {
    private static let count = 300

    /// A name by the contract of the publishers.
    private func name(_ number: Int) -> String { "\(1_700_000_000_000_000_000 + number)-1-\(number)-ab.json" }

    /// The payloads of what has been published since the last call.
    private func payloads(_ hub: HubHarness) -> [Int] {
        hub.published().map { one in
            Int((one.text.components(separatedBy: #""payload":["#).last ?? "").prefix { $0.isNumber }) ?? 0
        }
    }

    /// An event, large enough that the journal has several segments for all.
    private func event(_ number: Int) -> String {
        #"{"event":"n","payload":[\#(number),"\#(String(repeating: "x", count: 2_000))"]}"# + "\n"
    }

    /// A hub that has sent the events of many files, of which none may go yet.
    ///
    /// - Parameter last: A file more, whose payload is the next number.
    private func withBacklog(_ last: String? = nil, _ body: (HubHarness) throws -> Void) throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try HubHarness(path)
            for number in 1...Self.count { try hub.place(name(number), event(number)) }
            if let last { try hub.place(last, event(Self.count + 1)) }
            let all = Array(1...Self.count + (last == nil ? 0 : 1))
            while hub.seq < all.count { hub.turn(after: 1, isLoopSlow: true) }
            #expect(payloads(hub) == all && hub.names.count == all.count)
            try body(hub)
        }
    }

    /// The clients have everything; the hub has one turn, and then the other thread its time, until a condition holds.
    private func release(_ hub: HubHarness, until isMet: () -> Bool) throws {
        hub.marks.passed(hub.publications.end, pace: hub.publications.end, by: 0, now: hub.now)
        hub.turn(after: 1, isLoopSlow: true)
        let end = Clock.monotonicNanoseconds() + 60_000_000_000
        while !isMet() || !hub.canGoOn {
            try #require(Clock.monotonicNanoseconds() < end, "not within 60 s")
            Clock.pause()
        }
    }

    /// Turns until these payloads have been published and no file is left: on a slow machine the times of files may be ahead.
    private func turn(_ hub: HubHarness, untilHeard payloads: [Int]) {
        var heard: [Int] = []
        hub.turn {
            heard += self.payloads(hub)
            return heard.count >= payloads.count && hub.names.isEmpty
        }
        #expect(heard == payloads)
    }

    @Test func `they go without a further turn of the hub, which wakes for what became of them`() throws {
        try withBacklog { hub in
            try release(hub) { hub.names.isEmpty }
            #expect(!hub.isFinished)
            hub.turn(after: 1)
            #expect(hub.isFinished && !hub.canGoOn)
        }
    }

    /// After a crash the journal has to tell of those that are still there.
    @Test func `none of them counts as gone before it is known what became of it`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            for number in 1...Self.count {
                try #require(FileManager.default.createFile(atPath: "\(path)/\(name(number))", contents: nil))
            }
            let directory = try Directory.open(path)
            let reader = try SpoolReader(directory, ownEntries(in: directory))
            let log = try Log(level: .error, format: .text, destination: .file("\(path)/log"))
            var deletion = FileDeletion(
                log: log, hubWakeup: try Wakeup(), found: FoundFiles(limitBytes: 0, past: 0))
            var (queue, seq) = (SpoolQueue(), UInt64(10))
            _ = try queue.list(directory)
            while let file = queue.next() {
                seq += 1
                deletion.add(ReadFile(file, nil, reader, seq: seq), after: seq)
            }
            for isDone in [false, true] {
                _ = deletion.deleteReleased(upTo: seq, in: reader.identity, now: 0)
                let (isRemoving, finished) = (deletion.isRemoving, deletion.finishedSeq(journalBytes: 0))
                #expect(isRemoving != isDone && finished == (isDone ? nil : 10))
                while !isDone, !deletion.hasWork(released: seq) { Clock.pause() }
            }
        }
    }

    @Test func `their names are free for other files then`() throws {
        try withBacklog("status.json") { hub in
            try release(hub) { hub.names.isEmpty }
            hub.turn(after: 1)
            try hub.place("status.json", event(7))
            turn(hub, untilHeard: [7])
        }
    }

    @Test func `one that has taken another's place meanwhile is sent`() throws {
        try withBacklog("status.json") { hub in
            try hub.place("next.txt", event(7))
            try #require(rename("\(hub.path)/next.txt", "\(hub.path)/status.json") == 0)
            try release(hub) { hub.names == ["status.json"] }
            turn(hub, untilHeard: [7])
        }
    }

    @Test func `of a batch that has got longer meanwhile the new lines are sent`() throws {
        try withBacklog("rows.jsonl") { hub in
            let file = try #require(fopen("\(hub.path)/rows.jsonl", "a"))
            fputs(event(7), file)
            fclose(file)
            try release(hub) { hub.names == ["rows.jsonl"] }
            turn(hub, untilHeard: [7])
        }
    }

    @Test func `one that somebody has open stays, under a name of the server's, until it is closed`() throws {
        try withBacklog("rows.jsonl") { hub in
            let file = try #require(fopen("\(hub.path)/rows.jsonl", "a"))
            try release(hub) { hub.names.isEmpty }
            for _ in 0..<3 { hub.turn() }
            fputs(event(7), file)
            fclose(file)
            for _ in 0..<4 { hub.turn() }
            #expect(payloads(hub) == [7])
            let all = try FileManager.default.contentsOfDirectory(atPath: hub.path)
            #expect(!all.contains { $0.hasPrefix(".taken-") })
        }
    }

    @Test func `one that cannot be deleted is told of, not sent again, and goes when it can`() throws {
        try withBacklog { hub in
            let unlink = try SystemCallFaults.failing(next: 1, "unlink", on: "\(hub.path)/\(name(7))", with: EIO) {
                try release(hub) { hub.names == [name(7)] }
            }
            #expect(unlink.didFail)
            hub.turn(after: 1)
            #expect(hub.isFinished)
            for _ in 0..<3 { hub.turn(after: 30_000) }
            #expect(payloads(hub).isEmpty && hub.names.isEmpty)
            #expect(hub.logged().filter { $0 == "event.undeletable" }.count == 1)
        }
    }

    @Test func `what comes while they are deleted is sent meanwhile, and goes too`() throws {
        try withBacklog { hub in
            try release(hub) { hub.names.isEmpty }
            let more = Self.count + 1...2 * Self.count
            for number in more { try hub.place(name(number), event(number)) }
            while hub.seq < 2 * Self.count { hub.turn(after: 1, isLoopSlow: true) }
            #expect(payloads(hub) == Array(more))
            try release(hub) { hub.names.isEmpty }
            hub.turn(after: 1)
            #expect(hub.isFinished)
        }
    }
}
