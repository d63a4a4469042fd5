import Foundation
import Support
import Testing
import WSQueueCore
import WSQueueLog
import WSQueueSystem

struct JournalArchiveTests {
    private typealias Hand = JournalTests.Hand

    /// The numbers that are read, and how far the journal reaches.
    private func read(_ path: String) throws -> (numbers: [UInt64], extent: JournalArchive.Extent) {
        var numbers: [UInt64] = []
        let extent = try JournalArchive(Directory.open(path)).read { text, bytes, epoch in
            #expect(text.id(in: bytes.span) == Array("id-\(text.seq)".utf8) && epoch == "e1")
            numbers.append(text.seq)
        }
        return (numbers, extent)
    }

    private func segments(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).filter {
            $0.hasSuffix(".segment") && !$0.hasPrefix("version")
        }.sorted().map { "\(path)/\($0)" }
    }

    @Test func `it is read while it is written, whole, and as it was left`() throws {
        try withTemporaryDirectory { path in
            #expect(try read(path).extent == JournalArchive(Directory.open(path)).read { _, _, _ in })
            let hand = try Hand(path, limits: JournalLimits(events: 80))
            // What stands between two writes is not whole.
            for count in [5, 3, 20] {
                try hand.write(count, unix: 2_000)
                let (numbers, extent) = try read(path)
                #expect(numbers == Array(1...hand.seq))
                #expect((extent.epoch, extent.precedingSeq, extent.lastSeq) == ("e1", 0, hand.seq))
                #expect(extent.oldestUnixNanoseconds == 2_000 && extent.damaged.isEmpty)
            }
            // A record larger than what is read at once.
            try hand.write(1, padding: 3_000_000)
            try hand.write(1)
            #expect(try read(path).numbers == Array(1...hand.seq))
            try hand.close()
            #expect(try read(path).numbers == Array(1...hand.seq))
        }
    }

    @Test(arguments: [1, 7, 8, 30, 40]) func `a torn end is none of its business`(byteCount: Int) throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path)
            try hand.write(3)
            let segment = try #require(try segments(path).last)
            var bytes = try Data(contentsOf: URL(fileURLWithPath: segment))
            let whole = bytes.count
            try hand.write(1)
            bytes = try Data(contentsOf: URL(fileURLWithPath: segment)).prefix(whole + byteCount)
            try bytes.write(to: URL(fileURLWithPath: segment))
            let (numbers, extent) = try read(path)
            #expect(numbers == [1, 2, 3] && extent.damaged.isEmpty && extent.lastSeq == 3)
            // Nothing was cut off.
            #expect(try Data(contentsOf: URL(fileURLWithPath: segment)) == bytes)
        }
    }

    @Test func `what is damaged in the midst is named, and the rest read`() throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path, limits: JournalLimits(events: 80))
            for _ in 0..<30 { try hand.write(1) }
            try hand.close()
            let all = try segments(path)
            try #require(all.count > 2)
            var bytes = try Data(contentsOf: URL(fileURLWithPath: all[1]))
            bytes[80] ^= 1
            try bytes.write(to: URL(fileURLWithPath: all[1]))
            try Data("no segment".utf8).write(to: URL(fileURLWithPath: "\(path)/e1-x.segment"))
            let (numbers, extent) = try read(path)
            #expect(numbers.first == 1 && numbers.last == 30 && numbers.count < 30)
            #expect(Set(extent.damaged) == [String(all[1].split(separator: "/").last ?? ""), "e1-x.segment"])
        }
    }

    @Test func `what was trimmed is gone but for the state of its key`() throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path, limits: JournalLimits(events: 80))
            var record = JournalRecord(seq: 1, unixNanoseconds: 1_000, identity: Hand.identity(1))
            record.parts.key = Array("k".utf8)
            hand.seq = 1
            hand.writer.stage(record, message: Array("{\"id\":\"id-1\"}".utf8).span)
            for _ in 0..<200 {
                try hand.write(1)
                _ = try hand.commit(finished: .max)
            }
            let (numbers, extent) = try read(path)
            let first = try #require(numbers.first)
            #expect(first > 1 && extent.precedingSeq == first - 1 && extent.lastSeq == 201)
            let kept = try JournalArchive(Directory.open(path)).keptEvents(of: extent)
            #expect(kept.map(\.seq) == [1] && kept.first?.key == Array("k".utf8))
        }
    }
}
