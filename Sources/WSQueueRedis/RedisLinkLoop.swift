internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSequencer
internal import WSQueueSystem
internal import WSQueueWire

/// What the thread of a ``RedisLink`` does and knows: one connection that writes, and one that reads, because reading
/// waits in Redis for what comes. Both are always with the same server: when one fails both are made anew.
struct RedisLinkLoop: ~Copyable {
    enum WriterStage { case away, fencing, confirming, idle, writing }
    enum ReaderStage { case away, attaching, attached, renewing, following }

    let link: RedisLink
    let log: Log
    var poller: Poller
    var writer: RedisConnection
    var reader: RedisConnection
    private var retry: RedisRetry
    private var nextTry: Int64 = 0
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    var writerStage = WriterStage.away
    var writerAnswers: [RESPValue] = []
    /// What is not known to be in the stream.
    var batch: StreamBatch?
    /// Whether the hub knows what the process before this one has sent.
    var hasFenced = false
    /// Whether what the last transaction noted as sent was not: Redis refused the events in it.
    var isSentVoid = false

    var readerStage = ReaderStage.away
    var readerAnswers: [RESPValue] = []
    var attempt = 0
    /// Up to here the hub has been given entries.
    var seq: UInt64
    /// The present numbering's name, or the one we would give it.
    var epoch: String
    var renewal = (from: "", to: "")
    var entries: [StreamEntry] = []
    var isAskingEpoch = false
    /// Whether the stream is to be looked at anew when the read under way has been answered.
    var mustAttach = false
    var nextEpochCheck: Int64 = 0

    /// Since when Redis has been away, and what of it was said.
    private var downSince: Int64?
    private var saidCodes: Set<String> = []
    private var hasBeenUp = false

    static let wakeupToken = UInt64.max
    private static let writerToken: UInt64 = 1
    private static let readerToken: UInt64 = 2
    /// The time limits of the connections are looked at so often.
    private static let sleepMilliseconds: Int64 = 500

    init(_ link: RedisLink, log: Log, poller: consuming Poller, seq: UInt64, epoch: String) {
        self.link = link
        self.log = log
        self.poller = poller
        self.seq = seq
        self.epoch = epoch
        let name = "wsqueue-\(link.node.text)"
        writer = RedisConnection(link.settings, name: name, token: Self.writerToken)
        reader = RedisConnection(link.settings, name: "\(name)-reader", token: Self.readerToken)
        retry = RedisRetry(link.settings.location)
    }

    mutating func turn() {
        link.wakeup.willSleep()
        let count = (try? poller.wait(milliseconds: link.orders.isEmpty ? sleepMilliseconds : 0)) ?? 0
        link.wakeup.didWake()
        let now = Clock.monotonicNanoseconds()
        for index in 0..<count {
            let ready = poller.ready(index)
            switch ready.token {
            case Self.wakeupToken: link.wakeup.clear()
            case Self.writerToken: writer.handle(ready, &buffer, now: now)
            default: reader.handle(ready, &buffer, now: now)
            }
        }
        for order in link.orders.take() { obey(order, now: now) }
        if writer.isClosed, now >= nextTry { open(now: now) }
        hear(now: now)
        write(now: now)
        read(now: now)
        writer.flush(poller, now: now)
        reader.flush(poller, now: now)
    }

    private var sleepMilliseconds: Int32 {
        guard writer.isClosed else { return Int32(Self.sleepMilliseconds) }
        let left = (nextTry - Clock.monotonicNanoseconds() + 999_999) / 1_000_000
        return Int32(max(0, min(Self.sleepMilliseconds, left)))
    }

    private mutating func obey(_ order: StreamOrder, now: Int64) {
        switch order {
        case .write(let batch): self.batch = batch
        case .follow(let after, let attempt):
            guard attempt == self.attempt, readerStage == .attached else { return }
            seq = after
            follow(now: now)
        case .renew(let from, let to, let attempt):
            guard attempt == self.attempt, readerStage == .attached else { return }
            renew(from: from, to: to, now: now)
        }
    }

    private mutating func open(now: Int64) {
        let host = retry.host
        writer.open(host, poller, now: now)
        reader.open(host, poller, now: now)
    }

    private mutating func hear(now: Int64) {
        while let occurrence = writer.next() {
            switch occurrence {
            case .ready: fence(now: now)
            case .reply(let value): takeWriterAnswer(value, now: now)
            case .part: continue
            case .lost(let fault): return fail(fault, now: now)
            }
        }
        while let occurrence = reader.next() {
            switch occurrence {
            case .ready: attach(now: now)
            case .reply(let value): takeReaderAnswer(value, now: now)
            case .part(let part): takeReaderPart(part)
            case .lost(let fault): return fail(fault, now: now)
            }
            // A long answer is taken in pieces, so that the hub has them while the others come.
            if entries.count >= 256 { giveEntries() }
        }
        giveEntries()
        if mustAttach, readerStage == .following, reader.unanswered == 0 { attach(now: now) }
    }

    mutating func giveEntries() {
        guard !entries.isEmpty else { return }
        link.post(entries)
        entries = []
    }

    /// Gives up both connections, and says why.
    mutating func fail(_ fault: RedisFault, now: Int64) {
        giveEntries()
        let host = retry.host
        writer.close()
        reader.close()
        writerStage = .away
        readerStage = .away
        isAskingEpoch = false
        nextTry = retry.failed(now: now)
        let since = downSince ?? now
        downSince = since
        link.noteDown(fault.code, unix: Clock.unixNanoseconds())
        link.news.post(.down)
        // Once for each reason: what is tried again and again is not said again and again.
        guard saidCodes.insert(fault.code).inserted else { return }
        log.write(
            LogLine(.error, "redis.down").with("host", host.description).with("code", fault.code)
                .with("error", fault.text).with("seconds", (now - since) / 1_000_000_000).with("hint", fault.hint))
    }

    /// Notes that Redis does what it is asked, once both connections do and nothing waits that has failed.
    mutating func noteUp(now: Int64) {
        guard writerStage == .idle, readerStage == .following, downSince != nil || !hasBeenUp else { return }
        guard batch == nil || downSince == nil else { return }
        retry.succeeded()
        link.noteUp()
        let seconds = downSince.map { (now - $0) / 1_000_000_000 } ?? 0
        log.write(
            LogLine(.notice, "redis.up").with("host", retry.host.description).with("stream", link.settings.stream)
                .with("node", link.node.text).with("seconds", seconds))
        downSince = nil
        hasBeenUp = true
        saidCodes = []
    }
}
