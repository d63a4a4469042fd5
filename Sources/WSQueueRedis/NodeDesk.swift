internal import Synchronization
internal import WSQueueBroker
package import WSQueueNet
package import WSQueueOperation
package import WSQueueSystem

/// Speaks with the other servers on the same Redis, on a thread of its own: who is with whom, and what clients say to
/// each other.
package final class NodeDesk: Sendable {
    /// What the thread is asked to do.
    package enum Order: Sendable {
        /// A client of a loop says something to those of other nodes too.
        case call(ClientMessage, loop: Int, ticket: UInt64)
        /// A loop has handed a message of another node's client to so many.
        case passed(ticket: UInt64, count: Int)
        /// Say goodbye, and end.
        case end
    }

    /// Connection ids are this node's number and a count, in so many bits; together they are below 2^53, which is as far
    /// as a page's numbers count.
    private static let countBits: Int64 = 32
    private static let numberLimit: Int64 = 1 << 20

    let settings: RedisSettings
    package let wakeup: Wakeup
    package let mailbox: Mailbox<Order>
    private let prefix: Atomic<Int64>
    private let ended = Atomic<Bool>(false)

    /// Makes a desk where nobody sits.
    package init(_ settings: RedisSettings) throws(SystemCallError) {
        self.settings = settings
        wakeup = try Wakeup()
        mailbox = Mailbox(wakeup: wakeup)
        // As long as Redis has not said which number is ours, one that it gives to nobody.
        prefix = Atomic(Int64.random(in: Self.numberLimit..<2 * Self.numberLimit))
    }

    /// What comes before the count in the id of a new connection.
    package var connectionBase: Int64 { prefix.load(ordering: .relaxed) << Self.countBits }

    /// Whether a connection is one of this node's.
    func isOwn(_ connection: Int64) -> Bool {
        connection >> Self.countBits == prefix.load(ordering: .relaxed)
    }

    /// Redis has given this node a number.
    func setNumber(_ number: Int64) {
        prefix.store((number - 1) % (Self.numberLimit - 1) + 1, ordering: .relaxed)
    }

    /// Whether goodbye has been said.
    package var hasEnded: Bool { ended.load(ordering: .acquiring) }
    func end() { ended.store(true, ordering: .releasing) }

    /// Starts the thread, once.
    package func start(_ context: NodeContext) throws(SystemCallError) {
        let poller = try Poller()
        try poller.add(wakeup.number, .readable, token: NodeLoop.wakeupToken)
        let first = Guarded<Poller?>(poller)
        _ = try LoopThread(name: "wsq-nodes") { [self] in
            guard let poller = first.withLock({ $0.take() }) else { return }
            var loop = NodeLoop(desk: self, context: context, poller: poller)
            while !hasEnded { loop.turn() }
            context.hubWakeup.signal()
        }
    }
}
