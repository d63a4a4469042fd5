import Foundation
import Support
import Testing
import WSQueueCore
import WSQueueLog
import WSQueueSystem

struct JournalTests {
    /// What tests do with a journal: events whose message is their number.
    final class Hand {
        var writer: JournalWriter
        var seq: UInt64
        var ages: AgeClock
        /// Whether the machine's own time is the wall clock's.
        var isSteady = true

        init(
            _ storage: JournalStorage, limits: JournalLimits = JournalLimits(), unix: Int64 = 1_000, boot: String = "b",
            host: String? = nil
        ) throws {
            writer = try JournalWriter(storage, limits: limits, epoch: "e1", unix: unix, boot: boot, host: host)
            seq = writer.journal.lastSeq
            ages = AgeClock(uptime: unix, unix: unix)
        }

        convenience init(
            _ path: String, limits: JournalLimits = JournalLimits(), unix: Int64 = 1_000, boot: String = "b",
            host: String? = nil
        ) throws {
            try self.init(.directory(Directory.open(path)), limits: limits, unix: unix, boot: boot, host: host)
        }

        func stage(_ count: Int, unix: Int64 = 1_000, padding: Int = 0) {
            for _ in 0..<count {
                seq += 1
                let message = Array("\(seq)".utf8) + [UInt8](repeating: 32, count: padding)
                writer.stage(
                    JournalRecord(seq: seq, unixNanoseconds: unix, identity: Hand.identity(seq)), message: message.span)
            }
        }

        @discardableResult
        func write(_ count: Int, unix: Int64 = 1_000, padding: Int = 0) throws -> [JournalFinding] {
            stage(count, unix: unix, padding: padding)
            if isSteady { note(unix: unix) }
            return try writer.commit(unix: unix)
        }

        // Macros of the tests cannot take apart what goes through a value that cannot be copied.
        var journal: Journal { writer.journal }
        var findings: [JournalFinding] { writer.findings }
        var isFailing: Bool { writer.isFailing }
        func knows(_ seq: UInt64) -> Bool { writer.knows(Hand.identity(seq)) }
        func knows(_ identity: JournalRecord.Identity) -> Bool { writer.knows(identity) }
        func knows(_ identity: JournalRecord.Identity, as fingerprint: JournalRecord.Fingerprint) -> Bool {
            writer.knows(identity, as: fingerprint)
        }
        var knowsOwnerless: Bool { writer.knowsOwnerless }
        func commit() throws -> [JournalFinding] { try writer.commit(unix: 0) }
        func note(unix: Int64, uptime: Int64? = nil) {
            ages.observe(uptime: uptime ?? unix, unix: unix)
            writer.note(ages)
        }
        func age(unix: Int64, uptime: Int64? = nil) -> [JournalFinding] {
            note(unix: unix, uptime: uptime)
            return writer.age(unix: unix)
        }
        func close() throws { try writer.close() }
        func commit(finished: UInt64) throws -> [JournalFinding] { try writer.commit(unix: 0, finished: finished) }
        func trim(finished: UInt64) -> [JournalFinding] { writer.trim(finished: finished) }
        func takeUnsynced() -> JournalSync { writer.takeUnsynced() }
        func noteSync(isFailing: Bool) { writer.noteSync(isFailing: isFailing) }

        static func identity(_ seq: UInt64) -> JournalRecord.Identity {
            JournalRecord.Identity(id: Array("id-\(seq)".utf8), stamp: 0)
        }
    }

    private func decode(_ bytes: [UInt8], at offset: Int) -> JournalRecordText? {
        JournalRecordText.decode(bytes.span, at: offset)
    }

    /// The numbers of all records behind `seq`, in the order in which they are read.
    func numbers(_ journal: Journal, after seq: UInt64, limitBytes: Int = 100) throws -> [UInt64] {
        var found: [UInt64] = []
        var position = journal.position(after: seq)
        while let start = position, let chunk = try journal.read(from: start, limitBytes: limitBytes) {
            var offset = 0
            while offset < chunk.records.count {
                let text = try #require(chunk.text(at: offset))
                let message = String(decoding: chunk.records[text.message], as: UTF8.self)
                #expect(message.prefix { $0 != " " } == "\(text.seq)")
                if text.seq > seq { found.append(text.seq) }
                offset = text.end
            }
            position = chunk.position(at: offset)
        }
        return found
    }

