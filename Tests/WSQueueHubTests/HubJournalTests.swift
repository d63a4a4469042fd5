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

    @Test func `history that is not kept is as long as it may be, whatever files are left`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try HubHarness(path)
            for round in 0..<40 {
                for number in 0..<10 { try hub.place(name(10 * round + number), #"{"event":"n"}"#) }
                hub.turn(isLoopSlow: true)
            }
            while hub.seq < 400 { hub.turn(isLoopSlow: true) }
            #expect(hub.names.count == 400, "no client has taken anything")
            #expect(hub.history.precedingSeq > 200)
        }
    }

    @Test func `what the journal knows of files that were there at the start stays until they are gone`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            func begin() throws -> HubHarness {
                try FileManager.default.createDirectory(atPath: "\(path)/queue", withIntermediateDirectories: true)
                return try HubHarness(path, journal: .open(at: "\(path)/journal", noteForeign: { _ in })) {
                    $0.journalBytes = 1_048_576
                }
            }
            var sent: [UInt64] = []
            do {
                // It has sent them all, and is killed before it deletes any.
                let hub = try begin()
                for number in 1000..<1100 { try hub.place(name(number), #"{"event":"n","payload":\#(number)}"#) }
                hub.turn(isLoopSlow: true)
                #expect(hub.seq == 100 && hub.names.count == 100)
                sent += hub.published().numbers
            }
            // What comes before them in order is more than the journal keeps.
            do {
                let hub = try begin()
                for number in 0..<300 { try hub.place(name(number), #"{"event":"n","payload":"\#(Self.filling)"}"#) }
                while hub.seq < 300 { hub.turn() }
                sent += hub.published().numbers
            }
            let hub = try begin()
            hub.turn(until: { hub.names.isEmpty })
            sent += hub.published().numbers
            #expect(hub.seq == 400 && sent.sorted() == Array(1...400))
        }
    }

    @Test func `a batch that was there at the start and comes again is not sent again, though its history has gone`()
        throws
    {
        try withHubs { begin in
            let filling = String(repeating: "x", count: 1_000)
            let lines = (1...600).map {
                #"{"event":"n","payload":"\#(filling)","timestamp":1792000000,"id":"i\#($0)"}"#
            }
            do {
                let hub = try begin()
                try hub.place(name(1), #"{"event":"n"}"#)
                hub.turn(until: { hub.names.isEmpty })
                hub.stopTaking()
                try hub.place(name(2, suffix: "jsonl"), lines.joined(separator: "\n"))
                hub.close()
            }
            let hub = try begin()
            let copy = "\(hub.path).copy"
            try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
            let file = name(2, suffix: "jsonl")
            try FileManager.default.copyItem(atPath: "\(hub.path)/\(file)", toPath: "\(copy)/\(file)")
            for _ in 0..<400 where !hub.names.isEmpty {
                hub.turn()
                Clock.pause()
            }
            #expect(hub.names.isEmpty && hub.seq == 601 && hub.history.precedingSeq > 300)
            // The queue as it was, in the place of this one: its file is older than the server.
            try FileManager.default.removeItem(atPath: hub.path)
            try FileManager.default.moveItem(atPath: copy, toPath: hub.path)
            hub.unix = Clock.unixNanoseconds() - 60_000_000_000
            for _ in 0..<100 where !hub.names.isEmpty {
                hub.turn()
                Clock.pause()
            }
            #expect(hub.names.isEmpty && hub.seq == 601)
        }
    }

    private static let filling = String(repeating: "x", count: 2_000)
}
