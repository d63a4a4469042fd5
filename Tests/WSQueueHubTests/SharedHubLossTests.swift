import Glibc
import Support
import Testing
import WSQueueBroker
import WSQueueCore
import WSQueueLog
import WSQueueOperation
import WSQueueSequencer
import WSQueueSystem
import WSQueueWire

/// A hub whose order several servers share: what it does where the stream has lost something, or it cannot follow.
struct SharedHubLossTests {
    private func withHub(
        _ journal: ((String) throws -> JournalStorage)? = nil, _ change: (inout Configuration) -> Void = { _ in },
        _ body: (HubHarness) throws -> Void
    ) throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try HubHarness(path, isShared: true, journal: journal?(path) ?? .memory, change)
            hub.turn([.fenced(sent: nil), .attached(place(first: 1, last: 0))])
            try body(hub)
        }
    }

    private func place(epoch: String = "e", first: UInt64, last: UInt64) -> StreamPlace {
        StreamPlace(attempt: 1, epoch: epoch, first: first, last: last, probe: nil)
    }

    private func entry(_ seq: UInt64, _ text: String, told: PresenceTold? = nil) throws -> StreamEntry {
        var fields = [RESPValue.text(Array("e".utf8)), .text(Array(text.utf8))]
        if let told { fields += [.text(Array("p".utf8)), .text(told.encode())] }
        return try #require(StreamEntry(.list([.text(Array("0-\(seq)".utf8)), .list(fields)])))
    }

    private static func kept(_ path: String) throws -> JournalStorage {
        try .open(at: "\(path)/journal", noteForeign: { _ in })
    }

    @Test func `a stream that has lost events is told of, and its next numbering is followed`() throws {
        try withHub { hub in
            hub.turn([.entries([try entry(1, #"{"event":"n"}"#), try entry(2, #"{"event":"n"}"#)])])
            hub.turn([.down, .attached(place(first: 1, last: 1))])
            // What is beside the stream has to be known first.
            hub.turn([.past(StreamPast(epoch: "e", last: 1))])
            #expect(hub.seq == 2 && hub.history.epoch == "e")
            // Its numbering has got another name.
            hub.turn([.down, .attached(place(epoch: "f", first: 1, last: 1))])
            hub.turn([.past(StreamPast(epoch: "f", last: 1))])
            hub.turn([.entries([try entry(1, #"{"event":"other"}"#)])])
            #expect(hub.history.epoch == "f" && hub.seq == 1)
            let lost = try #require(hub.lines().first { $0.contains("ev=redis.lost") })
            #expect(lost.contains("epoch=e seq=2 last=1"))
        }
    }

    @Test func `entries of a numbering that has gone meanwhile are left out`() throws {
        try withHub { hub in
            hub.turn([.entries([try entry(1, #"{"event":"n"}"#)])])
            hub.turn([.entries([try entry(5, #"{"event":"n"}"#)])])
            hub.turn([.past(StreamPast(epoch: "f", last: 9))])
            #expect(hub.seq == 1 && hub.history.epoch == "e")
        }
    }

    @Test func `a history that cannot be begun anew is begun when it can`() throws {
        var (didFail, number, told) = (true, 0, 0)
        while didFail {
            number += 1
            try withHub(Self.kept) { hub in
                hub.turn([.entries([try entry(1, #"{"event":"n"}"#)])])
                hub.turn([.down, .attached(place(epoch: "f", first: 4, last: 3))])
                let past = StreamPast(epoch: "f", last: 3)
                didFail = SystemCallFaults.failing(callNumber: number, with: ENOSPC) { hub.turn([.past(past)]) }.didFail
                if hub.history.epoch == "e" { #expect(hub.sleepMilliseconds() > 0, "call \(number)") }
                // It may have been asked for anew.
                for _ in 0..<6 { hub.turn([.past(past)]) }
                hub.turn([.entries([try entry(4, #"{"event":"n"}"#)])])
                #expect(hub.history.epoch == "f" && hub.seq == 4, "call \(number)")
                if hub.logged().contains("journal.error") { told += 1 }
            }
        }
        #expect(told > 0)
    }

    @Test func `a batch that a process before this one has submitted is only deleted`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try HubHarness(path, isShared: true)
            let name = "1700000000000000001-1-1-ab.jsonl"
            try hub.place(name, #"{"event":"n"}"# + "\n")
            let status = try Directory.open(hub.path).status(of: FileName(name))
            var sent: [UInt8] = []
            RESPCommand.append(["process-1", name, "\(status.modifiedNanoseconds)"], to: &sent)
            hub.turn([.fenced(sent: sent), .attached(place(first: 1, last: 0))])
            hub.turn()
            #expect(hub.names.isEmpty)
        }
    }

    @Test func `what the stream brings waits for clients that are far behind`() throws {
        let close = { (configuration: inout Configuration) in configuration.slowClients.limitBytes = 100_000 }
        try withHub(nil, close) { hub in
            let payload = String(repeating: "x", count: 60_000)
            let entries = try (1...4).map { try entry(UInt64($0), #"{"event":"n","payload":"\#(payload)"}"#) }
            hub.turn([.entries(entries)], isLoopSlow: true)
            #expect(hub.seq == 2 && !hub.canGoOn)
            hub.marks.passed(hub.publications.end, pace: hub.publications.end, by: 0, now: hub.now)
            #expect(hub.canGoOn)
            hub.turn()
            #expect(hub.seq == 4)
        }
    }

    @Test func `news of presence that another server has told are not told by this one again`() throws {
        try withHub { hub in
            let user = try #require(Label("u"))
            hub.presence.withLock { $0.enter("presence.room", Identity(user: user), 1) }
            #expect(hub.presence.withLock { $0.dueAt } < .max)
            let told = PresenceTold(sender: 7, channel: "presence.room", kind: .join, users: [user])
            let event = #"{"event":"presence.join","channel":"presence.room"}"#
            hub.turn([.entries([try entry(1, event, told: told)])])
            #expect(hub.published().count == 1)
            #expect(hub.presence.withLock { $0.turn(now: hub.now + 60_000_000_000) }.isEmpty)
        }
    }
}
