internal import Synchronization
package import WSQueueNet
package import WSQueueOperation
package import WSQueueSequencer
package import WSQueueSystem

/// The stream in Redis as the hub sees it: it gives orders and gets news, and a thread of its own talks to Redis.
package final class RedisLink: Sendable {
    /// What the thread is told.
    enum Order: Sendable {
        case stream(StreamOrder)
        /// The name of a server of the list has been looked up.
        case resolved(Resolver.Answer)
        /// Close the connections, and end.
        case end
    }

    private let settings: RedisSettings
    private let node: NodeIdentity
    private let worker: Worker<Order, StreamNews>
    private let unread = Atomic<Int>(0)
    private let up = Atomic<Bool>(false)
    private let fault = Guarded<(code: String, since: Int64)?>(("connecting", Clock.unixNanoseconds()))

    /// Makes a link whose thread has not started.
    package init(_ settings: RedisSettings, node: NodeIdentity, hubWakeup: Wakeup) throws(SystemCallError) {
        self.settings = settings
        self.node = node
        worker = try Worker(name: "wsq-redis", newsFor: hubWakeup)
    }

    /// Whether Redis takes events now.
    package var isUp: Bool { up.load(ordering: .relaxed) }

    /// Why Redis takes none, in a word, and since when (Unix nanoseconds).
    package var trouble: (code: String, since: Int64)? { fault.withLock { $0 } }

    func noteUp() {
        up.store(true, ordering: .relaxed)
        fault.withLock { $0 = nil }
    }

    func noteDown(_ code: String, unix: Int64) {
        up.store(false, ordering: .relaxed)
        fault.withLock { $0 = (code, $0?.since ?? unix) }
    }

    /// How many bytes of entries the hub has not used yet.
    var unreadBytes: Int { unread.load(ordering: .relaxed) }

    /// Notes how many bytes of entries are on their way to the hub.
    func noteUnread(_ byteCount: Int) { unread.add(byteCount, ordering: .relaxed) }

    /// Notes how many bytes the hub has used.
    package func used(_ byteCount: Int) {
        let (before, after) = unread.subtract(byteCount, ordering: .relaxed)
        if before >= StreamReader.askedLimitBytes, after < StreamReader.askedLimitBytes { worker.wake() }
    }

    /// Wants something of the stream.
    package func post(_ order: StreamOrder) { worker.post(.stream(order)) }

    /// Has the thread close its connections, and end.
    package func end() { worker.post(.end) }

    /// Takes what has happened, oldest first.
    package func takeNews() -> [StreamNews] { worker.takeNews() }

    /// Whether something has happened.
    package var hasNews: Bool { worker.hasNews }

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - seq: Up to where the hub has the stream's entries.
    ///   - epoch: The numbering's name if no one has given it one.
    package func start(after seq: UInt64, epoch: String, log: Log) throws(SystemCallError) {
        let keys = StreamKeys(
            stream: settings.stream, epoch: settings.key("epoch"), fence: settings.key("fence:\(node.text)"),
            sent: settings.key("sent:\(node.text)"), state: settings.stateKey, trimmed: settings.key("trimmed"))
        let exchange = StreamExchange(
            writer: StreamWriter(keys: keys, replicas: settings.replicas),
            reader: StreamReader(keys: keys, after: seq, epoch: epoch))
        try worker.start { [self] place in
            let resolver = Resolver { [worker] in worker.post(.resolved($0)) }
            var loop = RedisLinkLoop(
                self, settings, node: node.text, log: log, exchange: exchange, resolver: resolver, place: place)
            while loop.turn() {}
        }
    }
}