    private func segments(_ path: String) throws -> [String] {
        // Those that begin with a version keep older servers away.
        try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix("version-") }.sorted()
    }

    @Test func `a place is found by time, over segments and within them`() throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path, limits: JournalLimits(events: 800))
            #expect(hand.journal.seq(before: 5_000) == 0)
            for number in 1...500 as ClosedRange<Int64> { try hand.write(1, unix: 10_000 * number) }
            let journal = hand.journal
            for number in [1, 2, 63, 64, 65, 100, 101, 299, 500] as [Int64] {
                #expect(journal.seq(before: 10_000 * number) == UInt64(number - 1), "\(number)")
                #expect(journal.seq(before: 10_000 * number - 9_999) == UInt64(number - 1), "\(number)")
            }
            #expect(journal.seq(before: 5_000_001) == 500 && journal.seq(before: .min) == 0)
            // A clock that was set back: nothing of that time is left out.
            try hand.write(3, unix: 1_000_000)
            #expect(journal.seq(before: 1_000_000) == 99 && journal.seq(before: 5_000_001) == 503)
            #expect(try Hand(path, limits: JournalLimits(events: 800)).journal.seq(before: 1_000_000) == 99)
        }
    }

    @Test func `where what has gone may be of that time, the place is before everything`() throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path, limits: JournalLimits(events: 80))
            for number in 1...200 as ClosedRange<Int64> { try hand.write(1, unix: 10_000 * number) }
            let oldest = Int64(hand.journal.precedingSeq) + 1
            #expect(oldest > 100)
            #expect(hand.journal.seq(before: 10_000 * oldest) == 0)
            #expect(hand.journal.seq(before: 10_000 * oldest + 1) == UInt64(oldest))
            #expect(hand.journal.seq(before: 0) == 0)
        }
    }

    @Test func `what is committed is read from any number on`() throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path, limits: JournalLimits(events: 400))
            for _ in 0..<10 { try hand.write(37) }
            #expect(try segments(path).count > 5)
            for seq in [0, 1, 63, 64, 65, 190, 369, 370] as [UInt64] {
                #expect(try numbers(hand.journal, after: seq) == Array((seq + 1)..<371))
            }
        }
    }

    @Test func `nothing is read before it is committed`() throws {
        let hand = try Hand(.memory)
        hand.stage(3)
        #expect(try numbers(hand.journal, after: 0).isEmpty)
        #expect(try hand.commit().isEmpty)
        #expect(try numbers(hand.journal, after: 0) == [1, 2, 3])
    }

    @Test func `a record larger than what is asked for is read whole`() throws {
        let hand = try Hand(.memory)
        try hand.write(3, padding: 5_000)
        #expect(try numbers(hand.journal, after: 1) == [2, 3])
    }

    @Test func `numbering and known events outlive a restart`() throws {
        try withTemporaryDirectory { path in
            do {
                let hand = try Hand(path)
                try hand.write(5)
            }
            let hand = try Hand(path)
            #expect(hand.journal.epoch == "e1")
            #expect(hand.seq == 5)
            #expect(hand.findings.isEmpty)
            #expect(hand.knows(5))
            #expect(!hand.knows(6))
            try hand.write(1)
            #expect(try numbers(hand.journal, after: 3) == [4, 5, 6])
        }
    }

    @Test func `a file name used again at another time is another event`() throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path)
            let first = JournalRecord.Identity(id: Array("event".utf8), stamp: 1)
            let nothing: [UInt8] = []
            hand.writer.stage(JournalRecord(seq: 1, unixNanoseconds: 0, identity: first), message: nothing.span)
            #expect(hand.knows(first))
            #expect(!hand.knows(JournalRecord.Identity(id: first.id, stamp: 2)))
        }
    }

    @Test func `a journal cut at any byte loses no whole record and goes on`() throws {
        try withTemporaryDirectory { path in
            var sizes: [Int] = []
            do {
                let hand = try Hand(path)
                for _ in 0..<3 {
                    try hand.write(1)
                    sizes.append(hand.journal.size.bytes)
                }
            }
            let file = try #require(try segments(path).first)
            let whole = try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(file)"))
            #expect(whole.count == sizes[2])
            try #require(sizes[0] < sizes[1] && sizes[1] < sizes[2])
            for cut in sizes[0]..<sizes[2] {
                try whole.prefix(cut).write(to: URL(fileURLWithPath: "\(path)/\(file)"))
                let hand = try Hand(path)
                let kept: UInt64 = cut < sizes[1] ? 1 : 2
                #expect(hand.seq == kept)
                let torn = cut - sizes[Int(kept) - 1]
                #expect(hand.findings == (torn == 0 ? [] : [.torn(name: file, byteCount: torn)]))
                #expect(!hand.knows(kept + 1))
                try hand.write(1)
                #expect(try numbers(hand.journal, after: 0) == Array(1...(kept + 1)))
            }
        }
    }

    @Test func `a segment that was made and never written to is as good as none`() throws {
        try withTemporaryDirectory { path in
            #expect(FileManager.default.createFile(atPath: "\(path)/e0-00000000000000000000.segment", contents: nil))
            let hand = try Hand(path)
            #expect(hand.findings.isEmpty)
            #expect(try segments(path) == ["e1-00000000000000000000.segment"])
        }
    }

    @Test func `damage in the middle leaves a hole that readers can see`() throws {
        try withTemporaryDirectory { path in
            do {
                let hand = try Hand(path, limits: JournalLimits(events: 16))
                for _ in 0..<6 { try hand.write(2) }
            }
            let file = "e1-00000000000000000002.segment"
            var bytes = try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(file)"))
            try #require(!bytes.isEmpty)
            bytes[bytes.count - 1] ^= 1
            try bytes.write(to: URL(fileURLWithPath: "\(path)/\(file)"))
            let hand = try Hand(path, limits: JournalLimits(events: 16))
            #expect(hand.seq == 12)
            #expect(hand.findings.count == 1)
            let journal = hand.journal
            #expect(try numbers(journal, after: 0) == [1, 2, 3] + Array(5...12))
            let place = try #require(journal.position(after: 3))
            let chunk = try #require(try journal.read(from: place, limitBytes: 1))
            // It begins with the record before the hole, behind which the next segment says what precedes it.
            let next = try #require(try journal.read(from: chunk.position(at: chunk.records.count), limitBytes: 1))
            #expect(next.start.precedingSeq == 4)
        }
    }

    @Test func `numbers are left out when the machine went down, and none after an orderly end`() throws {
        try withTemporaryDirectory { path in
            do {
                let hand = try Hand(path, boot: "one")
                try hand.write(2)
                try hand.close()
            }
            do {
                let hand = try Hand(path, boot: "two")
                #expect(hand.seq == 2)
                try hand.write(1)
            }
            for _ in 0..<2 {
                let hand = try Hand(path, boot: "three")
                #expect(hand.seq > 1_000_000)
                #expect(hand.journal.epoch == "e1")
                // Restarted at once, so that only the segment's header says it.
                #expect(hand.journal.position(after: 3)?.precedingSeq == 0)
            }
        }
    }

    @Test func `damage at the end leaves numbers out`() throws {
        try withTemporaryDirectory { path in
            do {
                let hand = try Hand(path)
                try hand.write(3)
            }
            let file = try #require(try segments(path).first)
            var bytes = try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(file)"))
            try #require(bytes.count > 100)
            bytes[100] ^= 1
            try bytes.write(to: URL(fileURLWithPath: "\(path)/\(file)"))
            let hand = try Hand(path)
            #expect(hand.seq > 1_000_000)
            #expect(hand.findings.count == 2)
        }
    }

    @Test func `what cannot be written is read all the same, and written once it can be`() throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path)
            try hand.write(2)
            hand.stage(2)
            let failed = SystemCallFaults.failing(callNumber: 1, with: 28) {
                (try? hand.commit()) == nil
            }
            #expect(failed.result && failed.didFail)
            #expect(hand.isFailing)
            hand.stage(1)
            #expect(try numbers(hand.journal, after: 0) == [1, 2, 3, 4])
            #expect(hand.journal.lastSeq == 4)
            #expect(try hand.commit().isEmpty)
            #expect(!hand.isFailing)
            #expect(try numbers(hand.journal, after: 0) == [1, 2, 3, 4, 5])
            let again = try Hand(path)
            #expect(again.seq == 5)
        }
    }

    @Test func `numbers given while nothing could be written are not given again`() throws {
        try withTemporaryDirectory { path in
            do {
                let hand = try Hand(path)
                try hand.write(2)
                hand.stage(2)
                let failed = SystemCallFaults.failing(callNumber: 1, with: 28) { try? hand.commit() }
                #expect(failed.result == nil)
            }
            let hand = try Hand(path)
            #expect(hand.seq > 1_000_000)
            #expect(hand.knows(2))
            #expect(!hand.knows(3))
        }
    }

    @Test func `the bound of events lets whole segments go, and with them what is known`() throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path, limits: JournalLimits(events: 80))
            var trimmed: [JournalFinding] = []
            for _ in 0..<50 { trimmed += try hand.write(4) }
            #expect(trimmed.count == 10)
            #expect(trimmed.first == .trimmed(from: 1, to: 12, reason: "events"))
            #expect(hand.journal.precedingSeq == 120)
            #expect((80...92).contains(hand.journal.size.events))
            #expect(!hand.knows(120))
            #expect(hand.knows(121))
            #expect(try numbers(hand.journal, after: 0) == Array(121...200))
        }
    }

    @Test func `the bound of bytes holds`() throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path, limits: JournalLimits(bytes: 80_000))
            for _ in 0..<100 {
                try hand.write(10, padding: 100)
                #expect(hand.journal.size.bytes <= 80_000)
            }
            #expect(hand.journal.size.bytes > 60_000)
        }
    }

    @Test func `what is too old goes, with new events and without`() throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path, limits: JournalLimits(ageNanoseconds: 8_000))
            try hand.write(2, unix: 1_000)
            #expect(try hand.write(2, unix: 5_000).isEmpty)
            #expect(try hand.write(1, unix: 14_000) == [.trimmed(from: 1, to: 4, reason: "age")])
            #expect(hand.age(unix: 20_000).isEmpty)
            #expect(hand.age(unix: 23_000) == [.trimmed(from: 5, to: 5, reason: "age")])
            #expect(hand.journal.size.events == 0)
            let again = try Hand(path)
            #expect(again.seq == 5)
        }
    }

    @Test func `a wall clock that is two days ahead, or in 1970, lets nothing go`() throws {
        let (second, start) = (1_000_000_000 as Int64, 1_795_000_000_000_000_000 as Int64)
        let day = 86_400 * second
        for wrong in [start + 2 * day, 0] {
            try withTemporaryDirectory { path in
                let hand = try Hand(path, limits: JournalLimits(ageNanoseconds: day), unix: start)
                hand.ages = AgeClock(uptime: 0, unix: start)
                hand.isSteady = false
                try hand.write(3, unix: start)
                #expect(hand.age(unix: wrong, uptime: 3 * second).isEmpty)
                try hand.write(3, unix: wrong + second)
                #expect(hand.age(unix: start + 6 * second, uptime: 6 * second).isEmpty)
                #expect(try numbers(hand.journal, after: 0) == [1, 2, 3, 4, 5, 6])
                // A day later all of it goes, by the machine's time.
                let later = hand.age(unix: start + 2 * day, uptime: 2 * day)
                #expect(later == [.trimmed(from: 1, to: 6, reason: "age")], "\(later)")
            }
        }
    }

    @Test func `a server that comes up while the clock is wrong keeps what is there`() throws {
        let (second, start) = (1_000_000_000 as Int64, 1_795_000_000_000_000_000 as Int64)
        let day = 86_400 * second
        try withTemporaryDirectory { path in
            let limits = JournalLimits(ageNanoseconds: day)
            try Hand(path, limits: limits, unix: start).write(3, unix: start)
            let hand = try Hand(path, limits: limits, unix: start + 2 * day)
            hand.ages = AgeClock(uptime: 10 * second, unix: start + 2 * day)
            #expect(hand.age(unix: start + 2 * day + second, uptime: 11 * second).isEmpty)
            #expect(hand.age(unix: start + 5 * second, uptime: 14 * second).isEmpty)
            #expect(hand.age(unix: start + 7_200 * second, uptime: 7_209 * second).isEmpty)
            #expect(try numbers(hand.journal, after: 0) == [1, 2, 3])
            #expect(hand.age(unix: start + 2 * day, uptime: 2 * day) == [.trimmed(from: 1, to: 3, reason: "age")])
        }
    }

    @Test func `a reader finishes a segment that is gone meanwhile, and sees what is missing then`() throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path, limits: JournalLimits(events: 8))
            try hand.write(4)
            let journal = hand.journal
            let place = try #require(journal.position(after: 0))
            for _ in 0..<5 { try hand.write(4) }
            #expect(journal.precedingSeq == 16)
            let chunk = try #require(try journal.read(from: place, limitBytes: 100_000))
            #expect(decode(chunk.records, at: 0)?.seq == 1)
            let next = try #require(try journal.read(from: chunk.position(at: chunk.records.count), limitBytes: 1))
            #expect(next.start.precedingSeq == 16)
        }
    }

    @Test func `in memory nothing is known again`() throws {
        let hand = try Hand(.memory, limits: JournalLimits(events: 16))
        try hand.write(3)
        #expect(!hand.knows(3))
        #expect(try numbers(hand.journal, after: 1) == [2, 3])
    }

    @Test func `a journal that moves there and back before anything is written is still there`() throws {
        try withTemporaryDirectory { old in
            try withTemporaryDirectory { new in
                let hand = try Hand(old)
                for path in [new, old] { hand.writer.move(to: .directory(try Directory.open(path)), unix: 1_000) }
                try hand.write(2)
                #expect(hand.age(unix: 1_000).allSatisfy { if case .trimmed = $0 { true } else { false } })
                #expect(try Hand(old).seq == 2)
                #expect(try segments(new).isEmpty)
            }
        }
    }

    @Test func `a journal that moves away from where nothing can be written takes along what is not written`() throws {
        try withTemporaryDirectory { old in
            try withTemporaryDirectory { new in
                let hand = try Hand(old)
                try hand.write(2)
                hand.stage(2)
                _ = SystemCallFaults.failing(callNumber: 1, with: 5) { try? hand.commit() }
                let start = try #require(hand.journal.position(after: 2))
                let chunk = try #require(try hand.journal.read(from: start, limitBytes: 10_000))
                let end = chunk.position(at: chunk.records.count)
                hand.writer.move(to: .directory(try Directory.open(new)), unix: 1_000)
                hand.stage(1)
                let moved = SystemCallFaults.failing(callNumber: 1, with: 5) { (try? hand.commit()) != nil }
                #expect(moved.result && moved.didFail)
                #expect(try numbers(hand.journal, after: 0) == [1, 2, 3, 4, 5])
                // Whoever had read what was not written goes on in the new place.
                #expect(try hand.journal.read(from: end, limitBytes: 10_000) != nil)
                #expect(try Hand(new).knows(5))
            }
        }
    }

    @Test func `segments of another numbering are removed`() throws {
        try withTemporaryDirectory { path in
            do {
                _ = try JournalWriter(
                    .directory(Directory.open(path)), limits: JournalLimits(), epoch: "old", unix: 5, boot: "b")
            }
            let old = try #require(try segments(path).first)
            try withTemporaryDirectory { other in
                do { _ = try Hand(other, unix: 6) }
                let new = try #require(try segments(other).first)
                try FileManager.default.copyItem(atPath: "\(other)/\(new)", toPath: "\(path)/\(new)")
            }
            let hand = try Hand(path)
            #expect(hand.journal.epoch == "e1")
            #expect(hand.findings == [.foreign(name: old)])
        }
    }

    @Test func `a journal that moves can be read where it was`() throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path)
            try hand.write(3)
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            hand.writer.move(to: .directory(try Directory.open(path)), unix: 2_000)
            try hand.write(2)
            #expect(try numbers(hand.journal, after: 0) == [1, 2, 3, 4, 5])
            #expect(try segments(path) == ["e1-00000000000000000003.segment"])
        }
    }
}
