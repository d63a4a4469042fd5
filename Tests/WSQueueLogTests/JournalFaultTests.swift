import Support
import Testing
import WSQueueLog
import WSQueueSystem

/// Every system call of a journal's life, failing once.
extension JournalTests {
    @Test(arguments: [5, 28] as [Int32])
    func `whatever call fails, no event is lost and no number is given twice`(code: Int32) throws {
        var callNumber = 0
        var didFail = true
        while didFail {
            callNumber += 1
            didFail = try withTemporaryDirectory(isInMemory: true) { path in
                let life = SystemCallFaults.failing(callNumber: callNumber, with: code) { Self.live(in: path) }
                // A server that could not begin has given no number.
                guard let (given, written) = life.result else { return life.didFail }
                let again = try Hand(path)
                #expect(again.seq >= given, "call \(callNumber)")
                let found = try numbers(again.journal, after: 0)
                try #require(written > 7, "call \(callNumber)")
                #expect(found.suffix(8).elementsEqual((written - 7)...written), "call \(callNumber)")
                #expect(zip(found, found.dropFirst()).allSatisfy { $0 < $1 })
                return life.didFail
            }
        }
        // Those of 8 commits and syncs, and of as many segments that are made and removed.
        #expect(callNumber > 50)
    }

    /// Writes, brings to the disk and trims for a while, as the hub does whatever fails.
    ///
    /// - Returns: The last number that was given, and the last one that was written: the files of others are still
    ///   there. `nil` where there is no journal.
    private static func live(in path: String) -> (given: UInt64, written: UInt64)? {
        guard let hand = try? Hand(path, limits: JournalLimits(events: 8)) else { return nil }
        for _ in 0..<8 {
            hand.stage(3)
            _ = try? hand.commit(finished: hand.seq - 3)
            try? hand.takeUnsynced().run()
        }
        return (hand.seq, hand.writer.hasStaged ? hand.seq - 3 : hand.seq)
    }
}
