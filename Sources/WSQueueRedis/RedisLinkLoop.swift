internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSequencer
internal import WSQueueSystem
internal import WSQueueWire

/// The connections of a ``RedisLink``'s thread: what is sent and heard when ``StreamExchange`` decides.
struct RedisLinkLoop: ~Copyable {
    private let link: RedisLink
    private let stream: String
    /// What this node is called.
    private let node: String
    private let log: Log
    private var place: Worker<RedisLink.Order, StreamNews>.Workplace
    private var exchange: StreamExchange
    private var route: RedisRoute
    private var writer: RedisConnection
    private var reader: RedisConnection
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    private static let writerToken: UInt64 = 1
    private static let readerToken: UInt64 = 2
    /// The time limits of the connections are looked at so often.
    private static let sleepMilliseconds: Int64 = 500

    init(
        _ link: RedisLink, _ settings: RedisSettings, node: String, log: Log, exchange: StreamExchange,
        resolver: Resolver, place: consuming Worker<RedisLink.Order, StreamNews>.Workplace
    ) {
        self.link = link
        self.node = node
        self.log = log
        self.exchange = exchange
        self.place = place
        stream = settings.stream
        route = RedisRoute(settings.location, resolver)
        writer = RedisConnection(settings, name: "wsqueue-\(node)", token: Self.writerToken)
        reader = RedisConnection(settings, name: "wsqueue-\(node)-reader", token: Self.readerToken)
    }

    /// Waits for something to do, and does it.
    ///
    /// - Returns: `false` once the thread is to end.
    mutating func turn() -> Bool {
        let count = place.sleep(milliseconds: sleepMilliseconds)
        let now = Clock.monotonicNanoseconds()
        for index in 0..<count {
            guard let ready = place.ready(index) else { continue }
            if ready.token == Self.writerToken {
                writer.handle(ready, &buffer, now: now)
            } else {
                reader.handle(ready, &buffer, now: now)
            }
        }
        for order in place.takeOrders() {
            switch order {
            case .stream(let order): perform(exchange.obey(order, now: now), now: now)
            case .resolved(let answer): route.take(answer, now: now)
            case .end: return false
            }
        }
        do throws(RedisFault) {
            if writer.isClosed, let address = try route.next(now: now) {
                writer.open(address, place.poller, now: now)
                reader.open(address, place.poller, now: now)
            }
            try hear(now: now)
        } catch {
            lose(error, now: now)
        }
        // Before that is looked at: when the hub has used enough it wakes only a thread that has announced its sleep.
        place.announceSleep()
        let unread = link.unreadBytes
        perform(exchange.turn(unread: unread, now: now), now: now)
        reader.setReading(exchange.isReading(unread: unread), now: now)
        writer.flush(place.poller, now: now)
        reader.flush(place.poller, now: now)
        return true
    }

    private var sleepMilliseconds: Int32 {
        guard writer.isClosed else { return Int32(Self.sleepMilliseconds) }
        let left = (route.dueAt - Clock.monotonicNanoseconds() + 999_999) / 1_000_000
        return Int32(max(0, min(Self.sleepMilliseconds, left)))
    }

    private mutating func hear(now: Int64) throws(RedisFault) {
        while let occurrence = writer.next() {
            switch occurrence {
            case .ready: perform(exchange.connect(.writer), now: now)
            case .reply(let value): perform(try exchange.receive(value, from: .writer, now: now), now: now)
            case .part, .partsEnded: continue
            case .lost(let fault): throw fault
            }
        }
        while let occurrence = reader.next() {
            switch occurrence {
            case .ready: perform(exchange.connect(.reader), now: now)
            case .reply(let value): perform(try exchange.receive(value, from: .reader, now: now), now: now)
            case .part(let value): perform(exchange.receive(part: value), now: now)
            case .partsEnded: exchange.finishParts()
            case .lost(let fault): throw fault
            }
        }
    }

    /// Gives up both connections.
    private mutating func lose(_ fault: RedisFault, now: Int64) {
        writer.close()
        reader.close()
        perform(exchange.lose(fault, now: now), now: now)
        route.failed(now: now)
    }

    private mutating func perform(_ actions: [StreamExchange.Action], now: Int64) {
        for action in actions {
            switch action {
            case .send(let commands, .writer):
                writer.send(commands.bytes, answers: commands.answers, now: now)
            case .send(let commands, .reader):
                reader.unpackedDepth = commands.unpackedDepth
                reader.send(commands.bytes, answers: commands.answers, now: now)
            case .tell(let news):
                if case .entries(let entries) = news { link.noteUnread(entries.reduce(0) { $0 + $1.byteCount }) }
                place.tell(news)
            case .noteUp(let seconds): noteUp(seconds: seconds)
            case .noteDown(let fault, let seconds, let isNew):
                link.noteDown(fault.code, unix: Clock.unixNanoseconds())
                if isNew { writeDown(fault, seconds: seconds) }
            }
        }
    }

    private mutating func noteUp(seconds: Int64) {
        route.succeeded()
        link.noteUp()
        log.write(
            LogLine(.notice, "redis.up").with("host", route.host.description).with("stream", stream)
                .with("node", node).with("seconds", seconds))
    }

    private func writeDown(_ fault: RedisFault, seconds: Int64) {
        log.write(
            LogLine(.error, "redis.down").with("host", route.host.description).with("code", fault.code)
                .with("error", fault.text).with("seconds", seconds).with("hint", fault.hint))
    }
}
