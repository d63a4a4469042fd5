import Foundation
import Support
import Testing
import WSQueueLog
import WSQueueSystem

/// A journal that another version of the server has written.
extension JournalTests {
    private static let mark = "version-2-needs-wsqueue-0.2-or-newer.segment"
    private static let name = "e1-00000000000000000000.segment"

    /// Puts a segment of a server before 0.2 into a directory.
    private func place(_ records: [JournalRecord], in path: String, state: UInt64 = 2, version: Character = "1") throws
    {
        var bytes = FirstFormat.header(
            epoch: "e1", precedingSeq: 0, created: 500, boot: "b", state: state, version: version)
        for record in records { bytes += FirstFormat.record(record, message: Array("\(record.seq)".utf8)) }
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(Self.name)"))
    }

    private func record(_ seq: UInt64, _ id: String, stamp: Int64 = 0) -> JournalRecord {
        JournalRecord(
            seq: seq, unixNanoseconds: 1_000, identity: JournalRecord.Identity(id: Array(id.utf8), stamp: stamp))
    }

    private func isKnown(_ hand: Hand, _ id: String, _ owner: String) -> Bool {
        hand.knows(JournalRecord.Identity(id: Array(id.utf8), owner: EventOwner(Array(owner.utf8))))
    }

    private func names(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `what a server before has written is read on, and what is new goes into another segment`(state: UInt64) throws
    {
        try withTemporaryDirectory { path in
            try place([record(1, "a"), record(2, "status", stamp: 7)], in: path, state: state)
            do {
                let hand = try Hand(path)
                #expect(hand.findings.isEmpty)
                #expect(hand.seq == 2)
                #expect(hand.knows(JournalRecord.Identity(id: Array("a".utf8), stamp: 0)))
                #expect(hand.knows(JournalRecord.Identity(id: Array("status".utf8), stamp: 7)))
                #expect(!hand.knows(JournalRecord.Identity(id: Array("status".utf8), stamp: 8)))
                #expect(hand.knowsOwnerless)
                #expect(try names(path) == [Self.name])
                try hand.write(2)
                #expect(try numbers(hand.journal, after: 0) == [1, 2, 3, 4])
            }
            #expect(try names(path) == [Self.name, "e1-00000000000000000002.segment", Self.mark])
            let again = try Hand(path)
            #expect(again.seq == 4 && again.knows(4))
            #expect(again.knows(JournalRecord.Identity(id: Array("a".utf8), stamp: 0)))
            #expect(try numbers(again.journal, after: 0) == [1, 2, 3, 4])
        }
    }

    @Test func `an empty segment of a server before is replaced`() throws {
        try withTemporaryDirectory { path in
            try place([], in: path)
            let hand = try Hand(path)
            let place = try #require(hand.journal.position(after: 0))
            try hand.write(1)
            #expect(try numbers(hand.journal, after: 0) == [1])
            // A reader that stood in the old one comes to the new one.
            #expect(try hand.journal.read(from: place, limitBytes: 1_000) != nil)
            #expect(try names(path) == [Self.name, Self.mark])
            #expect(try Hand(path).knows(1))
        }
    }

    @Test func `events are sent on a full disk after a server before, and written once there is room`() throws {
        try withTemporaryDirectory { path in
            try place([record(1, "a")], in: path)
            let hand = try Hand(path)
            hand.stage(2)
            for call in 1...4 {
                let failed = SystemCallFaults.failing(callNumber: call, with: 28) { (try? hand.commit()) == nil }
                try #require(failed.result && failed.didFail, "call \(call)")
                #expect(try numbers(hand.journal, after: 0) == [1, 2, 3])
            }
            #expect(try hand.commit().isEmpty)
            #expect(try numbers(hand.journal, after: 0) == [1, 2, 3])
            #expect(try Hand(path).seq == 3)
        }
    }

    @Test func `what a later server has written is refused, and left as it is`() throws {
        for isMark in [true, false] {
            try withTemporaryDirectory { path in
                if isMark {
                    try FileManager.default.createDirectory(
                        atPath: "\(path)/version-3-needs-wsqueue-9.9-or-newer.segment",
                        withIntermediateDirectories: false)
                } else {
                    try place([], in: path, version: "3")
                }
                let before = try names(path)
                #expect {
                    _ = try Hand(path)
                } throws: { error in
                    guard case .newer(let path)? = error as? JournalOpeningError else { return false }
                    return path.hasSuffix(before[0])
                }
                #expect(try names(path) == before)
            }
        }
    }

