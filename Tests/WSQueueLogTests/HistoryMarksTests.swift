import Foundation
import Support
import Testing
import WSQueueCore
import WSQueueSystem

@testable import WSQueueLog

struct HistoryMarksTests {
    private func record(
        _ seq: UInt64, _ channels: [String] = [], users: [String]? = nil, but excepted: [String] = [],
        key: String? = nil
    ) -> JournalRecord {
        var record = JournalRecord(
            seq: seq, unixNanoseconds: 0, identity: JournalRecord.Identity(id: [1], owner: .unknown))
        guard !channels.isEmpty || users != nil || !excepted.isEmpty || key != nil else { return record }
        record.parts.channels = channels
        record.parts.recipients = users
        record.parts.exceptedUsers = excepted
        record.parts.key = key.map { Array($0.utf8) }
        return record
    }

    private func marks(_ records: [JournalRecord], upTo end: UInt64 = 100, limit: Int = 100) -> HistoryMarks {
        var marks = HistoryMarks(limit: limit)
        for record in records { marks.note(record) }
        marks.end = end
        return marks
    }

    private var all: [JournalRecord] {
        [
            record(10), record(20, ["a"]), record(30, ["b", "c"]), record(40, users: ["u"]),
            record(50, ["a"], users: ["u", "v"]), record(60, ["d"], but: ["u"]), record(70, ["e"], key: "k"),
        ]
    }

    /// The rows: the channels that are listened to, who listens, the place, and whether anything is lost.
    @Test(
        arguments: [
            ([], nil, 9, true), ([], nil, 10, false), (["a"], nil, 19, true), (["a"], nil, 20, false),
            (["b"], nil, 29, true), (["c"], nil, 29, true), (["c"], nil, 30, false), (["x"], nil, 10, false),
            ([], "u", 39, true), ([], "u", 40, false), ([], "v", 39, false), (["a"], "u", 49, true),
            (["a"], "v", 49, true), (["a"], "w", 49, false), (["d"], "w", 59, true), (["d"], nil, 59, true),
            (["d"], "u", 59, false), (["e"], nil, 69, true), (["e"], nil, 70, false), ([], nil, 100, false),
        ] as [([String], String?, UInt64, Bool)])
    func `only what was for a listener is lost to it`(
        channels: [String], user: String?, seq: UInt64, isLost: Bool
    ) throws {
        let marks = marks(all)
        let read = try #require(copy(marks))
        var merged = HistoryMarks()
        for record in all { merged.note(self.marks([record])) }
        for marks in [marks, read, merged] {
            for names in [channels, nil] {
                let loss = marks.loss(after: seq, names: names, user: user) { $0.map(channels.contains) ?? true }
                #expect(loss.any == isLost && !loss.isUnsure)
                #expect(loss.plain == (isLost && channels != ["e"]))
            }
        }
    }

    @Test func `of many channels the oldest are remembered together`() throws {
        let records = (1...300 as ClosedRange<UInt64>).map { record($0, ["c\($0)"]) }
        let marks = marks(records, upTo: 300)
        func loss(_ name: String, after seq: UInt64) -> HistoryMarks.Loss {
            marks.loss(after: seq, names: [name], user: nil) { $0 != nil }
        }
        #expect(loss("c300", after: 299) == HistoryMarks.Loss(any: true, plain: true, isUnsure: false))
        #expect(loss("c300", after: 300).any == false)
        // The others were forgotten up to some number; before that, a gap may be none.
        #expect(loss("c1", after: 0) == HistoryMarks.Loss(any: true, plain: true, isUnsure: true))
        #expect(loss("never", after: 0).isUnsure)
        #expect(loss("never", after: 250).any == false)
        let read = try #require(copy(marks))
        #expect(read == marks)
        // They are forgotten some at a time, so a few more are remembered.
        let few = self.marks(Array(records.prefix(110)), upTo: 110)
        #expect(few.loss(after: 0, names: ["never"], user: nil) { $0 != nil }.any == false)
        // A server that remembers fewer forgets the oldest of what one before it has written.
        let fewer = try #require(copy(marks, limit: 8))
        #expect(fewer.bytes.count < marks.bytes.count / 8)
        #expect(fewer.loss(after: 250, names: ["never"], user: nil) { $0 != nil }.isUnsure)
    }

    @Test func `of many users of one channel too`() {
        let records = (1...300 as ClosedRange<UInt64>).map { record($0, users: ["u\($0)"]) }
        let marks = marks(records, upTo: 300)
        func loss(_ user: String?, after seq: UInt64) -> HistoryMarks.Loss {
            marks.loss(after: seq, names: [], user: user) { _ in true }
        }
        #expect(loss("u300", after: 299) == HistoryMarks.Loss(any: true, plain: true, isUnsure: false))
        #expect(loss("u1", after: 0).isUnsure)
        #expect(loss(nil, after: 0).any == false)
    }

