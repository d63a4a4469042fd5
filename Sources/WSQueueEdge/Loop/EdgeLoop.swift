internal import WSQueueBroker
internal import WSQueueConnections
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueRoutes
internal import WSQueueSession
internal import WSQueueSystem
internal import WSQueueWire

/// One thread's share of the clients: reads what they say, and sends them what the log holds for them. It knows the parts;
/// each of them knows only what it is given.
struct EdgeLoop: ~Copyable {
    private let handle: LoopHandle
    private let log: Log
    private let numbers: ConnectionNumbers
    private let exchanges: Exchanges
    private var reader: FrameReader
    private var admission: Admission
    private var delivery: Delivery
    private var conversations: Conversations
    private var orders: Orders
    private var status: StatusDesk
    private var pings: Pings
    private var doors: Doorsteps
    private var progress: Progress
    /// The moment of the present turn (monotonic nanoseconds).
    private var now: Int64
    /// Until when clients may take what they are owed, once the end has begun: no client is let in any more.
    private var drainDeadline: Int64?

    /// How often clients that are behind are looked at while the queue waits for them.
    private static let judgeMilliseconds: Int32 = 5

    /// Makes a loop of its parts, which will run on the thread that calls `run`.
    init(
        _ handle: LoopHandle, _ admission: consuming Admission, _ exchanges: Exchanges, _ delivery: consuming Delivery,
        _ conversations: Conversations, _ orders: Orders, _ status: StatusDesk, _ pings: Pings, _ doors: Doorsteps,
        _ progress: Progress, _ reader: FrameReader, _ numbers: ConnectionNumbers, _ log: Log, now: Int64
    ) throws(SystemCallError) {
        self.handle = handle
        self.exchanges = exchanges
        self.conversations = conversations
        self.orders = orders
        self.status = status
        self.pings = pings
        self.doors = doors
        self.progress = progress
        self.reader = reader
        self.numbers = numbers
        self.log = log
        self.now = now
        try admission.begin(delivery)
        self.admission = admission
        self.delivery = delivery
    }

    /// Runs until the drain is over.
    mutating func run() {
        var ready: [Readiness] = []
        // Something may have been published before this thread came to life: it stands after that, and must say so.
        report()
        while !isDrained {
            wait(&ready)
            turn(ready, now: Clock.monotonicNanoseconds(), news: handle.mailbox.take())
        }
        for slot in delivery.connections.slots where delivery.connections[slot] != nil { delivery.lose(slot) }
        dropEnded()
        report()
        handle.end()
        progress.wakeHub()
    }

    /// One pass. The order matters: what arrived is read before the log is sent, so that a client that has just
    /// joined gets what is published next; and everything is sent before the thread sleeps.
    mutating func turn(_ ready: [Readiness], now: Int64, news: [LoopHandle.Command]) {
        self.now = now
        // What has ended makes room for a newcomer of the same turn.
        for command in news {
            obey(command)
            dropEnded()
        }
        for readiness in ready {
            handle(readiness)
            dropEnded()
        }
        delivery.deliver(conversations.subscriptions, now: now)
        for finished in delivery.replay(conversations.subscriptions, now: now) {
            status.noteReplay(finished.replay)
            conversations.finish(finished, now: now, &delivery)
        }
        judge()
        // Not with the ticks: a loop without clients has none.
        status.report(delivery, conversations, now: now)
        for answer in status.answers(now: now, unix: Clock.unixNanoseconds()) {
            if let slot = delivery.connections.slot(of: answer.token) {
                respond(answer.response, to: answer.method, slot)
            }
        }
        if pings.isDue(now: now) { tick() }
        dropEnded()
        report()
        // Last, because only a whole pass shows that the loop works.
        if handle.isAsked {
            handle.answer()
            progress.wakeHub()
        }
    }

    // MARK: Waiting

