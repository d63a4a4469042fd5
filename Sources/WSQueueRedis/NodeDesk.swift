internal import Synchronization
package import WSQueueBroker
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
        /// What a loop answers to a message of another node's client, or to an order.
        case passed(ticket: UInt64, Tally)
        /// A loop has been told what the application wants, of the clients of other nodes too.
        case order(ApplicationOrder, loop: Int, ticket: UInt64)
        /// Say goodbye, and end.
        case end
        /// The name of a server of the list has been looked up.
        case resolved(Resolver.Answer)
    }

    /// Connection ids are this node's number and a count in this many bits; together they are below 2^53, which is as far
    /// as a page's numbers count.
    private static let countBits: Int64 = 32
    private static let numberLimit: Int64 = 1 << 20

    private let settings: RedisSettings
    private let worker: Worker<Order, Never>
    private let prefix: Atomic<Int64>
    private let ended = Atomic<Bool>(false)

    /// Makes a desk whose thread has not started.
    package init(_ settings: RedisSettings) throws(SystemCallError) {
        self.settings = settings
        worker = try Worker(name: "wsq-nodes")
        // As long as Redis has not said which number is ours, one that it gives to no node.
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
        try worker.start { [self] place in
            let resolver = Resolver { [worker] in worker.post(.resolved($0)) }
            var loop = NodeLoop(desk: self, settings: settings, context: context, resolver: resolver, place: place)
            while !hasEnded { loop.turn() }
            context.hubWakeup.signal()
        }
    }

    /// Gives the thread something to do.
    package func post(_ order: Order) { worker.post(order) }

    /// Wakes the thread: presence has changed.
    package var wakeup: Wakeup { worker.ownWakeup }
}
