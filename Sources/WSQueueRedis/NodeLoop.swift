internal import WSQueueBroker
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSequencer
internal import WSQueueSystem
internal import WSQueueWire

/// The connection of a ``NodeDesk``'s thread: what is sent and heard when ``NodeExchange`` decides.
struct NodeLoop: ~Copyable {
    private let desk: NodeDesk
    private let context: NodeContext
    /// The channel on which the nodes talk, for the log.
    private let channel: String
    private var place: Worker<NodeDesk.Order, Never>.Workplace
    private var exchange: NodeExchange
    private var connection: RedisConnection
    private var route: RedisRoute
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    private static let connectionToken: UInt64 = 1
    /// The time limits of the connection are looked at so often.
    private static let sleepNanoseconds: Int64 = 1_000_000_000

    init(
        desk: NodeDesk, settings: RedisSettings, context: NodeContext, resolver: Resolver,
        place: consuming Worker<NodeDesk.Order, Never>.Workplace
    ) {
        self.desk = desk
        self.context = context
        self.place = place
        channel = settings.key("talk")
        exchange = NodeExchange(
            keys: NodeKeys(
                talk: channel, nodes: settings.key("nodes"), speaker: settings.key("speaker"),
                stream: settings.stream),
            loopCount: context.loopCount)
        connection = RedisConnection(settings, name: "wsqueue-nodes", token: Self.connectionToken)
        route = RedisRoute(settings.location, resolver)
    }

    mutating func turn() {
        connection.flush(place.poller, now: Clock.monotonicNanoseconds())
        // Presence may change while the time to sleep is computed.
        place.announceSleep()
        let count = place.sleep(milliseconds: sleepMilliseconds(now: Clock.monotonicNanoseconds()))
        let now = Clock.monotonicNanoseconds()
        for index in 0..<count {
            if let ready = place.ready(index) { connection.handle(ready, &buffer, now: now) }
        }
        do throws(RedisFault) {
            try hear(now: now)
            perform(try exchange.turn(now: now), now: now)
        } catch {
            lose(error, now: now)
        }
        let isEnding = obey(now: now)
        connect(now: now)
        turnPresence(now: now)
        if isEnding { leave(now: now) }
    }

    private func sleepMilliseconds(now: Int64) -> Int32 {
        var due = min(now + Self.sleepNanoseconds, exchange.dueAt, context.presence.withLock { $0.dueAt })
        if connection.isClosed { due = min(due, route.dueAt) }
        return due <= now ? 0 : Int32((due - now + 999_999) / 1_000_000)
    }

    private mutating func connect(now: Int64) {
        guard connection.isClosed else { return }
        do throws(RedisFault) {
            if let address = try route.next(now: now) { connection.open(address, place.poller, now: now) }
        } catch {
            lose(error, now: now)
        }
    }

    private mutating func hear(now: Int64) throws(RedisFault) {
        while let occurrence = connection.next() {
            switch occurrence {
            case .ready: perform(exchange.connect(now: now), now: now)
            case .reply(.push(let parts)): perform(exchange.receive(push: parts, now: now), now: now)
            case .reply(let value): perform(try exchange.receive(value, now: now), now: now)
            case .part, .partsEnded: break
            case .lost(let fault): throw fault
            }
        }
    }

    private mutating func lose(_ fault: RedisFault, now: Int64) {
        connection.close()
        route.failed(now: now)
        perform(exchange.lose(fault), now: now)
    }

    /// Does what the loops and the hub want.
    ///
    /// - Returns: Whether it is time to end.
    private mutating func obey(now: Int64) -> Bool {
        var isEnding = false
        for order in place.takeOrders() {
            switch order {
            case .call(let message, let loop, let ticket):
                let text = message.frame[FrameEncoder.payloadStart(in: message.frame.span)...]
                let call = NodeCall(channel: message.channel, recipients: message.recipients, text: Array(text))
                let isForOwn = message.recipients?.allSatisfy(desk.isOwn) ?? false
                perform(
                    exchange.call(call, isForOwn: isForOwn, loop: loop, ticket: ticket, now: now), now: now)
            case .passed(let ticket, let tally):
                perform(exchange.passed(ticket, tally, now: now), now: now)
            case .order(let order, let loop, let ticket):
                perform(exchange.order(order, loop: loop, ticket: ticket, now: now), now: now)
            case .end: isEnding = true
            case .resolved(let answer): route.take(answer, now: now)
            }
        }
        return isEnding
    }

