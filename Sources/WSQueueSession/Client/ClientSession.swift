internal import WSQueueBroker
package import WSQueueCore
internal import WSQueueLog
package import WSQueueWire

/// The conversation of one client: what it says and what is due leads to actions, and changes nothing else.
///
/// It knows no socket and no clock. What only some clients have is made when it is needed: for a thousand that listen and
/// say nothing it would be more memory than all else.
package struct ClientSession: ~Copyable {
    private final class Details {
        fileprivate var member = Member(nil)
        fileprivate var view = EventView.logged(nil)
        fileprivate var wishes = PastWishes()
        fileprivate var pace = MessagePace()
    }

    /// The connection's id.
    package let connection: Int64
    /// Everything after this number it has been sent, as far as it was for everyone, or is being sent.
    private var since: UInt64
    private var details: Details?
    /// Where it has connected, which rules may be about; empty is `/`, so that it takes no memory there.
    private let path: [UInt8]
    /// How it is spoken with.
    package let dialect: ClientDialect
    private var isGreeted = false
    private var hearsNoPings = false

    /// Begins a conversation.
    ///
    /// - Parameters:
    ///   - path: Where it has connected.
    ///   - view: How it sees events.
    ///   - credentials: What the application may know the client by.
    ///   - seq: Where its loop stands.
    package init(
        _ connection: Int64, _ dialect: ClientDialect, at path: [UInt8] = [], view: EventView = .logged(nil),
        credentials: AuthorizeRequest.Credentials? = nil, since seq: UInt64
    ) {
        self.connection = connection
        self.dialect = dialect
        self.path = path
        since = seq
        guard credentials != nil || !view.isLogs else { return }
        made.member = Member(credentials)
        made.view = view
    }

    /// What only some have, made now.
    private var made: Details {
        mutating get {
            if details == nil { details = Details() }
            return details ?? Details()
        }
    }

    /// Who the client is, as its token says; `nil` where it has none.
    package var identity: Identity? { details?.member.identity }
    /// How it sees events.
    package var view: EventView { details?.view ?? .logged(nil) }
    /// The fingerprint of the secret that its token was signed with.
    package var secret: UInt64? { details?.member.secret }
    /// What it wants of the past next, and the channels of its URL that the application is still asked about.
    package var nextRequest: PastRequest? { details?.wishes.first }
    package var awaited: [String] { details?.member.awaited ?? [] }

    // MARK: Beginning

    /// Does what a client's request asks for: its token, and what stands in its query.
    ///
    /// - Parameters:
    ///   - retiredAt: When the secret of its token counts no longer, if that is no longer in use.
    ///   - given: The channels that the rules give it.
    ///   - lastEvent: Where a reader that comes back says that it has got to: it goes before what its URL still says.
    package mutating func open(
        as bearer: TokenVerifier.Result?, retiredAt: Int64? = nil, _ target: RequestTarget, given: [String] = [],
        lastEvent: String? = nil, _ options: SessionOptions, _ facts: SessionFacts
    ) -> [SessionAction] {
        let query = ClientQuery(target, dialect, lastEvent: lastEvent, channelLimit: options.channelLimit)
        var (actions, questions, errors) = (query.first, [SessionAction](), [ClientError]())
        if let bearer { made.member.identify(as: bearer, retiredAt: retiredAt, channels: nil, facts, &actions) }
        if dialect == .stream { actions.append(.name) }
        if !given.isEmpty { made.member.begin(given: given, besides: query.channels) }
        if query.isPoll { made.wishes.poll(isDocument: dialect == .document) }
        for name in given + query.channels {
            do throws(ClientError) {
                try view.check(name, facts.access)
                let command = ClientCommand.subscribe(channel: name, since: nil)
                if try made.member.park(command, isQuiet: true, options, facts, &questions) { continue }
                try made.member.subscribe(to: name, options, facts, &actions)
            } catch {
                errors.addOnce(error)
            }
        }
        if let name = query.surplus { actions.refuse(name, &errors) }
        hearsNoPings = query.hearsNoPings
        if let filter = query.filter {
            made.view = view.filtered(by: filter)
            actions.append(.view(view))
        }
        let place = query.since.flatMap { facts.place($0) }
        let start = place.map { facts.bounds.start(after: $0, seq: facts.seq) } ?? facts.reached
        if dialect == .named { greet(options, facts, reached: start, &actions) }
        // Its place is the end of the state, as before that something is missing.
        if dialect == .stream, !query.wantsState, let cursor = facts.cursor(start) {
            // A reader that has had no event yet comes back with this.
            actions.append(.position(place?.text ?? cursor.text))
        }
        if place != nil || query.wantsState { made.wishes.add(place, query, made.member.awaited, &actions) }
        for name in details?.member.presentIn ?? [] { tellMembers(name, &actions) }
        for error in errors + query.errors { actions.append(.send(ServerMessage.error(error))) }
        if isGreeted { details?.member.warn(facts, &actions) }
        return actions + questions
    }

    /// Greets a client, once, with its connection id and the cursor from which on it gets everything.
    private mutating func greet(
        _ options: SessionOptions, _ facts: SessionFacts, reached: UInt64, _ actions: inout [SessionAction]
    ) {
        guard !isGreeted, let cursor = facts.cursor(reached) else { return }
        isGreeted = true
        let text = ServerMessage.welcome(
            heartbeatSeconds: options.heartbeatSeconds, connection: connection, isAuthenticated: identity != nil,
            cursor: cursor)
        actions += [.name, .send(text)]
    }

    // MARK: Messages

    /// Does what a message asks for, and answers.
    package mutating func receive(
        _ text: Span<UInt8>, _ options: SessionOptions, _ facts: SessionFacts
    ) -> [SessionAction] {
        if view.isPayload { return PayloadAlone.answer(text) }
        var actions: [SessionAction] = []
        let command = Result { () throws(ClientError) in try ClientCommand.decode(text) }
        do throws(ClientError) {
            try admit(command, options, facts, &actions)
            try perform(command.get(), isQuiet: false, options, facts, &actions)
        } catch {
            actions.append(.send(ServerMessage.error(error, of: try? command.get().action)))
        }
        return actions.endingWithClose
    }

    /// Counts a message; the first one makes the client one that speaks.
    private mutating func admit(
        _ command: Result<ClientCommand, ClientError>, _ options: SessionOptions, _ facts: SessionFacts,
        _ actions: inout [SessionAction]
    ) throws(ClientError) {
        let known = try? command.get()
        // A client that only says that it is there has asked for nothing.
        if known == .pong { return }
        if !isGreeted {
            greet(options, facts, reached: facts.reached, &actions)
            if dialect == .plain {
                made.view = .chat(view.filter)
                actions.append(.view(view))
            }
        }
        guard let rule = options.messageRate, !(known?.isFree ?? false) else { return }
        try made.pace.charge(rule, now: facts.now, &actions)
    }

    /// Does what a client asks for, and answers; what only says that it is there costs no memory for it.
    ///
    /// - Parameter isQuiet: Whether success is not answered.
    private mutating func perform(
        _ command: ClientCommand, isQuiet: Bool, _ options: SessionOptions, _ facts: SessionFacts,
        _ actions: inout [SessionAction]
    ) throws(ClientError) {
        switch command {
        case .ping: actions.append(.send(ServerMessage.pong()))
        case .pong: return
        case .resume(let since, let state):
            try made.wishes.checkRoom(options)
            made.wishes.add(facts.place(since), wantsState: state, &actions)
        case .subscribe(let channel, let since, let state):
            if try made.member.park(command, isQuiet: isQuiet, options, facts, &actions) { return }
            // Nothing is done of a command that is refused.
            if since != nil || state { try made.wishes.checkRoom(options) }
            if !isQuiet { made.member.decide(about: channel) }
            try made.member.subscribe(to: channel, options, facts, &actions)
            if !isQuiet { actions.append(.send(ServerMessage.subscribed(channel))) }
            tellMembers(channel, &actions)
            let place = since.flatMap { facts.place($0) }
            made.wishes.add(place, channel: channel, wantsState: state, &actions)
        case .subscribeEach(let channels, let since, let state):
            let past = (since, place: since.flatMap { facts.place($0) }, wantsState: state)
            let kept = made
            let begun = try kept.member.subscribe(to: channels, past, &kept.wishes, options, facts, &actions)
            for channel in begun { tellMembers(channel, &actions) }
        case .unsubscribe(let channel): made.member.leave(channel, &actions)
        case .unsubscribeEach(let channels): try made.member.leave(each: channels, options, &actions)
        case .authenticate(let token):
            guard options.takesTokens else { throw ClientError("This server takes no tokens", code: "not_offered") }
            actions.append(.verify(token))
        case .presence(let channel, let status, let activity, let next):
            try made.member.state(channel, status, activity, options, facts, &actions)
            actions.append(.members(of: channel, after: next))
        case .message(let channel, let message, let recipients):
            if try made.member.park(command, isQuiet: isQuiet, options, facts, &actions) { return }
            guard made.member.hears(channel, facts) else { throw .notSubscribed(channel) }
            try made.member.check(.publish, channel, options, facts)
            actions.append(
                try made.member.send(message, to: channel, recipients, from: connection, options, facts))
        }
    }

    /// Tells a client that speaks who is in a channel to which it has just subscribed.
    private func tellMembers(_ channel: String, _ actions: inout [SessionAction]) {
        guard isGreeted, Channel(channel)?.kind == .presence else { return }
        actions.append(.members(of: channel, after: 0))
    }

    /// Takes what waits for an answer of the application, for ``go(on:isAllowed:_:_:)``, and what is to be asked next.
    package mutating func takeQuestions(_ request: AuthorizeRequest) -> ([ParkedQuestion], next: [AuthorizeRequest]) {
        details?.member.takeQuestions(request) ?? ([], [])
    }

    /// Does what has waited for an answer.
    package mutating func go(
        on question: ParkedQuestion, isAllowed: Bool, _ options: SessionOptions, _ facts: SessionFacts
    ) -> [SessionAction] {
        var actions: [SessionAction] = []
        guard let command = question.command else {
            made.member.settle(question.request, isAllowed: isAllowed, &actions)
            return actions + pollEnd(facts.isReplaying)
        }
        made.member.grant(question.request, isAllowed)
        do throws(ClientError) {
            try perform(command, isQuiet: question.isQuiet, options, facts, &actions)
        } catch {
            actions.append(.send(ServerMessage.error(error, of: question.isQuiet ? nil : command.action)))
        }
        made.member.endGrant()
        return actions + pollEnd(facts.isReplaying)
    }

    /// The application could not be asked, because too many others wait.
    package mutating func couldNotAsk(_ request: AuthorizeRequest, _ facts: SessionFacts) -> [SessionAction] {
        (details?.member.couldNotAsk(request) ?? []) + pollEnd(facts.isReplaying)
    }

    private var isTold: Bool { isGreeted || dialect == .stream }
    private func pollEnd(_ isReplaying: Bool) -> [SessionAction] {
        details.map { $0.wishes.end(isWaiting: isReplaying || $0.member.isAsking) } ?? []
    }

    /// What is done of actions, as its view and dialect have it; to be asked after each step.
    package mutating func shown(_ actions: [SessionAction]) -> [SessionAction] {
        guard dialect == .document else { return actions.shown(in: view) }
        return made.wishes.shown(actions, isAsking: made.member.isAsking)
    }

    /// A token that the client has sent was checked: from now on it is the user whom the token names, or stays who it was.
    ///
    /// - Parameters:
    ///   - result: What the token says, and when its secret counts no longer, if that is no longer in use.
    ///   - channels: What the client listens to.
    package mutating func authenticate(
        with token: String, _ result: Result<(bearer: TokenVerifier.Result, retiredAt: Int64?), TokenError>,
        channels: [String], _ options: SessionOptions, _ facts: SessionFacts
    ) -> [SessionAction] {
        switch result {
        case .failure(let error):
            return [
                .note(.refused(error)), .send(ServerMessage.error(ClientError(error.advice, code: "invalid_token"))),
            ]
        case .success((let bearer, let retiredAt)):
            var actions: [SessionAction] = []
            made.member.present(token)
            made.member.identify(as: bearer, retiredAt: retiredAt, channels: channels, facts, &actions)
            actions.append(.note(.became(bearer.identity.user.text)))
            follow(channels, options, facts, &actions)
            let text = ServerMessage.authenticated(
                user: bearer.identity.user.text, expiresAtSeconds: bearer.identity.expiresAtSeconds)
            return (actions + [.send(text)]).endingWithClose
        }
    }

    // MARK: What is due

    /// Warns a client whose token's time is nearly over, and ends the conversation when it is.
    package mutating func checkToken(_ facts: SessionFacts) -> [SessionAction] {
        details?.member.checkToken(isGreeted: isGreeted, isTold: isGreeted || dialect == .stream, facts) ?? []
    }

    /// The application wants the client gone.
    package mutating func disconnect() -> [SessionAction] { .ending(.disconnected, isTold: isTold) }

    /// Looks at the client again after secrets or rules were read.
    ///
    /// - Parameters:
    ///   - retiredAt: When the secret of its token counts no longer, if that is no longer in use.
    ///   - channels: What the client listens to.
    package mutating func review(
        retiredAt: Int64?, channels: [String], _ options: SessionOptions, _ facts: SessionFacts
    ) -> [SessionAction] {
        var actions: [SessionAction] = []
        if let retiredAt { details?.member.retire(at: retiredAt, &actions) }
        follow(channels, options, facts, &actions)
        return actions
    }

    /// Does what the rules say now of who is at its path, of who listens where, and of what is given at its path.
    private mutating func follow(
        _ channels: [String], _ options: SessionOptions, _ facts: SessionFacts, _ actions: inout [SessionAction]
    ) {
        let place = path.isEmpty ? "/" : String(decoding: path, as: UTF8.self)
        let welcome = facts.access.welcome(at: place, by: identity)
        actions += welcome.farewell
        guard welcome.verdict == .allowed, details != nil || !welcome.channels.isEmpty else { return }
        made.member.review(channels, options, facts, &actions)
        made.member.follow(welcome.channels, options, facts, &actions)
    }

    /// The message that asks a client whether it is there; `nil` for one that sees the protocol's pings.
    /// A client that speaks is told its cursor: one for which there is nothing for long does not come back with an old one.
    package func ping(epoch: String, reached: UInt64) -> [UInt8]? {
        guard hearsNoPings, !view.isPayload else { return nil }
        return ServerMessage.ping(cursor: dialect == .named ? Cursor(epoch: epoch, seq: reached) : nil)
    }

    /// Ends the conversation.
    package mutating func end() -> [SessionAction] {
        details?.wishes.removeAll()
        return dialect == .document ? [] : details?.member.leaveAll() ?? []
    }

    // MARK: The past

    /// Since when it has been sent what it listens to, and what is for everyone.
    var reception: Reception { details?.member.reception ?? Reception() }
    var hearsSince: UInt64 { since }

    /// Takes what it wants of the past next.
    package mutating func takeRequest() -> PastRequest? { details?.wishes.take() }

    /// A replay is over: everything that was for the client, or what it was told is lost.
    ///
    /// - Parameter seq: Where its loop stands.
    package mutating func finish(_ replay: Replay, epoch: String, seq: UInt64) -> [SessionAction] {
        if replay.request.channel == nil { since = min(since, replay.start) }
        details?.member.extend(replay.channels, back: replay.start)
        return replay.outcome(for: dialect, epoch: epoch, seq: seq) + pollEnd(false)
    }
}