    @Test func `and of many that leave users out, which a stranger has lost too`() throws {
        let records = (1...300 as ClosedRange<UInt64>).map { record($0, ["a"], but: ["u\($0)"]) }
        let marks = marks(records + [record(301, ["a"], users: ["v"])], upTo: 301)
        for marks in [marks, try #require(copy(marks))] {
            func loss(_ user: String?, after seq: UInt64) -> HistoryMarks.Loss {
                marks.loss(after: seq, names: ["a"], user: user) { _ in true }
            }
            #expect(loss(nil, after: 299) == HistoryMarks.Loss(any: true, plain: true, isUnsure: false))
            #expect(loss("v", after: 300) == HistoryMarks.Loss(any: true, plain: true, isUnsure: false))
            // Of those that are not remembered each has lost something, whoever it is.
            let (first, last) = (marks.loss(after: 0, names: ["a"], user: nil) { _ in true }, loss("v", after: 301))
            #expect(first.any && first.plain && last == HistoryMarks.Loss())
        }
        // Only what is not remembered is left.
        var few = HistoryMarks(limit: 2)
        for record in [record(1, ["a"], but: ["u"]), record(2, ["b"]), record(3, ["a"], users: ["v"])] {
            few.note(record)
        }
        few.note(record(4, ["a"], users: ["v"]))
        few.note(record(5, ["c"]))
        few.end = 5
        for user in [nil, "w", "v"] {
            #expect(few.loss(after: 0, names: ["a"], user: user) { _ in true }.any, "\(user ?? "no one")")
        }
    }

    @Test func `a channel that was forgotten and is noted again has not lost what there was before`() throws {
        var marks = HistoryMarks(limit: 2)
        for one in [record(1, ["a"]), record(2, ["b"]), record(3, ["c"]), record(4, ["d"])] { marks.note(one) }
        marks.note(record(5, ["a"], key: "k"))
        marks.end = 5
        for marks in [marks, try #require(copy(marks, limit: 2))] {
            let loss = marks.loss(after: 0, names: ["a"], user: nil) { _ in true }
            #expect(loss.any && loss.plain && loss.isUnsure == false)
            #expect(marks.loss(after: 4, names: ["a"], user: nil) { _ in true }.plain == false)
        }
        var users = HistoryMarks(limit: 2)
        for one in [record(1, ["a"], users: ["u"]), record(2, ["b"]), record(3, ["c"]), record(4, ["d"])] {
            users.note(one)
        }
        users.note(record(5, ["a"], users: ["v"]))
        users.end = 5
        #expect(users.loss(after: 0, names: ["a"], user: "u") { _ in true }.plain)
    }

    private func isNone(_ bytes: [UInt8]) -> Bool { HistoryMarks(bytes.span) == nil }

    private func copy(_ marks: HistoryMarks, limit: Int = 100) -> HistoryMarks? {
        HistoryMarks(marks.bytes.span, limit: limit)
    }

    @Test func `what is not the bytes of marks is none`() {
        let bytes = marks(all).bytes
        for count in 0..<bytes.count { #expect(isNone(Array(bytes[..<count]))) }
        #expect(isNone(bytes + [0]))
    }

    // MARK: With a journal

    private func stage(_ numbers: ClosedRange<UInt64>, _ channel: String, in writer: inout JournalWriter) throws {
        for seq in numbers {
            var record = JournalRecord(
                seq: seq, unixNanoseconds: 1,
                identity: JournalRecord.Identity(id: Array("\(seq)".utf8), owner: .unknown))
            record.parts.channels = [channel]
            writer.stage(record, message: Array("{}".utf8).span)
        }
        _ = try writer.commit(unix: 1)
    }

    private func lost(_ channel: String, after seq: UInt64, in journal: Journal) -> Bool {
        journal.trimmed.loss(after: seq, names: [channel], user: nil) { $0 != nil }.any
    }

    @Test func `what goes is remembered by channel, also by the next server`() throws {
        try withTemporaryDirectory { path in
            let limits = JournalLimits(events: 80)
            for isNew in [true, false] {
                var writer = try writer(path, limits)
                if isNew {
                    try stage(1...5, "rare", in: &writer)
                    for first in stride(from: 6, to: 400, by: 10) as StrideTo<UInt64> {
                        try stage(first...first + 9, "busy", in: &writer)
                    }
                }
                let journal = writer.journal
                #expect(journal.precedingSeq > 200)
                #expect(lost("rare", after: 4, in: journal) && !lost("rare", after: 5, in: journal))
                #expect(lost("busy", after: 5, in: journal) && !lost("busy", after: journal.precedingSeq, in: journal))
            }
            // What does not say what is gone says that all may be.
            try FileManager.default.removeItem(atPath: "\(path)/trimmed")
            let journal = try writer(path, limits).journal
            #expect(lost("rare", after: 5, in: journal))
            #expect(!lost("rare", after: journal.precedingSeq, in: journal))
        }
    }

    @Test func `what a killed server had begun to trim is trimmed by the next`() throws {
        try withTemporaryDirectory { path in
            var writer = try writer(path, JournalLimits(events: 8_000))
            for first in stride(from: 1, to: 4_000, by: 500) as StrideTo<UInt64> {
                try stage(first...first + 499, "a", in: &writer)
            }
            var marks = writer.journal.trimmed
            marks.end = 1_700
            try TrimmedFile.write(marks, epoch: "e", in: Directory.open(path))
            let preceding = try self.writer(path, JournalLimits(events: 8_000)).journal.precedingSeq
            #expect(preceding > 0 && preceding <= 1_700)
        }
    }

    private func writer(_ path: String, _ limits: JournalLimits) throws -> JournalWriter {
        try JournalWriter(.directory(Directory.open(path)), limits: limits, epoch: "e", unix: 1, boot: "b")
    }
}
