internal import WSQueueAccess
internal import WSQueueBroker
internal import WSQueueConnections
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueRoutes
internal import WSQueueSession
internal import WSQueueSystem
internal import WSQueueWire

/// The conversations of one loop's clients: what they lead to is done here.
struct Conversations {
    private var table = SubscriptionTable()
    /// When something is due about clients' tokens (Unix nanoseconds).
    private var tokenTimes = TokenTimes()
    private var messages: Messages
    private var postponed = PostponedLists()
    private let options: SessionOptions
    private let control: AccessControl
    /// Asks the application; `nil` where there is none to ask.
    private let desk: AuthorizeDesk?
    private let presence: PresencePort
    private let kept: KeptMessages
    private let notes: ClientNotes
    private let index: Int

    init(
        _ index: Int, _ options: SessionOptions, _ control: AccessControl, _ desk: AuthorizeDesk?,
        _ presence: PresencePort, _ messages: Messages, _ kept: KeptMessages, _ notes: ClientNotes
    ) {
        self.index = index
        self.options = options
        self.control = control
        self.desk = desk
        self.presence = presence
        self.kept = kept
        self.messages = messages
        self.notes = notes
        table.access = control.access
    }

    /// Who listens to what.
    var subscriptions: SubscriptionTable { _read { yield table } }

    // MARK: Beginning and end

    /// Does what a client's request asks for.
    ///
    /// - Parameter lastEvent: Where a reader of a stream says that it has got to.
    mutating func open(
        _ slot: Int, _ newcomer: Newcomer, lastEvent: String? = nil, now: Int64, _ delivery: inout Delivery
    ) {
        let retiredAt = newcomer.bearer.flatMap { control.end(ofSecret: $0.secret) }
        table.review(slot)
        converse(slot, now: now, &delivery) { [options] session, facts in
            session.open(
                as: newcomer.bearer, retiredAt: retiredAt, newcomer.head.target, given: newcomer.welcome.channels,
                lastEvent: lastEvent, options, facts)
        }
        delivery.send(slot, now: now)
    }

    /// Ends the conversation of a client, which is sent no more publications.
    mutating func leave(_ slot: Int, now: Int64, _ delivery: inout Delivery) {
        let actions = delivery.connections[slot]?.withSession { $0.end() } ?? []
        delivery.leave(slot)
        table.remove(slot)
        postponed.remove(slot)
        for action in actions { act(action, slot, now: now, &delivery) }
    }

    /// Begins the closing handshake (RFC 6455, section 7.1.2): the client gets the frame it is in the middle of, then the
    /// close frame, and nothing more.
    mutating func close(_ slot: Int, _ code: CloseCode, reason: String, now: Int64, _ delivery: inout Delivery) {
        guard let connection = delivery.connections[slot], delivery.connections.standing(of: slot).isReceiving else {
            return
        }
        leave(slot, now: now, &delivery)
        delivery.end(
            slot, with: connection.farewell(code, reason: reason),
            reason: Farewells.Reason(code: code.rawValue, text: reason), now: now)
    }

    /// Closes a client that is too slow; it may come back with its cursor.
    ///
    /// To be able to say so, the rest of the frame that it is in the middle of is kept for it. Where these rests would
    /// take too much memory together the connection ends without a word.
    mutating func closeSlow(_ slot: Int, now: Int64, _ delivery: inout Delivery) {
        guard let connection = delivery.connections[slot], delivery.connections.standing(of: slot).isReceiving else {
            return
        }
        notes.tellSlow(connection, delivery.lag(slot))
        guard delivery.keepRest(slot) else {
            delivery.name(slot, .slow)
            return delivery.lose(slot)
        }
        close(slot, .slow, reason: "slow", now: now, &delivery)
    }

    /// The application wants a client gone.
    mutating func disconnect(_ slot: Int, now: Int64, _ delivery: inout Delivery) {
        converse(slot, now: now, &delivery) { session, _ in session.disconnect() }
    }

