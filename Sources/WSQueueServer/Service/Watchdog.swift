internal import WSQueueEdge
internal import WSQueueOperation

/// Finds out whether every thread that serves still goes round: asks all of them, several times within the manager's
/// patience, and is content only when all have answered. The hub asks, so that it answers by asking.
struct Watchdog {
    private let periodNanoseconds: Int64
    private var nextRound: Int64
    private var round: UInt64 = 0
    private var isAsking = false

    /// - Parameters:
    ///   - intervalNanoseconds: How long the manager waits for a sign of life.
    ///   - now: Monotonic nanoseconds.
    init(intervalNanoseconds: Int64, now: Int64) {
        // Half would do (sd_watchdog_enabled(3)); a third leaves time for the answers.
        periodNanoseconds = max(1_000_000, intervalNanoseconds / 3)
        nextRound = now
    }

    /// Begins a round when it is time.
    ///
    /// - Returns: Whether a round has ended: the manager may be told that we live.
    mutating func turn(now: Int64, _ loops: [LoopHandle]) -> Bool {
        if !isAsking, now >= nextRound {
            isAsking = true
            round += 1
            nextRound = now + periodNanoseconds
            for loop in loops { loop.ask(round) }
        }
        guard isAsking, hasAnswers(loops) else { return false }
        isAsking = false
        return true
    }

    /// Whether the next turn would end a round.
    func isContent(_ loops: [LoopHandle]) -> Bool { isAsking && hasAnswers(loops) }

    /// How long until the next round begins; a loop that answers wakes the hub.
    func sleepMilliseconds(now: Int64) -> Int32 {
        isAsking ? .max : Int32(clamping: max(0, (nextRound - now + 999_999) / 1_000_000))
    }

    private func hasAnswers(_ loops: [LoopHandle]) -> Bool { loops.allSatisfy { $0.hasAnswered(round) } }
}
