/// How often something may happen: so often a second on average, and more in a row after a time of rest.
package struct RateRule: Equatable, Sendable {
    /// What one costs, nanoseconds.
    let interval: Int64
    /// What may be owed at once, nanoseconds.
    let credit: Int64

    /// Makes a rule.
    ///
    /// - Parameters:
    ///   - perSecond: 1 to 1,000,000,000.
    ///   - burst: How many may come at once, 1 or more.
    package init(perSecond: Int, burst: Int) {
        precondition((1...1_000_000_000).contains(perSecond) && burst > 0, "a rule that nothing can keep")
        interval = 1_000_000_000 / Int64(perSecond)
        credit = interval * Int64(burst)
    }

    /// Makes a rule from a number per minute; all of them may come at once after a rest.
    ///
    /// - Parameter perMinute: 1 to 1,000,000,000.
    package init(perMinute: Int) {
        precondition((1...1_000_000_000).contains(perMinute), "a rule that nothing can keep")
        interval = 60_000_000_000 / Int64(perMinute)
        credit = interval * Int64(perMinute)
    }
}

/// Keeps count for one client by a single number: until when what it did is paid for (the generic cell rate algorithm,
/// ITU-T I.371).
package struct RateLimiter: Sendable {
    private var paidUntil = Int64.min

    /// Makes a limiter that has counted nothing yet.
    package init() {}

    /// Counts one more.
    ///
    /// - Parameter now: Monotonic nanoseconds, never less than before.
    /// - Returns: Whether `rule` allows it; what is refused is not counted.
    package mutating func take(_ rule: RateRule, now: Int64) -> Bool {
        let next = max(paidUntil, now) + rule.interval
        guard next - now <= rule.credit else { return false }
        paidUntil = next
        return true
    }

    /// How long it is until `rule` allows one more, nanoseconds; 0 when it does now.
    package func wait(_ rule: RateRule, now: Int64) -> Int64 {
        max(0, max(paidUntil, now) + rule.interval - rule.credit - now)
    }
}