    /// Says goodbye to all clients; they may come back, here or elsewhere.
    ///
    /// - Parameter spread: The milliseconds over which they come back, so that they do not all return in one moment.
    mutating func dismiss(spread: Int, now: Int64, _ delivery: inout Delivery) {
        for slot in delivery.connections.slots where delivery.connections.standing(of: slot).isReceiving {
            close(slot, .goingAway, reason: "retry_ms=\(Int.random(in: 0..<spread))", now: now, &delivery)
        }
    }

    // MARK: Messages

    /// Tells a client the lists of members that it waits for, as far as it takes them.
    mutating func goOn(_ slot: Int, now: Int64, _ delivery: inout Delivery) {
        guard postponed.contains(slot) else { return }
        while delivery.hears(slot, now: now), let list = postponed.next(slot) {
            delivery.oweText(presence.members(of: list.channel, after: list.number), slot)
        }
    }

    /// Does what a client's message asks for.
    mutating func receive(_ text: [UInt8], _ slot: Int, now: Int64, _ delivery: inout Delivery) {
        converse(slot, now: now, &delivery) { [options] session, facts in session.receive(text.span, options, facts) }
    }

    /// Hands a message of another loop's client, or another node's, to the clients of this loop that it is for, and tells
    /// how many there were.
    mutating func hand(
        _ message: ClientMessage, from other: Int?, _ ticket: UInt64, now: Int64, _ delivery: inout Delivery
    ) {
        messages.answer(ticket, count: hand(message, now: now, &delivery), to: other)
    }

    /// Hands a message to the clients of this loop that it is for, and tells how many those are.
    private mutating func hand(_ message: ClientMessage, now: Int64, _ delivery: inout Delivery) -> Int {
        // None of them is told of a payload whose it is.
        let slots = Messages.receivers(of: message, table).filter { !delivery.showsPayloads(to: $0) }
        for slot in slots {
            // It is no event of the queue's, so the queue does not wait for a client that does not take it.
            if delivery.connections.owedCount(slot) > messages.owedLimitBytes {
                closeSlow(slot, now: now, &delivery)
            } else if let connection = delivery.connections[slot] {
                delivery.owe(Messages.frame(message, for: connection), slot)
                delivery.send(slot, now: now)
            }
        }
        return slots.count
    }

    /// Another loop, or all other nodes, have handed out a message of a client of this one.
    ///
    /// - Returns: The client's slot, once all have: it is heard again.
    mutating func notePassed(_ ticket: UInt64, count: Int, _ delivery: inout Delivery) -> Int? {
        guard let (sender, sum) = messages.passed(ticket, count: count),
            let slot = delivery.connections.slot(of: sender),
            delivery.connections.standing(of: slot).isReceiving
        else { return nil }
        delivery.oweText(ServerMessage.messageSent(recipients: sum), slot)
        return slot
    }

    /// The application has answered: does what has waited for that.
    mutating func resume(
        _ request: AuthorizeRequest, isAllowed: Bool, _ token: UInt64, now: Int64, _ delivery: inout Delivery
    ) {
        guard let slot = delivery.connections.slot(of: token), delivery.connections.standing(of: slot).isReceiving
        else { return }
        let (questions, next) = delivery.connections[slot]?.withSession { $0.takeQuestions(request) } ?? ([], [])
        for question in questions {
            converse(slot, now: now, &delivery) { [options] session, facts in
                session.go(on: question, isAllowed: isAllowed, options, facts)
            }
        }
        for request in next { ask(request, slot, now: now, &delivery) }
        delivery.send(slot, now: now)
    }

    // MARK: What is due

    /// Warns those whose token's time is nearly over, and says goodbye to those for whom it is.
    mutating func checkTokens(now: Int64, _ delivery: inout Delivery) {
        let steady = control.steadyUnixNanoseconds()
        while let token = tokenTimes.next(at: steady) {
            guard let slot = delivery.connections.slot(of: token),
                delivery.connections.standing(of: slot).isReceiving
            else { continue }
            converse(slot, now: now, &delivery) { session, facts in session.checkToken(facts) }
            delivery.send(slot, now: now)
        }
    }

