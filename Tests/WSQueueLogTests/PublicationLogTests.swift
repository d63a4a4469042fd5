import Foundation
import Synchronization
import Testing
import WSQueueCore
import WSQueueLog

struct PublicationLogTests {
    private func append(
        _ text: String, seq: UInt64, audience: Audience = .everyone, to writer: inout PublicationWriter
    ) {
        let bytes = Array(text.utf8)
        writer.append(byteCount: bytes.count, seq: seq, audience: audience) { output in
            for byte in bytes { output.append(byte) }
        }
    }

    private func text(_ log: PublicationLog, _ range: Range<UInt64>) -> String {
        log.ring.read(at: range.lowerBound, count: range.count) { span in
            String(decoding: (0..<span.count).map { span[$0] }, as: UTF8.self)
        }
    }

    @Test func `nothing is seen before it is published, and then everything at once`() throws {
        let log = try PublicationLog(minimumBytes: 4_096, seq: 7)
        var writer = PublicationWriter(log)
        append("one", seq: 8, to: &writer)
        append("two", seq: 9, to: &writer)
        #expect(log.end == 0)
        #expect(log.snapshot(since: 0).seq == 7)
        writer.publish(oldestNeeded: 0)
        #expect(log.end == 6)
        #expect(log.snapshot(since: 0).seq == 9)
        #expect(text(log, 0..<6) == "onetwo")
    }

    @Test func `a range across the end of the ring is contiguous`() throws {
        let log = try PublicationLog(minimumBytes: 1, seq: 0)
        var writer = PublicationWriter(log)
        let capacity = log.ring.capacityBytes
        append(String(repeating: "a", count: capacity - 2), seq: 1, to: &writer)
        append("hello", seq: 2, to: &writer)
        writer.publish(oldestNeeded: UInt64(capacity - 2))
        #expect(text(log, UInt64(capacity - 2)..<UInt64(capacity + 3)) == "hello")
        #expect(writer.room(oldestNeeded: UInt64(capacity - 2)) == capacity - 5)
    }

    @Test func `a reader learns of the selections since its position and of no others`() throws {
        let log = try PublicationLog(minimumBytes: 4_096, seq: 0)
        var writer = PublicationWriter(log)
        append("a", seq: 1, audience: .channel("x", except: .none), to: &writer)
        append("b", seq: 2, to: &writer)
        append("c", seq: 3, audience: .everyoneExcept(Exceptions(connections: [9])), to: &writer)
        writer.publish(oldestNeeded: 0)
        #expect(log.snapshot(since: 0).selections.map(\.seq) == [1, 3])
        #expect(log.snapshot(since: 1).selections.map(\.seq) == [3])
        #expect(log.snapshot(since: 3).selections.isEmpty)
    }