    /// Tells the others what has changed here, and the channels what they are to be told.
    private mutating func turnPresence(now: Int64) {
        if exchange.isListening {
            if exchange.tellsWhole(now: now) {
                perform(exchange.tell(whole: context.presence.withLock { $0.takeWhole() }, now: now), now: now)
                perform(exchange.tell(disconnected: context.disconnected(), now: now), now: now)
            }
            perform(exchange.tell(changes: context.presence.withLock { $0.takeChanges() }, now: now), now: now)
        }
        let forgetting = exchange.forgetting(now: now)
        if forgetting.isDue {
            context.presence.withLock {
                $0.forgetTold()
                if forgetting.isUntoldToo { $0.forgetUntold() }
            }
        }
        guard exchange.tellsNews(now: now) else { return context.presence.withLock { $0.turnSilently(now: now) } }
        for news in context.presence.withLock({ $0.turn(now: now) }) {
            let actions = exchange.tell(
                news, event: news.event, epoch: context.epoch(), unix: Clock.unixNanoseconds(), now: now)
            perform(actions, now: now)
        }
    }

    private mutating func leave(now: Int64) {
        perform(exchange.leave(now: now), now: now)
        connection.flush(place.poller, now: now)
        desk.end()
    }

    private mutating func perform(_ actions: [NodeExchange.Action], now: Int64) {
        for action in actions {
            switch action {
            case .send(let commands): connection.send(commands.bytes, answers: commands.answers, now: now)
            case .register(let number): desk.setNumber(number)
            case .noteUp: route.succeeded()
            case .change(let change): context.presence.withLock { Self.apply(change, to: &$0, now: now) }
            case .hand(let call, let ticket):
                let frame = FrameEncoder.frame(.text, call.text.span)
                context.hand(
                    ClientMessage(channel: call.channel, recipients: call.recipients, frame: frame), ticket)
            case .tellPassed(let answer): context.tellPassed(answer)
            case .obey(let order, let ticket): context.obey(order, ticket)
            case .learn(let entries): context.learn(entries)
            case .note(let note): write(note)
            }
        }
    }

    private static func apply(_ change: NodeExchange.PresenceChange, to presence: inout Presence, now: Int64) {
        switch change {
        case .share(let number): presence.share(as: number)
        case .put(let entries, let node): for entry in entries { presence.put(entry, from: node) }
        case .replace(let entries, let node): presence.replace(entries, from: node)
        case .lose(let node): presence.lose(node, now: now)
        case .beginTelling: presence.beginTelling()
        }
    }

    private func write(_ note: NodeExchange.Note) {
        let line =
            switch note {
            case .found(let node): LogLine(.notice, "node.up").with("node", node)
            case .lost(let node, isOrderly: true): LogLine(.notice, "node.down").with("node", node)
            case .lost(let node, isOrderly: false):
                LogLine(.warning, "node.down").with("node", node).with("reason", "silent")
                    .with("hint", "its users leave after the grace")
            case .cutOff(let fault):
                LogLine(.warning, "nodes.cut").with("error", fault.text)
                    .with("hint", "presence and messages stay among the clients of this server until Redis is back")
            case .back(let node): LogLine(.notice, "nodes.back").with("node", node)
            case .refused(let fault):
                LogLine(.warning, "nodes.refused").with("error", fault.text).with("hint", fault.hint)
            case .foreign(let fault):
                LogLine(.warning, "nodes.foreign").with("channel", channel).with("reason", fault.description)
                    .with("hint", "ignored; use one --redis-stream per application")
            }
        context.log.write(line)
    }
}
