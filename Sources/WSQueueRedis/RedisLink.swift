internal import Synchronization
package import WSQueueNet
package import WSQueueOperation
package import WSQueueSequencer
package import WSQueueSystem

/// The stream in Redis as the hub sees it: it gives orders and gets news, and a thread of its own talks to Redis.
package final class RedisLink: Sendable {
    let settings: RedisSettings
    let node: NodeIdentity
    let wakeup: Wakeup
    package let orders: Mailbox<StreamOrder>
    package let news: Mailbox<StreamNews>
    private let unread = Atomic<Int>(0)
    private let up = Atomic<Bool>(false)
    private let fault = Guarded<(code: String, since: Int64)?>(("connecting", Clock.unixNanoseconds()))

    /// So much may wait for the hub before no more is asked for, and before no more is read.
    static let askedLimitBytes = 4 * 1_048_576
    static let readLimitBytes = 16 * 1_048_576

    /// Makes a link that nobody works yet.
    package init(_ settings: RedisSettings, node: NodeIdentity, hubWakeup: Wakeup) throws(SystemCallError) {
        self.settings = settings
        self.node = node
        wakeup = try Wakeup()
        orders = Mailbox(wakeup: wakeup)
        news = Mailbox(wakeup: hubWakeup)
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

    /// Gives the hub entries.
    func post(_ entries: [StreamEntry]) {
        unread.add(entries.reduce(0) { $0 + $1.byteCount }, ordering: .relaxed)
        news.post(.entries(entries))
    }

    /// The hub has used so much.
    package func used(_ byteCount: Int) {
        let (before, after) = unread.subtract(byteCount, ordering: .relaxed)
        if before >= Self.askedLimitBytes, after < Self.askedLimitBytes { wakeup.signal() }
    }

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - seq: Up to where the hub has the stream's entries.
    ///   - epoch: The numbering's name if nobody has given it one.
    package func start(after seq: UInt64, epoch: String, log: Log) throws(SystemCallError) {
        let poller = try Poller()
        try poller.add(wakeup.number, .readable, token: RedisLinkLoop.wakeupToken)
        let box = Guarded<Poller?>(poller)
        _ = try LoopThread(name: "wsq-redis") { [self] in
            guard let poller = box.withLock({ $0.take() }) else { return }
            var loop = RedisLinkLoop(self, log: log, poller: poller, seq: seq, epoch: epoch)
            while true { loop.turn() }
        }
    }
}
