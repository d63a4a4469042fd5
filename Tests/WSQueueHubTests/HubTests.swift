import Foundation
import Support
import Testing
import WSQueueBroker
import WSQueueCore
import WSQueueLog
import WSQueueOperation
import WSQueueSystem

/// What becomes of files, turn by turn, with clocks that the test sets.
struct HubTests {
    private func withHub(
        _ change: (inout Configuration) -> Void = { _ in }, _ body: (HubHarness) throws -> Void
    ) throws {
        try withTemporaryDirectory(isInMemory: true) { path in try body(HubHarness(path, change)) }
    }

    /// A name by the contract of the publishers.
    private func name(_ number: Int, suffix: String = "json") -> String {
        "\(1_700_000_000_000_000_000 + number)-1-\(number)-ab.\(suffix)"
    }

    @Test func `events are numbered in the order of their names and their files deleted once all have them`() throws {
        try withHub { hub in
            for number in [3, 1, 2] { try hub.place(name(number), #"{"event":"n","payload":\#(number)}"#) }
            hub.turn(isLoopSlow: true)
            #expect(hub.seq == 3)
            let published = hub.published()
            #expect(published.numbers == [1, 2, 3])
            #expect(published[0].text.hasPrefix(#"{"event":"n","payload":1,"#))
            #expect(published.allSatisfy { $0.audience == .everyone })
            #expect(hub.names.count == 3)
            hub.turn()
            hub.turn()
            #expect(hub.names.isEmpty)
            #expect(hub.logged().count { $0 == "event.sent" } == 3)
        }
    }

    @Test func `an event for channels and users is for them, a copy for each channel`() throws {
        try withHub { hub in
            try hub.place(name(1), #"{"event":"n","channels":["a","b"],"recipients":["u"],"except":7}"#)
            hub.turn()
            let published = hub.published()
            #expect(published.numbers == [1, 1])
            #expect(
                published.map(\.audience) == [
                    .users(["u"], channel: "a", except: Exceptions(connections: [7])),
                    .users(["u"], channel: "b", except: Exceptions(connections: [7])),
                ])
        }
    }

    @Test func `an event past its time is not sent, and its file goes`() throws {
        try withHub { hub in
            try hub.place(name(1), #"{"event":"late","expires_at":1}"#)
            try hub.place(name(2), #"{"event":"n"}"#)
            hub.turn()
            hub.turn()
            #expect(hub.published().numbers == [1])
            #expect(hub.names.isEmpty)
            #expect(hub.logged().contains("event.expired"))
        }
    }

    @Test func `a file that is no event gets two seconds, and is set aside`() throws {
        try withHub { hub in
            hub.unix = Clock.unixNanoseconds()
            try hub.place("half.json", #"{"event":"n","#)
            hub.turn()
            #expect(hub.names == ["half.json"])
            hub.turn(after: 1_000)
            #expect(hub.failed.isEmpty)
            hub.turn(after: 1_500)
            #expect(hub.names.isEmpty)
            #expect(hub.failed.count == 1)
            #expect(hub.logged().contains("event.rejected"))
        }
    }

    @Test func `a batch is sent line by line, and not at all where a line is wrong`() throws {
        try withHub { hub in
            let good = (1...3).map { #"{"event":"n","payload":\#($0)}"# }.joined(separator: "\n")
            try hub.place(name(1, suffix: "jsonl"), good + "\n\n")
            try hub.place(name(2, suffix: "jsonl"), good + "\n{}\n")
            try hub.place(name(3, suffix: "jsonl"), "\n \n")
            hub.turn()
            #expect(hub.published().numbers == [1, 2, 3])
            hub.turn(after: 3_000)
            hub.turn()
            #expect(hub.names.isEmpty)
            #expect(hub.failed.count == 2)
            let reasons = try [2, 3].map {
                try String(contentsOfFile: "\(hub.path)/.failed/\(name($0, suffix: "jsonl")).why", encoding: .utf8)
            }
            #expect(reasons[0].contains("no 'event'") && reasons[0].hasSuffix(", at byte 0 of line 4\n"))
            #expect(reasons[1] == "no event in it; a batch has one a line, at byte 0\n")
        }
    }

    @Test func `a large batch goes on over turns while new files wait for its end`() throws {
        try withHub { hub in
            let line = #"{"event":"n","payload":"\#(String(repeating: "x", count: 1_000))"}"#
            try hub.place(
                name(1, suffix: "jsonl"), Array(repeating: line, count: 600).joined(separator: "\n"))
            try hub.place(name(2), #"{"event":"after"}"#)
            hub.turn()
            let first = hub.published().numbers
            #expect(first.count < 600)
            #expect(hub.sleepMilliseconds() == 0)
            for _ in 0..<4 { hub.turn(after: 1) }
            let rest = hub.published()
            #expect(first + rest.numbers == Array(1...601))
            #expect(rest.last?.text.contains("after") == true)
        }
    }

    @Test func `an event for too many channels is refused`() throws {
        try withHub { hub in
            let channels = (0..<64).map { "\"c\($0)\"" }.joined(separator: ",")
            let payload = String(repeating: "x", count: 10_000)
            try hub.place(name(1), #"{"event":"n","channels":[\#(channels)],"payload":"\#(payload)"}"#)
            hub.turn(after: 3_000)
            hub.turn(after: 3_000)
            #expect(hub.failed.count == 1)
            #expect(hub.seq == 0)
        }
    }

    @Test func `files wait for a client where they are to`() throws {
        let holding = { (configuration: inout Configuration) in configuration.holdsWithoutClients = true }
        try withHub(holding) { hub in
            try hub.place(name(1), #"{"event":"n"}"#)
            hub.turn()
            #expect(hub.seq == 0 && hub.waitingCount == 1)
            hub.marks.report(clients: 2, watchers: 2, behind: 0, by: 0)
            hub.turn()
            #expect(hub.seq == 0 && hub.waitingCount == 1)
            hub.marks.report(clients: 3, watchers: 2, behind: 0, by: 0)
            hub.turn()
            #expect(hub.seq == 1)
        }
    }

    @Test func `the queue waits for clients that are far behind, and goes on with them`() throws {
        let close = { (configuration: inout Configuration) in configuration.slowClients.limitBytes = 100_000 }
        try withHub(close) { hub in
            let payload = String(repeating: "x", count: 60_000)
            for number in 1...4 { try hub.place(name(number), #"{"event":"n","payload":"\#(payload)"}"#) }
            hub.turn(isLoopSlow: true)
            #expect(hub.seq == 2)
            #expect(!hub.canGoOn)
            hub.marks.passed(hub.publications.end, pace: hub.publications.end, by: 0, now: hub.now)
            #expect(hub.canGoOn)
            hub.turn()
            #expect(hub.seq == 4)
        }
    }

    @Test func `a file that somebody has open is sent at once, and deleted when no one has`() throws {
        try withHub { hub in
            let entries = { try FileManager.default.contentsOfDirectory(atPath: hub.path) }
            let file = try #require(fopen("\(hub.path)/status.json", "w"))
            fputs(#"{"event":"n"}"#, file)
            fflush(file)
            for _ in 0..<3 { hub.turn() }
            #expect(hub.seq == 1 && hub.names.isEmpty)
            #expect(try entries().count { $0.hasPrefix(".taken-") } == 1)
            fclose(file)
            for _ in 0..<3 { hub.turn() }
            #expect(hub.seq == 1)
            #expect(try !entries().contains { $0.hasPrefix(".taken-") })
        }
    }

    @Test func `a file that is due later waits until then`() throws {
        try withHub { hub in
            try hub.place("at-\(hub.unix / 1_000_000_000 + 5).json", #"{"event":"n"}"#)
            hub.turn()
            #expect(hub.seq == 0)
            // Until the next look at the directory.
            #expect((2...1_000).contains(hub.sleepMilliseconds()))
            hub.turn(after: 6_000)
            #expect(hub.seq == 1)
        }
    }

    @Test func `a queue that is gone is found again, and another one in its place is begun anew`() throws {
        try withHub { hub in
            let away = hub.path + "-away"
            try FileManager.default.moveItem(atPath: hub.path, toPath: away)
            hub.turn()
            try FileManager.default.moveItem(atPath: away, toPath: hub.path)
            try hub.place(name(1), #"{"event":"n"}"#)
            hub.turn()
            #expect(hub.seq == 1)
            try FileManager.default.moveItem(atPath: hub.path, toPath: away)
            try FileManager.default.createDirectory(atPath: hub.path, withIntermediateDirectories: false)
            try hub.place(name(1), #"{"event":"n","payload":2}"#)
            hub.turn()
            hub.turn()
            #expect(hub.seq == 2)
            #expect(hub.names.isEmpty)
            let log = hub.logged()
            #expect(log.count { $0 == "queue.missing" } == 2)
            #expect(log.count { $0 == "queue.back" } == 2)
        }
    }

    @Test func `a drain ends a batch that has begun, and begins no file`() throws {
        try withHub { hub in
            let line = #"{"event":"n","payload":"\#(String(repeating: "x", count: 1_000))"}"#
            try hub.place(name(1, suffix: "jsonl"), Array(repeating: line, count: 600).joined(separator: "\n"))
            hub.turn()
            try hub.place(name(2), #"{"event":"after"}"#)
            hub.stopTaking()
            #expect(!hub.isFinished)
            for _ in 0..<50 where !hub.isFinished { hub.finishTurn() }
            #expect(hub.isFinished)
            #expect(hub.seq == 600)
            #expect(hub.names == [name(2)])
            hub.writeSum()
            hub.close()
            #expect(hub.logged().contains("events.sum"))
        }
    }

    @Test func `who asks is told how many events have no lines of their own`() throws {
        try withHub { hub in
            for number in 0..<57 { try hub.place(name(number), #"{"event":"n","id":"\#(number)"}"#) }
            hub.turn()
            hub.status.ask(now: hub.now, by: 0, wantsClients: false)
            _ = hub.status.write(LoopStatus(), nil, of: 0, now: hub.now)
            let asked = hub.now
            hub.turn(after: 0)
            let contents = try #require(hub.status.contents(since: asked, isComplete: true, now: hub.now))
            #expect(hub.seq == 57 && contents.hub?.counters.summedLines == 7)
        }
    }

    @Test func `who asks is told how the queue stands`() throws {
        try withHub { hub in
            try hub.place(name(1), #"{"event":"n"}"#)
            try hub.place(name(2), #"{"event":"n","id":"a"}"#)
            try hub.place(name(3), "{}")
            hub.turn()
            hub.turn(after: 2_000)
            hub.status.ask(now: hub.now, by: 0, wantsClients: false)
            _ = hub.status.write(LoopStatus(), nil, of: 0, now: hub.now)
            let asked = hub.now
            hub.turn()
            let contents = try #require(hub.status.contents(since: asked, isComplete: true, now: hub.now))
            let status = try #require(contents.hub)
            #expect(status.seq == 2 && status.sent == 2)
            #expect(status.counters.rejected == 1 && status.failed == 1)
            #expect(status.failures.first?.file == name(3))
            #expect(status.faults.isEmpty)
        }
    }

    @Test func `news of presence are events without a file`() throws {
        try withHub { hub in
            let identity = Identity(user: try #require(Label("u")))
            hub.presence.withLock { $0.enter("presence.room", identity, 1) }
            hub.turn()
            let published = hub.published()
            #expect(published.first?.text.contains(#""event":"presence."#) == true)
            #expect(published.first?.audience == .channel("presence.room", except: .none))
            #expect(hub.seq == UInt64(published.count))
        }
    }

    @Test func `news of presence that may not be told yet keep no one awake`() throws {
        let holding = { (configuration: inout Configuration) in configuration.holdsWithoutClients = true }
        try withHub(holding) { hub in
            let identity = Identity(user: try #require(Label("u")))
            hub.presence.withLock { $0.enter("presence.room", identity, 1) }
            hub.turn()
            #expect(hub.seq == 0)
            #expect(hub.sleepMilliseconds() > 0)
            hub.marks.report(clients: 1, behind: 0, by: 0)
            #expect(hub.sleepMilliseconds() == 0)
            hub.turn()
            #expect(hub.seq == 1)
        }
    }

    @Test func `news of presence that no event can hold have no number`() throws {
        try withHub { hub in
            let identity = Identity(user: try #require(Label("u")))
            let deep = String(repeating: "[", count: 511) + String(repeating: "]", count: 511)
            let isSet = hub.presence.withLock {
                $0.enter("presence.room", identity, 1)
                return $0.set("presence.room", identity.user, status: nil, activity: Array(deep.utf8))
            }
            #expect(isSet)
            hub.turn()
            try hub.place(name(1), #"{"event":"n"}"#)
            hub.turn()
            #expect(hub.published().map(\.text).last?.contains(#""seq":1"#) == true)
        }
    }
}
