import Foundation
import Support
import Testing
import WSQueueLog
import WSQueueOperation
import WSQueueSystem

/// A hub whose journal is kept: what it knows after a restart, and when files go.
struct HubJournalTests {
    private func withHubs(_ body: (_ begin: () throws -> HubHarness) throws -> Void) throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            try body {
                try FileManager.default.createDirectory(atPath: "\(path)/queue", withIntermediateDirectories: true)
                return try HubHarness(path, journal: .open(at: "\(path)/journal", noteForeign: { _ in }), syncer: true)
            }
        }
    }

    private func name(_ number: Int, suffix: String = "json") -> String {
        "\(1_700_000_000_000_000_000 + number)-1-\(number)-ab.\(suffix)"
    }

    @Test func `a file goes once the journal is on the disk, whatever clients have taken`() throws {
        try withHubs { begin in
            let hub = try begin()
            try hub.place(name(1), #"{"event":"n"}"#)
            hub.turn(until: { hub.names.isEmpty })
            #expect(hub.seq == 1)
            #expect(hub.history.lastSeq == 1)
        }
    }

    @Test func `an id that was sent before a restart is not sent again`() throws {
        try withHubs { begin in
            do {
                let hub = try begin()
                try hub.place(name(1), #"{"event":"n","id":"a"}"#)
                hub.turn(until: { hub.names.isEmpty })
                hub.stopTaking()
                hub.close()
            }
            let hub = try begin()
            #expect(hub.seq == 1)
            try hub.place(name(2), #"{"event":"n","id":"a"}"#)
            try hub.place(name(3), #"{"event":"n","id":"b"}"#)
            hub.turn(until: { hub.names.isEmpty })
            #expect(hub.published().numbers == [2])
            #expect(hub.logged().count { $0 == "event.duplicate" } == 1)
        }
    }

    @Test func `of a batch that was begun before a crash only the rest is sent`() throws {
        try withHubs { begin in
            let lines = (1...600).map { #"{"event":"n","payload":"\#(String(repeating: "x", count: 1_000))\#($0)"}"# }
            do {
                let hub = try begin()
                try hub.place(name(1, suffix: "jsonl"), lines.joined(separator: "\n"))
                hub.turn()
                #expect(hub.seq > 0 && hub.seq < 600)
            }
            let hub = try begin()
            let known = hub.seq
            #expect(known > 0 && known < 600)
            hub.turn(until: { hub.names.isEmpty })
            #expect(hub.published().numbers == Array(known + 1...600))
            #expect(hub.logged().contains("event.duplicate"))
        }
    }

    @Test func `history that is too much goes once its files are gone`() throws {
        try withHubs { begin in
            let hub = try begin()
            for round in 0..<40 {
                for number in 0..<10 { try hub.place(name(10 * round + number), #"{"event":"n"}"#) }
                hub.turn(until: { hub.names.isEmpty })
            }
            #expect(hub.seq == 400)
            #expect(hub.history.precedingSeq > 200)
            #expect(hub.logged().contains("journal.trim"))
        }
    }
}
