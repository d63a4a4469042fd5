import Testing

@testable import WSQueueLog

/// What is kept where there is little room.
struct KeptEventsTests {
    @Test func `an event without room costs no more where many keys have none`() {
        let count = 60_000 as UInt64
        var kept = KeptEvents(KeptLimits(keys: 0))
        for seq in 1...count { kept.take(event(seq), isClearing: false) }
        let time = ContinuousClock().measure {
            for seq in 1...20_000 as ClosedRange<UInt64> {
                kept.take(event(count + seq, key: seq), isClearing: false)
            }
        }
        #expect(kept.missing?.count == Int(count))
        // A copy of all those keys for each of these would take more than ten seconds.
        #expect(time < .seconds(3))
    }

    @Test func `an event without room costs no more where many keys are kept`() {
        let count = 50_000 as UInt64
        var kept = KeptEvents(KeptLimits(keys: Int(count), bytes: .max))
        kept.take(event(1, expiresAt: 1_000), isClearing: false)
        for seq in 2...count { kept.take(event(seq), isClearing: false) }
        let time = ContinuousClock().measure {
            for seq in 1...5_000 as ClosedRange<UInt64> { kept.take(event(count + seq), isClearing: false) }
        }
        #expect(kept.keyCount == Int(count) && kept.refusedCount == 5_000)
        // To look through all those events for each of these would take more than ten seconds.
        #expect(time < .seconds(3))
    }

    @Test func `what has ended by itself makes room, whatever was to end sooner`() {
        var kept = KeptEvents(KeptLimits(keys: 3))
        kept.take(event(1, key: 1, expiresAt: 10), isClearing: false)
        kept.take(event(2, key: 1), isClearing: false)
        kept.take(event(3, key: 2, expiresAt: 20), isClearing: false)
        kept.take(event(4, key: 3, expiresAt: 30), isClearing: false)
        for (seq, moment, isKept) in [(5, 19, false), (6, 20, true), (7, 29, false), (8, 31, true)] {
            let event = event(UInt64(seq), at: Int64(moment))
            kept.take(event, isClearing: false)
            #expect((kept.event(event.key, in: KeptEvents.channelless) != nil) == isKept, "\(moment)")
        }
        #expect(kept.keyCount == 3)
    }

    @Test func `what has ended by itself goes though there is room, before it is as much as what has not`() {
        var kept = KeptEvents()
        for seq in 1...500 as ClosedRange<UInt64> { kept.take(event(seq), isClearing: false) }
        var most = 0
        for seq in 501...9_000 as ClosedRange<UInt64> {
            kept.take(event(seq, at: Int64(seq), expiresAt: Int64(seq + 1)), isClearing: false)
            most = max(most, kept.keyCount)
        }
        #expect(most < 1_500)
        #expect(kept.events(upTo: 500).count == 500 && kept.refusedCount == 0)
    }

    /// An event of a key of its own, or of one that others have, too; times are microseconds.
    private func event(_ seq: UInt64, key: UInt64? = nil, at moment: Int64 = 1, expiresAt: Int64? = nil) -> KeptEvent {
        var record = JournalRecord(
            seq: seq, unixNanoseconds: 1_000 * moment,
            identity: JournalRecord.Identity(id: Array("\(seq)".utf8), stamp: 0))
        record.parts.expiresAtMicroseconds = expiresAt
        return KeptEvent(record, key: Array("k\(key ?? seq)".utf8), message: [])
    }
}