    @Test func `of a selection all loops add up how many clients have got it`() throws {
        let log = try PublicationLog(minimumBytes: 4_096, seq: 0)
        var writer = PublicationWriter(log)
        append("a", seq: 1, audience: .channel("x", except: .none), to: &writer)
        writer.publish(oldestNeeded: 0)
        for count in [2, 3] { try #require(log.snapshot(since: 0).selections.first).addReceivers(count) }
        #expect(log.snapshot(since: 0).selections.first?.receivers == 5)
    }

    @Test func `selections that nobody needs any more are forgotten`() throws {
        let log = try PublicationLog(minimumBytes: 4_096, seq: 0)
        var writer = PublicationWriter(log)
        append("a", seq: 1, audience: .everyoneExcept(Exceptions(connections: [9])), to: &writer)
        writer.publish(oldestNeeded: 0)
        append("b", seq: 2, audience: .everyoneExcept(Exceptions(connections: [9])), to: &writer)
        writer.publish(oldestNeeded: 1)
        #expect(log.snapshot(since: 0).selections.map(\.seq) == [2])
    }

    @Test func `the oldest mark is that of the slowest reader`() {
        let marks = ReaderMarks(count: 3)
        marks.passed(10, pace: 10, by: 0, now: 0)
        marks.passed(30, pace: 30, by: 1, now: 0)
        #expect(marks.oldest == 0)
        marks.passed(20, pace: 25, by: 2, now: 0)
        #expect(marks.oldest == 10)
        #expect(marks.pace == 10)
        marks.report(clients: 4, behind: 1, by: 0)
        marks.report(clients: 5, behind: 2, by: 2)
        #expect(marks.clients == 9)
        #expect(marks.behind == 3)
        #expect(!marks.isUnattended)
        marks.report(clients: 4, watchers: 4, behind: 1, by: 0)
        #expect(!marks.isUnattended)
        marks.report(clients: 5, watchers: 5, behind: 2, by: 2)
        #expect(marks.isUnattended && marks.clients == 9)
    }

    @Test func `who sets the pace may be ahead of the oldest`() {
        let marks = ReaderMarks(count: 2)
        marks.passed(10, pace: 40, by: 0, now: 0)
        marks.passed(30, pace: 30, by: 1, now: 0)
        #expect(marks.oldest == 10)
        #expect(marks.pace == 30)
    }

    @Test(arguments: [(0, 0), (1, 0), (2, 1), (5, 1), (6, 2), (9, 3), (100, 3)])
    func `the first selection that ends behind a position is found`(position: UInt64, index: Int) throws {
        let log = try PublicationLog(minimumBytes: 4_096, seq: 0)
        var writer = PublicationWriter(log)
        // At 0..<2, 4..<6 and 7..<9; the others are for everyone.
        append("aa", seq: 1, audience: .everyoneExcept(Exceptions(connections: [9])), to: &writer)
        append("bb", seq: 2, to: &writer)
        append("cc", seq: 3, audience: .everyoneExcept(Exceptions(connections: [9])), to: &writer)
        append("d", seq: 4, to: &writer)
        append("ee", seq: 5, audience: .everyoneExcept(Exceptions(connections: [9])), to: &writer)
        writer.publish(oldestNeeded: 0)
        let selections = Array(log.snapshot(since: 0).selections)
        #expect(selections.map(\.seq) == [1, 3, 5])
        #expect(selections.firstIndex(endingAfter: position) == index)
        #expect(log.snapshot(since: position).selections.map(\.seq) == Array([1, 3, 5][index...]))
    }

    /// What a thread that reads beside the writer has found.
    private final class Look: Sendable {
        let early = Atomic<Int>(0)
        let isOver = Atomic<Bool>(false)
    }

    @Test func `where a reader stands is never after the end that it looks at next`() throws {
        let log = try PublicationLog(minimumBytes: 65_536, seq: 0)
        var writer = PublicationWriter(log)
        let look = Look()
        let last: UInt64 = 200_000
        Thread {
            var position: UInt64 = 0
            repeat {
                position = log.snapshot(since: position).end
                if log.end < position { look.early.add(1, ordering: .relaxed) }
            } while position < 3 * last
            look.isOver.store(true, ordering: .releasing)
        }.start()
        for seq in 1...last {
            append("one", seq: seq, to: &writer)
            writer.publish(oldestNeeded: writer.position)
        }
        while !look.isOver.load(ordering: .acquiring) { Thread.sleep(forTimeInterval: 0.001) }
        #expect(look.early.load(ordering: .relaxed) == 0)
    }

    @Test func `a frame is found by a place in it, with its end and its number`() throws {
        let log = try PublicationLog(minimumBytes: 4_096, seq: 0)
        var writer = PublicationWriter(log)
        append("one", seq: 8, to: &writer)
        append("three", seq: 9, to: &writer)
        append("three", seq: 9, audience: .channel("a", except: .none), to: &writer)
        #expect(log.frames(in: 0..<13).isEmpty)
        writer.publish(oldestNeeded: 0)
        #expect(log.frames(in: 0..<13).map(\.range) == [0..<3, 3..<8, 8..<13])
        #expect(log.frames(in: 3..<8).map(\.seq) == [9])
        #expect((0...13).map { log.frameEnd(at: $0) } == [0, 3, 3, 3, 8, 8, 8, 8, 8, 13, 13, 13, 13, 13])
        #expect(log.seq(ofFrameAt: 0) == 8)
        #expect(log.seq(ofFrameAt: 8) == 9)
        #expect(log.seq(ofFrameAt: 13) == nil)
    }

    @Test func `frames that no reader needs any more are forgotten, and no others`() throws {
        let log = try PublicationLog(minimumBytes: 65_536, seq: 0)
        var writer = PublicationWriter(log)
        for seq in 1...1_000 as ClosedRange<UInt64> {
            append("one", seq: seq, to: &writer)
            // The last 300 publications are needed.
            writer.publish(oldestNeeded: 3 * (seq > 300 ? seq - 300 : 0))
            #expect(log.frames(in: 0..<3_000).count <= min(Int(seq), 600))
            #expect(log.seq(ofFrameAt: 3 * (seq > 300 ? seq - 300 : 0)) == (seq > 300 ? seq - 299 : 1))
        }
        #expect(log.frameEnd(at: 2_101) == 2_103)
    }
}