    @Test func `a flipped bit in the number of the format is damage, and no later server`() throws {
        try withTemporaryDirectory { path in
            do { try Hand(path).write(1) }
            let url = URL(fileURLWithPath: "\(path)/\(Self.name)")
            var bytes = try Data(contentsOf: url)
            bytes[7] = UInt8(ascii: "3")
            try bytes.write(to: url)
            let hand = try Hand(path)
            #expect(hand.findings.contains { if case .damaged = $0 { true } else { false } })
        }
    }

    @Test func `an event of a server before is known whoever publishes it, and each owner's ids are his own`() throws {
        try withTemporaryDirectory { path in
            try place([record(1, "a")], in: path)
            let hand = try Hand(path)
            for (seq, owner) in [(2, "one"), (3, "other")] as [(UInt64, String)] {
                let identity = JournalRecord.Identity(id: Array("b".utf8), owner: EventOwner(Array(owner.utf8)))
                #expect(!hand.knows(identity))
                hand.writer.stage(
                    JournalRecord(seq: seq, unixNanoseconds: 0, identity: identity), message: Array("\(seq)".utf8).span)
            }
            #expect(try hand.commit().isEmpty)
            for hand in [hand, try Hand(path)] {
                #expect(isKnown(hand, "b", "one") && isKnown(hand, "b", "other") && !isKnown(hand, "b", "third"))
                #expect(!isKnown(hand, "a", "one"))
                // What has no owner, as another server before may have sent it, is everyone's.
                #expect(hand.knows(JournalRecord.Identity(id: Array("b".utf8), stamp: 0)))
                #expect(!hand.knows(JournalRecord.Identity(id: Array("c".utf8), stamp: 0)))
            }
        }
    }

    @Test func `the same bytes are known whichever event of a name and time they were`() throws {
        let owner = EventOwner([1])
        let fingerprint = JournalRecord.Fingerprint([1, 2, 3].span)
        func identity(_ id: String) -> JournalRecord.Identity {
            JournalRecord.Identity(id: Array(id.utf8), owner: owner)
        }
        for (kept, same, others) in [
            ("a@5+3", ["a@5", "a@5+2", "a@5+3"], ["a@5/1", "a@6", "a", "b@5", "a@5+", "a@5+3+3"]),
            ("a+2@-5/7", ["a+2@-5+9/7", "a+2@-5/7"], ["a+2@-5/8", "a@-5/7", "a+2@5/7"]),
            ("x+3", ["x+3"], ["x", "x+2"]), ("5+3", ["5+3"], ["5"]), ("@+3", ["@+3"], ["@"]),
        ] {
            try withTemporaryDirectory { path in
                let hand = try Hand(path)
                var record = JournalRecord(seq: 1, unixNanoseconds: 0, identity: identity(kept))
                record.parts.fingerprint = fingerprint
                hand.writer.stage(record, message: Array("1".utf8).span)
                #expect(try hand.commit().isEmpty)
                for writer in [hand, try Hand(path)] {
                    for id in same { #expect(writer.knows(identity(id), as: fingerprint), "\(id)") }
                    for id in others { #expect(!writer.knows(identity(id), as: fingerprint), "\(id)") }
                    let changed = JournalRecord.Fingerprint([1, 2, 4].span)
                    #expect(!writer.knows(identity(kept), as: changed))
                }
            }
        }
    }
}
