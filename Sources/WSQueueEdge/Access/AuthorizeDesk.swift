internal import Synchronization
internal import WSQueueNet
internal import WSQueueOperation
package import WSQueueSystem
package import WSQueueWire

/// Asks the application about channels, on a thread of its own: what does not answer keeps no client waiting but the one
/// that it is about.
///
/// At most 64 requests are under way; the same question of many clients is asked once. Two seconds after somebody
/// wanted to know, no answer is a denial.
package final class AuthorizeDesk: Sendable {
    /// Who waits for an answer.
    struct Waiter: Sendable {
        let loop: Int
        /// The connection's token on its loop.
        let token: UInt64
    }

    struct Order: Sendable {
        let request: AuthorizeRequest
        let waiter: Waiter
        let deadline: Int64
    }

    private struct Known {
        let isAllowed: Bool
        let until: Int64
    }

    /// How long a client waits, nanoseconds.
    static let limitNanoseconds: Int64 = 2_000_000_000
    static let underWayLimit = 64
    private static let waitingLimit = 4_096
    private static let knownLimit = 16_384

    let location: HTTPLocation
    let wakeup: Wakeup
    let mailbox: Mailbox<Order>
    private let known = Guarded<[AuthorizeRequest: Known]>([:])
    private let waitingCount = Atomic<Int>(0)
    private let isStarted = Atomic<Bool>(false)

    /// Makes a desk where nobody sits.
    package init(_ location: HTTPLocation) throws(SystemCallError) {
        self.location = location
        wakeup = try Wakeup()
        mailbox = Mailbox(wakeup: wakeup)
    }

    /// What the application has said before, as long as that may be kept.
    func answer(to request: AuthorizeRequest, now: Int64) -> Bool? {
        known.withLock { known in
            guard let answer = known[request], answer.until > now else { return nil }
            return answer.isAllowed
        }
    }

    /// Asks; the waiter's loop is told.
    ///
    /// - Returns: Whether there was room for one more question.
    func ask(_ request: AuthorizeRequest, for waiter: Waiter, now: Int64) -> Bool {
        guard waitingCount.add(1, ordering: .relaxed).newValue <= Self.waitingLimit else {
            waitingCount.subtract(1, ordering: .relaxed)
            return false
        }
        mailbox.post(Order(request: request, waiter: waiter, deadline: now + Self.limitNanoseconds))
        return true
    }

    /// So many clients wait no longer.
    func release(_ count: Int) { waitingCount.subtract(count, ordering: .relaxed) }

    /// Forgets all answers: who was let in under other rules is asked about again.
    func forget() { known.withLock { $0 = [:] } }

    /// Starts the thread, once.
    func start(_ context: LoopContext) throws(SystemCallError) {
        guard !isStarted.exchange(true, ordering: .relaxed) else { return }
        let poller = try Poller()
        try poller.add(wakeup.number, .readable, token: .max)
        let first = Guarded<Poller?>(poller)
        _ = try LoopThread(name: "wsq-authorize") { [self] in
            guard let poller = first.withLock({ $0.take() }) else { return }
            var loop = AuthorizeLoop(desk: self, context: context, poller: poller)
            while true { loop.turn() }
        }
    }

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
