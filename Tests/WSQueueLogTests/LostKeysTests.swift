import Foundation
import Support
import Testing
import WSQueueCore
import WSQueueSystem

@testable import WSQueueLog

/// What the state says of itself when a file of the journal is none any more.
struct LostKeysTests {
    @Test(arguments: [false, true])
    func `keys in a file whose beginning is lost are said to be missing`(isLost: Bool) throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            for seq in 1...400 as ClosedRange<UInt64> {
                // A segment has about an eighth of them.
                var writer = try writer(path)
                try stage(seq, key: "k\(seq)", in: &writer)
                _ = try writer.commit(unix: 1)
                try writer.close()
            }
            let names = try segments(path)
            try #require(names.count > 3)
            if isLost {
                let file = try #require(FileHandle(forWritingAtPath: "\(path)/\(names[1])"))
                try file.write(contentsOf: [UInt8](repeating: 0, count: 64))
                try file.close()
            }
            let kept = try writer(path).journal.kept.events
            #expect(kept.isComplete(nil) { _ in true } == !isLost)
            #expect((kept.keyCount == 400) == !isLost)
        }
    }

    @Test func `a state is there after a power cut that takes what has replaced it, if its own file has gone`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            var writer = try writer(path, events: 80)
            let last = 400 as UInt64
            for seq in 1...last {
                try stage(seq, key: seq == 1 || seq == last ? "k" : nil, in: &writer)
                // The first file goes only now.
                _ = try writer.commit(unix: 1, finished: seq == last ? .max : 0)
            }
            #expect(writer.journal.precedingSeq > 1)
            let newest = try #require(segments(path).last { !$0.hasSuffix("\(last).segment") })
            try FileManager.default.removeItem(atPath: "\(path)/\(newest)")
            let kept = try self.writer(path, events: 80).journal.kept.events
            #expect(kept.events().map(\.seq) == [last])
        }
    }

    @Test func `a key that a server before has written stays when its file goes`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            var first = try writer(path, events: 8)
            try stage(1, key: "k", in: &first)
            _ = try first.commit(unix: 1)
            try first.close()
            var second = try writer(path, events: 8)
            for seq in 2...40 as ClosedRange<UInt64> {
                try stage(seq, key: nil, in: &second)
                _ = try second.commit(unix: 1, finished: .max)
            }
            try #require(second.journal.precedingSeq > 1)
            let kept = try writer(path, events: 8).journal.kept.events
            #expect(kept.events().map(\.seq) == [1])
        }
    }

    @Test func `a start at which a call fails loses no key`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            var writer = try writer(path, events: 8)
            for seq in 1...40 as ClosedRange<UInt64> {
                try stage(seq, key: seq <= 9 ? "k\(seq)" : nil, in: &writer)
                _ = try writer.commit(unix: 1, finished: .max)
            }
            #expect(writer.journal.precedingSeq > 9)
            var callNumber = 0
            var didFail = true
            while didFail {
                callNumber += 1
                let start = SystemCallFaults.failing(callNumber: callNumber, with: EIO) { try? journal(path) }
                didFail = start.didFail
                // A server that cannot begin says so, and is started again.
                for journal in [start.result, try journal(path)].compactMap(\.self) {
                    #expect(journal.kept.events.keyCount == 9, "call \(callNumber)")
                    #expect(journal.kept.events.isComplete(nil) { _ in true }, "call \(callNumber)")
                }
            }
            #expect(callNumber > 20)
        }
    }

    private func stage(_ seq: UInt64, key: String?, in writer: inout JournalWriter) throws {
        var record = JournalRecord(
            seq: seq, unixNanoseconds: 1, identity: JournalRecord.Identity(id: Array("\(seq)".utf8), stamp: 0))
        if let key { record.parts.key = Array(key.utf8) }
        writer.stage(record, message: Array("{}".utf8).span)
    }

    private func segments(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasPrefix("e-") }.sorted()
    }

    /// What a start finds that keeps few events.
    private func journal(_ path: String) throws -> Journal { try writer(path, events: 8).journal }

    private func writer(_ path: String, events: Int = 800) throws -> JournalWriter {
        try JournalWriter(
            .directory(Directory.open(path)), limits: JournalLimits(events: events), epoch: "e", unix: 1, boot: "b")
    }
}
