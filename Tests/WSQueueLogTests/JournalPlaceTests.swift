import Foundation
import Support
import Testing
import WSQueueLog
import WSQueueSystem

/// A journal that comes back from somewhere else never gives a number twice.
struct JournalPlaceTests {
    private func open(_ path: String, boot: String = "one", host: String = "here") throws -> JournalTests.Hand {
        let hand = try JournalTests.Hand(path, boot: boot, host: host)
        return hand
    }

    private func copy(_ path: String, to other: String) throws {
        try FileManager.default.copyItem(atPath: path, toPath: other)
    }

    private func isMoved(_ hand: JournalTests.Hand) -> Bool {
        hand.findings.contains { if case .moved = $0 { true } else { false } }
    }

    @Test(arguments: [true, false])
    func `in the same place it goes on, closed in order or not`(isClosed: Bool) throws {
        try withTemporaryDirectory { path in
            let hand = try open(path)
            try hand.write(4)
            if isClosed { try hand.close() }
            for _ in 0..<3 {
                let again = try open(path)
                #expect(again.seq == 4 && !isMoved(again) && again.journal.left.isEmpty)
                if isClosed { try again.close() }
            }
        }
    }

    @Test func `a place that cannot be noted is told, and the journal is opened`() throws {
        try withTemporaryDirectory { path in
            // A directory cannot be removed as a file is.
            try FileManager.default.createDirectory(atPath: "\(path)/place.new", withIntermediateDirectories: false)
            let hand = try open(path)
            #expect(hand.findings.contains { if case .unplaced = $0 { true } else { false } })
            try hand.write(1)
            #expect(hand.seq == 1)
        }
    }

    @Test(arguments: [true, false])
    func `a copy that is put back leaves numbers out`(isClosed: Bool) throws {
        try withTemporaryDirectory { parent in
            let path = "\(parent)/journal"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            let hand = try open(path)
            try hand.write(4)
            if isClosed { try hand.close() }
            try copy(path, to: "\(parent)/backup")
            let later = try open(path)
            try later.write(5)
            try later.close()
            #expect(later.seq == 9)
            try FileManager.default.removeItem(atPath: path)
            try copy("\(parent)/backup", to: path)
            let back = try open(path)
            #expect(back.seq > 1_000_000 && isMoved(back) && back.journal.epoch == "e1")
            try back.write(1)
            try back.close()
            // What is in place again is trusted again.
            #expect(try open(path).seq == back.seq)
        }
    }

    @Test func `a copy over the same file is seen by the time that no copy brings back`() throws {
        try withTemporaryDirectory { path in
            try open(path).write(4)
            let anchor = "\(path)/anchor"
            let bytes = try #require(FileManager.default.contents(atPath: anchor))
            let file = try #require(FileHandle(forWritingAtPath: anchor))
            // The clock of a file system ticks every few milliseconds.
            Thread.sleep(forTimeInterval: 0.02)
            try file.write(contentsOf: bytes)
            let back = try open(path)
            #expect(back.seq > 1_000_000 && isMoved(back))
        }
    }

    @Test func `on another machine numbers are left out`() throws {
        try withTemporaryDirectory { path in
            let hand = try open(path)
            try hand.write(4)
            try hand.close()
            let other = try open(path, host: "there")
            #expect(other.seq > 1_000_000 && isMoved(other))
        }
    }

    @Test func `after another start of the machine numbers are left out, and who has all events misses none`() throws {
        try withTemporaryDirectory { path in
            let hand = try open(path)
            try hand.write(4)
            try hand.close()
            let next = try open(path, boot: "two")
            #expect(next.seq == 4 + (1 << 24) && next.journal.left == [5...(next.seq - 1)])
            try next.write(1)
            // No segment begins after numbers that a reader has not passed.
            let place = try #require(next.journal.position(after: 4))
            let chunk = try #require(try next.journal.read(from: place, limitBytes: 100_000))
            #expect(chunk.start.precedingSeq <= 4)
            try next.close()
            let again = try open(path, boot: "two")
            #expect(again.seq == next.seq && again.journal.left == next.journal.left)
            try again.write(1)
            try again.close()
            let third = try open(path, boot: "three")
            let first = 6 + (1 << 24) as UInt64
            #expect(third.journal.left == [5...(first - 3), (first + 1)...(third.seq - 1)])
        }
    }

    @Test func `a journal of an older server, which does not say where it was, goes on`() throws {
        try withTemporaryDirectory { path in
            let old = try JournalTests.Hand(path, boot: "one")
            try old.write(4)
            try old.close()
            #expect(try open(path).seq == 4)
        }
    }

    @Test func `an empty journal has no numbers to leave out`() throws {
        try withTemporaryDirectory { path in
            try open(path).close()
            #expect(try open(path, boot: "two").seq == 0)
        }
    }
}
