import History

/// What one run was.
struct Outcome {
    var findings: [HistoryFinding] = []
    var counts = HistoryCounts()
    /// Of a story.
    var model: ModelCounts?
    var crashes = 0
    /// How many calls of the server have failed, how many could have, and how many servers have ended because of one.
    var errors = 0
    var failingCalls = 0
    var ends = 0
    /// How many have ended because they were told to.
    var stops = 0
    var calls = 0
    var switches = 0
    var simulatedNanoseconds: Int64 = 0
    var hash: UInt64 = 0

    var size: String { "\(counts.events) events, \(counts.deliveries) deliveries, \(crashes) crashes" }

    func isWhole(crashes least: Int, _ leastEvents: Int, _ leastDeliveries: Int) -> Bool {
        crashes >= least && counts.events >= leastEvents && counts.deliveries >= leastDeliveries
    }
}
