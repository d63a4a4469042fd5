import Support
import Testing
import WSQueueLog

/// What the journal knows, through its writer: the table itself is nobody else's business.
struct JournalIdentitiesTests {
    @Test func `tens of thousands come and go, and none is confused with another`() throws {
        let hand = try JournalTests.Hand(.memory, limits: JournalLimits(events: 2_000))
        #expect(!hand.knows(1))
        try withTemporaryDirectory { path in
            let hand = try JournalTests.Hand(path, limits: JournalLimits(events: 2_000))
            for pass in 0..<120 as Range<UInt64> {
                try hand.write(250)
                let first = hand.journal.precedingSeq + 1
                let last = (pass + 1) * 250
                for seq in stride(from: 1, through: last, by: 7) { #expect(hand.knows(seq) == (seq >= first)) }
                #expect(!hand.knows(last + 1))
            }
        }
    }

    @Test func `a plain line is known as soon as it is there, as the event of its owner`() throws {
        var writer = try JournalWriter(
            .memory, limits: JournalLimits(events: 10), epoch: "e", unix: 0, boot: "b", isShared: true)
        let (id, owner) = (Array("batch/1".utf8), EventOwner(Array("0".utf8)))
        let identity = JournalRecord.Identity(id: id, owner: owner)
        let wasKnown = writer.knows(identity)
        writer.stageLine(
            id.span, nil, owner, key: JournalRecord.Identity.key(of: id.span, owner), seq: 1, unix: 0,
            message: [UInt8]().span)
        let isKnown = writer.knows(identity)
        #expect(!wasKnown && isKnown)
        let isAnothers = writer.knows(JournalRecord.Identity(id: id, owner: EventOwner(Array("1".utf8))))
        #expect(!isAnothers)
    }
}
