internal import WSQueueCore
internal import WSQueueRedis
internal import WSQueueSequencer
internal import WSQueueSystem

/// What the hub knows of the stream that it shares with other servers. It belongs to the hub's thread.
final class SharedStream {
    /// What came from the stream and waits for its turn.
    enum Item {
        case entry(StreamEntry)
        case place(StreamPlace)
    }

    let link: RedisLink
    var outbox: StreamOutbox
    private var items = Fifo<Item>()
    /// The files that a process before this one has put into the stream and perhaps not deleted; `nil` until Redis has
    /// said which, and no file is taken before.
    var sentFiles: [[UInt8]: Int64]?
    /// Up to this transaction everything is in the stream.
    var writtenNumber: UInt64 = 0
    /// The number of the last event that this server has put there.
    var writtenSeq: UInt64 = 0
    /// Up to here the stream is read before clients are let in; `nil` until it is known, and once it is done.
    var catchUp: UInt64?
    var isStopping = false
    /// When what has failed is tried again, monotonic nanoseconds.
    var nextTry: Int64 = 0

    init(link: RedisLink, outbox: StreamOutbox) {
        self.link = link
        self.outbox = outbox
    }

    var hasItems: Bool { !items.isEmpty }

    /// Whether what was taken from the queue is in the stream, or cannot get there.
    var isFinished: Bool { outbox.isEmpty || !link.isUp }

    func add(_ entries: [StreamEntry]) { items.append(contentsOf: entries.map(Item.entry)) }

    func add(_ place: StreamPlace) { items.append(.place(place)) }

    /// What is to be used next.
    var nextItem: Item? { items.first }

    /// What was next is used.
    func removeItem() { items.popFirst() }
}
