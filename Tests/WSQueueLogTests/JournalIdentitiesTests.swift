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
}