    private mutating func wait(_ ready: inout [Readiness]) {
        handle.wakeup.willSleep()
        // Looked at after the announcement: a thread that publishes or posts now will see that this one sleeps.
        let hasWork = delivery.hasWork || !handle.mailbox.isEmpty || handle.isAsked || status.isWanted
        delivery.wait(milliseconds: hasWork ? 0 : sleepMilliseconds, &ready)
        handle.wakeup.didWake()
    }

    private var sleepMilliseconds: Int32 {
        if delivery.connections.count == 0 && admission.isAtRest { return -1 }
        if progress.isHeld && delivery.behindCount > 0 { return Self.judgeMilliseconds }
        let now = Clock.monotonicNanoseconds()
        let sleep = pings.sleepMilliseconds(now: now)
        guard let time = delivery.goesOnAt else { return sleep }
        return min(sleep, Int32(clamping: max(0, (time - now + 999_999) / 1_000_000)))
    }

    private var isDrained: Bool {
        guard let drainDeadline else { return false }
        return delivery.connections.count == 0 || now >= drainDeadline
    }

    // MARK: News

    private mutating func obey(_ command: LoopHandle.Command) {
        switch command {
        case .adopt(let number, let address):
            admission.adopt(Socket(FileDescriptor(owning: number)), from: address, now: now, &delivery)
        case .pass(let message, let other, let ticket):
            conversations.hand(message, from: other, ticket, now: now, &delivery)
        case .passed(let ticket, let count):
            guard let slot = conversations.notePassed(ticket, count: count, &delivery) else { return }
            reader.resume(slot, now: now, &conversations, &delivery)
        case .listen(let listener, let number): admission.listen(at: listener, number: number, delivery)
        case .order(let order, let other, let ticket):
            orders.obey(order, from: other, ticket, now: now, &conversations, &delivery)
        case .ordered(let ticket, let tally): orders.take(tally, ticket)
        case .drain(let deadline): drain(deadline: deadline)
        case .renumber(let epoch):
            dismiss()
            delivery.renumber(epoch: epoch)
        case .answer(let response, let token):
            if let slot = delivery.connections.slot(of: token) { respond(response, to: .post, slot) }
        case .kept(let id, let isKept, let token):
            guard let slot = KeptMessages.tell(id, isKept: isKept, token, &delivery) else { return }
            reader.resume(slot, now: now, &conversations, &delivery)
        case .authorized(let request, let isAllowed, let token):
            conversations.resume(request, isAllowed: isAllowed, token, now: now, &delivery)
        case .accessChanged:
            conversations.review(now: now, &delivery)
            handle.noteReview()
            progress.wakeHub()
        }
    }

    private mutating func drain(deadline: Int64) {
        drainDeadline = deadline
        admission.close(delivery)
        delivery.loseAsking()
        dismiss()
    }

    /// Says goodbye to all clients, spread over as long as the server's clients need to come back one by one.
    private mutating func dismiss() {
        let spread = max(1_000, min(20_000, progress.clientCount * 2))
        conversations.dismiss(spread: spread, now: now, &delivery)
    }

    private mutating func handle(_ ready: Readiness) {
        if ready.token == Connections.wakeupToken {
            handle.wakeup.clear()
        } else if let listener = Connections.listener(of: ready.token) {
            admission.accept(at: listener, now: now, &delivery)
        } else if let slot = delivery.connections.slot(of: ready.token) {
            if ready.isWritable {
                if delivery.goOn(slot, conversations.subscriptions, now: now) {
                    conversations.beginReplay(slot, now: now, &delivery)
                }
                conversations.goOn(slot, now: now, &delivery)
                reader.goOn(slot, now: now, &conversations, &delivery)
            }
            if ready.isReadable { receive(slot) }
        }
    }

    // MARK: Reading

