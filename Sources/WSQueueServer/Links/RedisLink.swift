internal import Synchronization
internal import WSQueueNet
internal import WSQueueSystem

/// The stream in Redis as the hub sees it: it gives orders and gets news, and a thread of its own talks to Redis.
final class RedisLink: Sendable {
    /// Events that go into the stream together, with nothing in between.
    struct Batch: Sendable {
        let number: UInt64
        /// One XADD an event.
        let commands: [UInt8]
        let count: Int
        /// What the stream's other side of the promise is kept by: written with the events, read after a fall.
        let sent: [UInt8]
    }

    /// How the stream stands when a connection to it has been made.
    struct Place: Sendable {
        /// Which attempt found it.
        let attempt: Int
        let epoch: String
        /// The numbers of the oldest entry that is there, or of the next one, and of the newest that there ever was.
        let first: UInt64
        let last: UInt64
        /// The entry at the number up to which the hub has been given entries.
        let probe: StreamEntry?
    }

    enum Order: Sendable {
        /// Put a batch into the stream, once, however often it must be tried.
        case write(Batch)
        /// Read on behind this number.
        case follow(after: UInt64, attempt: Int)
        /// The stream has lost what it had: let its numbering be known by another name, if nobody has done it.
        case renew(from: String, to: String, attempt: Int)
    }

    enum News: Sendable {
        /// What a process before this one may have sent is decided: what the last transaction of this node's said.
        case fenced(sent: [UInt8]?)
        /// A batch is in the stream; the number of its last event.
        case written(number: UInt64, seq: UInt64)
        case attached(Place)
        case entries([StreamEntry])
        case down
    }

    let settings: RedisSettings
    let node: NodeIdentity
    let wakeup: Wakeup
    let orders: Mailbox<Order>
    let news: Mailbox<News>
    private let unread = Atomic<Int>(0)
    private let up = Atomic<Bool>(false)
    private let fault = Guarded<(code: String, since: Int64)?>(("connecting", Clock.unixNanoseconds()))

    /// So much may wait for the hub before no more is asked for, and before no more is read.
    static let askedLimitBytes = 4 * 1_048_576
    static let readLimitBytes = 16 * 1_048_576

    /// Makes a link that nobody works yet.
    init(_ settings: RedisSettings, node: NodeIdentity, hubWakeup: Wakeup) throws(SystemCallError) {
        self.settings = settings
        self.node = node
        wakeup = try Wakeup()
        orders = Mailbox(wakeup: wakeup)
        news = Mailbox(wakeup: hubWakeup)
    }

    /// Whether Redis takes events now.
    var isUp: Bool { up.load(ordering: .relaxed) }

    /// Why Redis takes none, in a word, and since when (Unix nanoseconds).
    var trouble: (code: String, since: Int64)? { fault.withLock { $0 } }

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
    func used(_ byteCount: Int) {
        let (before, after) = unread.subtract(byteCount, ordering: .relaxed)
        if before >= Self.askedLimitBytes, after < Self.askedLimitBytes { wakeup.signal() }
    }

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - seq: Up to where the hub has the stream's entries.
    ///   - epoch: The numbering's name if nobody has given it one.
    func start(after seq: UInt64, epoch: String, log: Log) throws(SystemCallError) {
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
