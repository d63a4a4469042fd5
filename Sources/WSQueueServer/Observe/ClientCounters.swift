internal import Synchronization
internal import WSQueueSystem

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
    private let failures = Guarded<[String: UInt64]>([:])

    /// Counts a token that was refused, by a word of ours for it.
    func countAuthFailure(_ reason: String) {
        // What a claim is called says nothing of the kind of fault.
        let name = reason.hasPrefix("claim ") ? "claim" : String(reason.map { $0 == " " ? "_" : $0 })
        failures.withLock { $0[name, default: 0] += 1 }
    }

    /// Tokens that were refused, by reason, in the order of their names.
    var authFailures: [(String, UInt64)] {
        failures.withLock { $0 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
