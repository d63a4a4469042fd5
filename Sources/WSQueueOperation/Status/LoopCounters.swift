/// What one loop has done since the start. It belongs to the loop's thread, which writes a copy where it is asked for.
package struct LoopCounters: Sendable {
    /// Clients that came.
    package var clients: UInt64 = 0
    /// Clients that went, by the code they were closed with; 1006 where the connection just ended.
    package var closes: [UInt16: UInt64] = [:]
    /// Clients that an event was for when it was sent, of all events together.
    package var deliveries: UInt64 = 0
    /// Events of the past that were sent to clients which came back.
    package var replayed: UInt64 = 0
    /// Clients that got all they had missed, and those that were told of a gap.
    package var resumes: UInt64 = 0
    package var gaps: UInt64 = 0
    /// Those of them that may be none: more channels or users are gone than are remembered each.
    package var unsureGaps: UInt64 = 0

    /// Makes counters of nothing yet.
    package init() {}

    /// Both together.
    package static func + (left: LoopCounters, right: LoopCounters) -> LoopCounters {
        var sum = left
        sum.clients += right.clients
        sum.closes.merge(right.closes, uniquingKeysWith: +)
        sum.deliveries += right.deliveries
        sum.replayed += right.replayed
        sum.resumes += right.resumes
        sum.gaps += right.gaps
        sum.unsureGaps += right.unsureGaps
        return sum
    }
}
