/// How many events the hub has handed out, and how long the last of them took.
package struct DeliveryFigures {
    private static let kept = 1_024

    /// Events since the start.
    package var sent: UInt64 { count }
    private var count: UInt64 = 0
    private var waits = [Int64](repeating: 0, count: kept)
    private var sentBefore: UInt64 = 0
    private var last: (waits: [Int64], at: Int64) = ([], .min)
    /// Several questions within a second get the same answer.
    private static let renewal: Int64 = 900_000_000

    /// Makes figures of nothing yet.
    package init() {}

    /// Counts an event.
    package mutating func count(waitNanoseconds: Int64) {
        waits[Int(count % UInt64(Self.kept))] = waitNanoseconds
        count += 1
    }

    /// The last waits of about a second, the shortest first, or of a longer time in which no one has asked.
    package mutating func lastWaits(now: Int64) -> [Int64] {
        guard last.at == .min || now - last.at >= Self.renewal else { return last.waits }
        let new = Int(min(count - sentBefore, UInt64(Self.kept)))
        let taken = (0..<new).map { waits[Int((count - 1 - UInt64($0)) % UInt64(Self.kept))] }
        sentBefore = count
        last = (taken.sorted(), now)
        return last.waits
    }
}
