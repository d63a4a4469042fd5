internal import Synchronization

/// What clients did, counted by all loops since the start.
final class ClientCounters: Sendable {
    /// One sum, to which any thread adds.
    final class Counter: Sendable {
        private let sum = Atomic<Int>(0)

        var value: Int { sum.load(ordering: .relaxed) }
        func add() { sum.add(1, ordering: .relaxed) }
    }

    /// Messages that were passed on to other clients.
    let messages = Counter()
    /// Messages that were refused because there were too many.
    let limited = Counter()
    /// Clients that were closed because they went on all the same.
    let flooded = Counter()
    /// Subscriptions that were refused because there were too many.
    let channels = Counter()
}
