internal import Synchronization
internal import WSQueueNet
package import WSQueueOperation
package import WSQueueSystem
package import WSQueueWire

/// Asks the application about channels, on a thread of its own: what does not answer keeps no client waiting but the one
/// that it is about.
///
/// At most 64 requests are under way, 32 for one address; the same question of many clients is asked once. Two seconds
/// after someone wanted to know, no answer is a denial.
package final class AuthorizeDesk: Sendable {
    package typealias Waiter = AuthorizeQuestions.Waiter

    /// What the thread is told.
    enum Order: Sendable {
        case ask(AuthorizeRequest, Waiter, deadline: Int64)
        /// The application's host has been looked up.
        case resolved(Resolver.Answer)
    }

    private struct Known {
        let isAllowed: Bool
        let until: Int64
    }

    /// How long a client waits, nanoseconds.
    private static let limitNanoseconds: Int64 = 2_000_000_000
    /// How many questions may wait, and how many of them for one address.
    private static let waitingLimit = 16_384
    private static let addressLimit = 4_096
    private static let knownLimit = 16_384

    private let location: HTTPLocation
    private let worker: Worker<Order, Never>
    private let known = Guarded<[AuthorizeRequest: Known]>([:])
    private let waitingCount = Atomic<Int>(0)
    private let waitingByAddress = AddressCounts()

    /// Makes a desk whose thread has not started.
    package init(_ location: HTTPLocation) throws(SystemCallError) {
        self.location = location
        worker = try Worker(name: "wsq-authorize")
    }

    /// Starts the thread, once.
    ///
    /// - Parameter tell: Brings an answer to its waiter's loop.
    package func start(
        log: Log, tell: @escaping @Sendable (Waiter, AuthorizeRequest, _ isAllowed: Bool) -> Void
    ) throws(SystemCallError) {
        try worker.start { [self] place in
            let resolver = Resolver { [worker] in worker.post(.resolved($0)) }
            var loop = AuthorizeLoop(desk: self, location: location, log: log, resolver: resolver, place: place) {
                [self] waiters, request, isAllowed in
                for waiter in waiters {
                    leave(waiter)
                    tell(waiter, request, isAllowed)
                }
            }
            while true { loop.turn() }
        }
    }

    /// What the application has said before, as long as that may be kept.
    package func answer(to request: AuthorizeRequest, now: Int64) -> Bool? {
        known.withLock { known in
            guard let answer = known[request], answer.until > now else { return nil }
            return answer.isAllowed
        }
    }

    /// Asks; the waiter's loop is told.
    ///
    /// - Returns: Whether there was room for one more question.
    package func ask(_ request: AuthorizeRequest, for waiter: Waiter, now: Int64) -> Bool {
        if let block = waiter.block, !waitingByAddress.enter(block, limit: Self.addressLimit) { return false }
        guard waitingCount.add(1, ordering: .relaxed).newValue <= Self.waitingLimit else {
            leave(waiter)
            return false
        }
        worker.post(.ask(request, waiter, deadline: now + Self.limitNanoseconds))
        return true
    }

    private func leave(_ waiter: Waiter) {
        waitingCount.subtract(1, ordering: .relaxed)
        if let block = waiter.block { waitingByAddress.leave(block) }
    }

    /// Forgets all answers: who was let in under other rules is asked about again.
    package func forget() { known.withLock { $0 = [:] } }

    /// Keeps an answer as long as it says.
    func keep(_ answer: AuthorizeAnswer, to request: AuthorizeRequest, now: Int64) {
        guard answer.maximumAgeSeconds > 0 else { return }
        known.withLock { known in
            if known.count >= Self.knownLimit {
                known = known.filter { $0.value.until > now }
                if known.count >= Self.knownLimit { known = [:] }
            }
            let until = now + Int64(answer.maximumAgeSeconds) * 1_000_000_000
            known[request] = Known(isAllowed: answer.isAllowed, until: until)
        }
    }
}