    /// Reads what has come on a connection, once; what is left is reported again.
    private mutating func receive(_ slot: Int) {
        guard let connection = delivery.connections[slot], delivery.connections.standing(of: slot) != .gone else {
            return
        }
        switch (reader.read(delivery.connections.descriptor(of: slot)), connection) {
        case (.wouldBlock, _): return
        case (.closed(let code), _): delivery.lose(slot, errorNumber: code)
        case (.bytes(let count), _) where delivery.connections.standing(of: slot) == .closing:
            delivery.discard(count, slot)
        case (.bytes(let count), .exchange(let exchange)):
            if exchange.isAnswering { delivery.discard(count, slot) } else { receive(0..<count, exchange, slot) }
        // A stream has been asked for, and there is nothing more to say.
        case (.bytes(let count), .stream), (.bytes(let count), .door): delivery.discard(count, slot)
        case (.bytes(let count), .applicant(let peer)): receive(0..<count, peer, slot)
        case (.bytes(let count), .webSocket(let peer)):
            reader.receive(0..<count, peer, slot, now: now, &conversations, &delivery)
        }
    }

    private mutating func receive(_ range: Range<Int>, _ exchange: HTTPExchange, _ slot: Int) {
        let bytes = reader.bytes(range)
        if let refusal = admission.countHeard(bytes, exchange) { return respond(refusal, to: .get, slot) }
        let token = delivery.connections.token(of: slot)
        switch exchanges.receive(bytes.span, exchange, token, admission) {
        case .wait: return
        case .respond(let response, let method): respond(response, to: method, slot)
        case .proceed:
            delivery.owe(Response.proceed, slot)
            delivery.send(slot, now: now)
            receive(0..<0, exchange, slot)
        case .apply(let request, let fields):
            orders.begin(request, fields, token, now: now, &conversations, &delivery)
        case .status(let question, let method): status.ask(question, method, token, now: now)
        case .open where delivery.isOutdated, .stream where delivery.isOutdated: respond(Router.notYet, to: .get, slot)
        case .open(let newcomer, let handshake, let start):
            let dialect = handshake.isSubprotocolChosen ? ClientDialect.named : .plain
            let peer = join(newcomer, dialect, handshake.answer(), exchange.line, slot)
            // The client may send its first frames without waiting for the answer.
            reader.receive(range.dropFirst(start), peer, slot, now: now, &conversations, &delivery)
        case .hold(let applicant, let start):
            let peer = doors.hold(applicant, exchange.line, slot, now: now, &delivery)
            receive(range.dropFirst(start), peer, slot)
        case .turnAway(let handshake, let refusal):
            doors.refuse(refusal, handshake, exchange.line, slot, now: now, &delivery)
        case .stream(let newcomer, let fields):
            let form = StreamForm(newcomer.head, isDocument: HTTPRoute(path: newcomer.head.target.path) == .state)
            let view = EventView.stream(epoch: delivery.bounds.epoch, as: form, nil)
            let peer = EventStreamPeer(exchange.line, form, begin(form.dialect, view, newcomer, exchange.line))
            delivery.join(slot, as: .stream(peer), isLocal: newcomer.isLocal, now: now)
            delivery.owe(form.beginning(fields, unixSeconds: Clock.unixNanoseconds() / 1_000_000_000), slot)
            conversations.open(slot, newcomer, lastEvent: newcomer.head.text(of: "last-event-id"), now: now, &delivery)
        }
    }

    private mutating func receive(_ range: Range<Int>, _ peer: ApplicantPeer, _ slot: Int) {
        guard let (token, end) = doors.receive(reader.bytes(range), peer, slot, now: now, &delivery) else { return }
        switch exchanges.examine(token, peer.applicant) {
        case (.open(let newcomer, _, _), let answer):
            let peer = join(newcomer, .named, [], peer.line, slot)
            delivery.oweText(answer, slot)
            reader.receive(range.dropFirst(end), peer, slot, now: now, &conversations, &delivery)
        case (.turnAway(_, let refusal), _): doors.refuse(refusal, nil, peer.line, slot, now: now, &delivery)
        default: return
        }
    }