    /// Looks at all clients again after secrets or rules were read.
    mutating func review(now: Int64, _ delivery: inout Delivery) {
        table.access = control.access
        for slot in delivery.connections.slots where delivery.connections.standing(of: slot).isReceiving {
            let secret = delivery.connections[slot]?.withSession { $0.secret } ?? nil
            let retiredAt = secret.flatMap { control.end(ofSecret: $0) }
            let channels = table.channels(of: slot)
            table.review(slot)
            converse(slot, now: now, &delivery) { [options] session, facts in
                session.review(retiredAt: retiredAt, channels: channels, options, facts)
            }
            delivery.send(slot, now: now)
        }
    }

    /// What asks a client with `heartbeat=app` whether it is there; `nil` for one that sees the protocol's pings.
    func ping(_ slot: Int, _ delivery: borrowing Delivery) -> [UInt8]? {
        let reached = reached(slot, delivery)
        let epoch = delivery.bounds.epoch
        return delivery.connections[slot]?.withSession { $0.ping(epoch: epoch, reached: reached) } ?? nil
    }

    // MARK: The past

    /// A client has come to the end of a replay: it is told so, and is sent the past that it has asked for besides.
    mutating func finish(_ finished: Replays.Finished, now: Int64, _ delivery: inout Delivery) {
        let (epoch, seq) = (delivery.bounds.epoch, delivery.seq)
        let actions = delivery.connections[finished.slot]?.withSession {
            (session: inout ClientSession) -> [SessionAction] in
            let actions = session.finish(finished.replay, epoch: epoch, seq: seq)
            return session.shown(actions)
        }
        for action in actions ?? [] { act(action, finished.slot, now: now, &delivery) }
        delivery.send(finished.slot, now: now)
        beginReplay(finished.slot, now: now, &delivery)
    }

    /// Begins with the past that a client has asked for next.
    func beginReplay(_ slot: Int, now: Int64, _ delivery: inout Delivery) {
        let next = delivery.connections[slot]?.withSession { $0.nextRequest } ?? nil
        guard delivery.canBegin(next, slot, table),
            let request = delivery.connections[slot]?.withSession({ $0.takeRequest() }) ?? nil
        else { return }
        delivery.begin(
            request, channels: request.channel.map { [$0] } ?? table.channels(of: slot), table, slot, now: now)
    }

    // MARK: Actions

    private mutating func converse(
        _ slot: Int, now: Int64, _ delivery: inout Delivery,
        _ body: (inout ClientSession, SessionFacts) -> [SessionAction]
    ) {
        guard delivery.connections.standing(of: slot).isReceiving else { return }
        let facts = facts(slot, now: now, delivery)
        let actions = delivery.connections[slot]?.withSession { (session: inout ClientSession) -> [SessionAction] in
            let actions = body(&session, facts)
            return session.shown(actions)
        }
        for action in actions ?? [] { act(action, slot, now: now, &delivery) }
    }

    private func reached(_ slot: Int, _ delivery: borrowing Delivery) -> UInt64 {
        let request = delivery.connections[slot]?.withSession { $0.nextRequest } ?? nil
        return delivery.reached(by: slot, waiting: request, table)
    }

    private func facts(_ slot: Int, now: Int64, _ delivery: borrowing Delivery) -> SessionFacts {
        let request = delivery.connections[slot]?.withSession { $0.nextRequest } ?? nil
        return SessionFacts(
            now: now, unixSeconds: Clock.unixNanoseconds() / 1_000_000_000,
            steadySeconds: control.steadyUnixNanoseconds() / 1_000_000_000, seq: delivery.seq,
            reached: reached(slot, delivery), isReplaying: delivery.isReplaying(slot),
            joining: delivery.joining(slot, waiting: request, table), bounds: delivery.bounds,
            access: table.access, isLocal: delivery.connections.isLocal(slot),
            known: { [desk] in desk?.answer(to: $0, now: now) },
            seqBefore: { [history = delivery.history] in history.seq(before: $0) })
    }

