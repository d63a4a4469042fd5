/// What is done now and then, whatever else happens.
struct Chores {
    private var nextAging: Int64 = 0
    private var nextRetry: Int64 = 0

    /// Whether it is time to look what has become too old; each second.
    mutating func isAgingDue(now: Int64) -> Bool {
        guard now >= nextAging else { return false }
        nextAging = now + 1_000_000_000
        return true
    }

    /// Whether it is time to try again what could be neither deleted nor moved; each minute.
    mutating func isRetryDue(now: Int64) -> Bool {
        guard now >= nextRetry else { return false }
        nextRetry = now + 60_000_000_000
        return true
    }
}