    /// Makes a client of a WebSocket.
    ///
    /// - Parameter answer: What opens it, where that is still to be sent.
    private mutating func join(
        _ newcomer: Newcomer, _ dialect: ClientDialect, _ answer: [UInt8], _ line: Line, _ slot: Int
    ) -> WebSocketPeer {
        let view: EventView = newcomer.head.target.value(of: "as") == "payload" ? .payload(nil) : .logged(nil)
        let peer = WebSocketPeer(line, begin(dialect, view, newcomer, line))
        delivery.join(slot, as: .webSocket(peer), isLocal: newcomer.isLocal, now: now)
        delivery.owe(answer, slot)
        if let greeting = newcomer.welcome.greeting, !view.isPayload { delivery.oweText(greeting, slot) }
        delivery.send(slot, now: now)
        conversations.open(slot, newcomer, now: now, &delivery)
        return peer
    }

    /// Begins a client's conversation. What was published before this moment is not for it, and what comes from now on is:
    /// it stands where the loop stands.
    private mutating func begin(
        _ dialect: ClientDialect, _ view: EventView, _ newcomer: Newcomer, _ line: Line
    ) -> ClientSession {
        delivery.deliver(conversations.subscriptions, now: now)
        let number = numbers.next()
        status.noteOpen()
        // A program that reads this may count on it that the client gets what is published next.
        log.write(.opened(number, line.address, dialect, user: newcomer.bearer?.identity.user.text))
        return ClientSession(
            number, dialect, at: newcomer.path, view: view, credentials: newcomer.credentials, since: delivery.seq)
    }

    // MARK: Answers and ends

    /// Sends an HTTP answer, after which the connection ends.
    private mutating func respond(_ response: Response, to method: RequestMethod, _ slot: Int) {
        var response = response
        // RFC 9110, section 6.6.1: a server that has a clock says what time it is.
        response.fields.append(.init("Date", HTTPDate.text(Clock.unixNanoseconds() / 1_000_000_000)))
        delivery.end(slot, with: response.encode(for: method), now: now)
    }

    /// Closes the sockets of connections that are over.
    private mutating func dropEnded() {
        for ended in delivery.takeEnded() {
            guard let connection = delivery.connections[ended.slot] else { continue }
            if ended.standing.isReceiving { conversations.leave(ended.slot, now: now, &delivery) }
            let reason = delivery.remove(ended.slot) ?? ended.reason
            admission.release(connection.line)
            guard connection.number != 0 else { continue }
            if let bytes = ended.crowdedOut, ended.standing.isReceiving {
                log.write(.slow(connection, ("behind_bytes", UInt64(bytes))))
            }
            status.noteClose(reason.code)
            log.write(.closed(connection, reason, now: now))
        }
    }

    // MARK: What is due

    /// Closes those that are too slow: the queue waits for them, or what they are owed has become too old.
    private mutating func judge() {
        let waited = progress.takeWaited(now: now)
        let slots = delivery.judge(
            waited: waited, clientCount: progress.clientCount, behindCount: progress.behindCount, now: now)
        for slot in slots { conversations.closeSlow(slot, now: now, &delivery) }
    }

    private mutating func tick() {
        pings.tick(now: now)
        admission.resume(delivery)
        for slot in delivery.stuckReplays(now: now) { conversations.closeSlow(slot, now: now, &delivery) }
        conversations.checkTokens(now: now, &delivery)
        pings.send(now: now, &conversations, &delivery)
        doors.close(exchanges, now: now, &delivery)
        while let (slot, answer) = admission.nextLate(exchanges, now: now, delivery) {
            if let answer { respond(answer, to: .get, slot) } else { delivery.lose(slot) }
        }
        delivery.endOverdue(now: now)
    }

    private mutating func report() {
        guard progress.report(delivery, watchers: conversations.subscriptions.watcherCount) else { return }
        delivery.trim()
        progress.wakeHub()
    }
}
