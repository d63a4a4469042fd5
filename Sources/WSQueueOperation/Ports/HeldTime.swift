internal import Synchronization

/// For how long the queue has waited for clients, in all; where it goes on without those that have stalled, for how
/// long it would have waited for them.
package final class HeldTime: Sendable {
    private let total = Atomic<Int64>(0)
    private let since = Atomic<Int64>(0)

    /// The queue has not waited yet.
    package init() {}

    /// The queue waits from now on (monotonic nanoseconds).
    ///
    /// - Returns: Whether it did not wait before.
    package func begin(_ now: Int64) -> Bool {
        guard !isHeld else { return false }
        since.store(now, ordering: .relaxed)
        return true
    }

    /// The queue goes on.
    package func end(_ now: Int64) {
        let start = since.exchange(0, ordering: .relaxed)
        if start != 0 { total.add(now - start, ordering: .relaxed) }
    }

    package var isHeld: Bool { since.load(ordering: .relaxed) != 0 }

    /// The sum up to now, nanoseconds.
    package func sum(_ now: Int64) -> Int64 {
        let start = since.load(ordering: .relaxed)
        return total.load(ordering: .relaxed) + (start == 0 ? 0 : max(0, now - start))
    }
}