    private mutating func act(_ action: SessionAction, _ slot: Int, now: Int64, _ delivery: inout Delivery) {
        switch action {
        case .send(let text): delivery.oweText(text, slot)
        case .position(let text):
            if case .stream(let peer)? = delivery.connections[slot] { delivery.owe(peer.form.position(text), slot) }
        case .piece(let piece):
            if case .stream(let peer)? = delivery.connections[slot] { delivery.owe(peer.form.piece(piece), slot) }
        case .name: table.name(delivery.connections[slot]?.number ?? 0, slot: slot)
        case .watch: table.watch(slot)
        case .identify(let identity): table.identify(slot, as: identity)
        case .subscribe(let pattern):
            table.subscribe(slot, to: pattern, isStranger: !pattern.isChannel && !delivery.connections.isLocal(slot))
        case .unsubscribe(let name): table.unsubscribe(slot, from: name)
        case .view(let view): delivery.show(view, to: slot)
        case .replay: beginReplay(slot, now: now, &delivery)
        case .ask(let request): ask(request, slot, now: now, &delivery)
        case .verify(let token): verify(token, slot, now: now, &delivery)
        case .enter, .leave, .state: presence.note(action, delivery.connections[slot]?.number ?? 0, now: now)
        case .members(let channel, let number):
            postponed.add(PostponedLists.List(channel: channel, number: number), slot)
            goOn(slot, now: now, &delivery)
        case .pass(let channel, let recipients, let text):
            pass(channel, recipients, text, slot, now: now, &delivery)
        case .keep(let message, let channel, let user):
            kept.keep(message, channel: channel, by: user, slot, &delivery)
        case .wake(let time):
            tokenTimes.insert(time, delivery.connections.token(of: slot)) { delivery.connections.slot(of: $0) != nil }
        case .note(let note): if let connection = delivery.connections[slot] { notes.tell(note, of: connection) }
        case .close(let code, let reason): close(slot, code, reason: reason, now: now, &delivery)
        }
    }

    private mutating func ask(
        _ request: AuthorizeRequest, _ slot: Int, now: Int64, _ delivery: inout Delivery
    ) {
        guard let line = delivery.connections[slot]?.line else { return }
        let waiter = AuthorizeDesk.Waiter(
            loop: index, token: delivery.connections.token(of: slot), block: line.address.block)
        if let desk, desk.ask(request, for: waiter, now: now) { return }
        converse(slot, now: now, &delivery) { session, facts in session.couldNotAsk(request, facts) }
    }

    private mutating func verify(_ token: String, _ slot: Int, now: Int64, _ delivery: inout Delivery) {
        let result: Result<(bearer: TokenVerifier.Result, retiredAt: Int64?), TokenError>
        do throws(TokenError) {
            let unix = Clock.unixNanoseconds() / 1_000_000_000
            let bearer = try control.verify(token.utf8.span, unixSeconds: unix)
            result = .success((bearer, control.end(ofSecret: bearer.secret)))
        } catch {
            result = .failure(error)
        }
        let channels = table.channels(of: slot)
        converse(slot, now: now, &delivery) { [options] session, facts in
            session.authenticate(with: token, result, channels: channels, options, facts)
        }
    }

    /// Passes a message on to the others of its channel.
    private mutating func pass(
        _ channel: String, _ recipients: [Int64]?, _ text: [UInt8], _ slot: Int, now: Int64,
        _ delivery: inout Delivery
    ) {
        notes.countMessage()
        let message = ClientMessage(
            channel: channel, recipients: recipients, frame: FrameEncoder.frame(.text, text.span))
        let sender = delivery.connections.token(of: slot)
        let count = hand(message, now: now, &delivery)
        guard messages.pass(message, from: sender, count: count) else {
            // Handing it out may have found the sender too slow.
            guard delivery.connections.standing(of: slot).isReceiving else { return }
            return delivery.oweText(ServerMessage.messageSent(recipients: count), slot)
        }
        delivery.awaitAnswer(slot)
    }
}
