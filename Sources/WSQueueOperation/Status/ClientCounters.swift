internal import Synchronization
internal import WSQueueSystem

/// What clients did, counted by all loops since the start.
package final class ClientCounters: Sendable {
    /// One sum, to which any thread adds.
    package final class Counter: Sendable {
        private let sum = Atomic<Int>(0)

        package var value: Int { sum.load(ordering: .relaxed) }
        package func add() { sum.add(1, ordering: .relaxed) }
    }

    /// Messages that were passed on to other clients.
    package let messages = Counter()
    /// Messages that were refused because there were too many.
    package let limited = Counter()
    /// Clients that were closed because they went on all the same.
    package let flooded = Counter()
    /// Subscriptions that were refused because there were too many.
    package let channels = Counter()
    private let failures = Guarded<[String: UInt64]>([:])

    /// Makes counters of nothing yet.
    package init() {}

    /// Counts a token that was refused, by a word of ours for it.
    package func countAuthFailure(_ reason: String) {
        // What a claim is called says nothing of the kind of fault.
        let name = reason.hasPrefix("claim ") ? "claim" : String(reason.map { $0 == " " ? "_" : $0 })
        failures.withLock { $0[name, default: 0] += 1 }
    }

    /// Tokens that were refused, by reason, in the order of their names.
    package var authFailures: [(String, UInt64)] {
        failures.withLock { $0 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
