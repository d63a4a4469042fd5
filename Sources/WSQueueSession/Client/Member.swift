internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueWire

/// Who a client is, where it listens, and what it may: its part of the conversation about users and rules.
struct Member {
    private var known: Identity?
    private var token: HeldToken?
    private var credentials: AuthorizeRequest.Credentials?
    private var listening = Listening()
    private var given = GivenChannels()
    private var questions = Questions()

    init(_ credentials: AuthorizeRequest.Credentials?) { self.credentials = credentials }

    var identity: Identity? { known }
    var reception: Reception { listening.reception }
    var secret: UInt64? { token?.secret }
    var presentIn: [String] { listening.presentIn }
    /// Whether an answer of the application is awaited.
    var isAsking: Bool { questions.count > 0 }
    var awaited: [String] { questions.awaited }

    // MARK: Users

    /// Takes the client for whom its token names.
    ///
    /// - Parameter channels: What it listens to; `nil` where it comes as this one, and is sent the past as this one too.
    mutating func identify(
        as bearer: TokenVerifier.Result, retiredAt: Int64?, channels: [String]?, _ facts: SessionFacts,
        _ actions: inout [SessionAction]
    ) {
        let (before, identity) = (known, bearer.identity)
        if before?.user != identity.user { listening.identify(since: channels == nil ? 0 : facts.reached) }
        known = identity
        actions.append(.identify(identity))
        if before?.user != identity.user || before?.info != identity.info {
            actions += leaveAll()
            actions += (channels ?? []).compactMap { listening.enter($0, identity) }
        }
        let token = HeldToken(
            bearer, retiredAt: retiredAt, unixSeconds: facts.unixSeconds, steadySeconds: facts.steadySeconds)
        hold(token, &actions)
    }

    /// A token that the client has sent names it from now on, also to the application.
    mutating func present(_ text: String) { credentials?.authorization = Array("Bearer \(text)".utf8) }

    /// The secret that signed its token counts no longer from then on (steady Unix seconds).
    mutating func retire(at seconds: Int64, _ actions: inout [SessionAction]) {
        guard var token else { return }
        token.retire(at: seconds)
        hold(token, &actions)
    }

    /// Warns the client when its token's time is nearly over, and ends the conversation when it is.
    ///
    /// - Parameter isTold: Whether it is told in words that the time is over.
    mutating func checkToken(isGreeted: Bool, isTold: Bool, _ facts: SessionFacts) -> [SessionAction] {
        var actions: [SessionAction] = []
        guard token?.isOver(steadySeconds: facts.steadySeconds) ?? false else {
            if isGreeted { warn(facts, &actions) }
            return actions
        }
        return .ending(.tokenExpired, isTold: isTold)
    }

    /// Tells the client when its token's time is over, once that is near; it is told once.
    mutating func warn(_ facts: SessionFacts, _ actions: inout [SessionAction]) {
        guard let left = token?.warning(steadySeconds: facts.steadySeconds) else { return }
        token?.noteWarning()
        let text = ServerMessage.tokenExpiring(expiresAtSeconds: facts.unixSeconds + left, leftSeconds: left)
        actions.append(.send(text))
    }

    private mutating func hold(_ token: HeldToken, _ actions: inout [SessionAction]) {
        self.token = token
        actions += token.dueTimes.map { .wake(at: $0) }
    }

    // MARK: Channels

    func hears(_ channel: String, _ facts: SessionFacts) -> Bool {
        listening.hears(channel, facts.access, known, isStranger: !facts.isLocal)
    }

    mutating func subscribe(
        to name: String, _ options: SessionOptions, _ facts: SessionFacts, _ actions: inout [SessionAction]
    ) throws(ClientError) {
        guard let pattern = ChannelPattern(name) else {
            throw .invalidField(
                "channel", expected: "1 to 255 of A-Z a-z 0-9 . _ - :, or a pattern with * and a last **")
        }
        if pattern.isChannel {
            // What it listens to, the application has allowed; whether it may stay is asked about in `review`.
            let isKept = listening.contains(name) && verdict(.subscribe, name, options, facts) == .ask
            if !isKept { try check(.subscribe, name, options, facts) }
        } else if known == nil, !facts.isLocal, !facts.access.opensPatterns {
            throw ClientError("Patterns need a token; subscribe to channels by name", code: "forbidden", channel: name)
        }
        if listening.contains(name) { return }
        guard listening.count < options.channelLimit else {
            actions.append(.note(.tooManyChannels))
            throw .tooManyChannels(name)
        }
        listening.begin(pattern, since: facts.beginning(of: name))
        actions.append(.subscribe(pattern))
        if let action = listening.enter(name, known) { actions.append(action) }
    }

    mutating func unsubscribe(from name: String, _ actions: inout [SessionAction]) {
        listening.end(name)
        actions.append(.unsubscribe(name))
        if let action = listening.leave(name) { actions.append(action) }
    }

    /// Subscribes to several, and answers: what the application must be asked about is answered by itself, when it has.
    ///
    /// - Parameters:
    ///   - past: What it wants of their past.
    ///   - wishes: Where that is noted.
    /// - Returns: What it listens to.
    mutating func subscribe(
        to channels: [String], _ past: (since: Since?, place: Cursor?, wantsState: Bool), _ wishes: inout PastWishes,
        _ options: SessionOptions, _ facts: SessionFacts, _ actions: inout [SessionAction]
    ) throws(ClientError) -> [String] {
        try options.checkCount(of: channels)
        var (begun, refused, replays) = ([String](), [(channel: String, code: String)](), [SessionAction]())
        for channel in channels {
            let command = ClientCommand.subscribe(channel: channel, since: past.since, state: past.wantsState)
            do throws(ClientError) {
                if try park(command, isQuiet: false, options, facts, &actions) { continue }
                if past.since != nil || past.wantsState { try wishes.checkRoom(options) }
                decide(about: channel)
                try subscribe(to: channel, options, facts, &actions)
                wishes.add(past.place, channel: channel, wantsState: past.wantsState, &replays)
                begun.append(channel)
            } catch {
                refused.append((channel, error.code))
            }
        }
        actions += [.send(ServerMessage.subscribed(begun, refused: refused))] + replays
        return begun
    }

    /// It wants a channel no longer, whatever has become of that until now, and is answered.
    mutating func leave(_ name: String, _ actions: inout [SessionAction]) {
        end(name, &actions)
        actions.append(.send(ServerMessage.unsubscribed(name)))
    }

    /// It wants none of these any longer, and is answered once.
    mutating func leave(
        each names: [String], _ options: SessionOptions, _ actions: inout [SessionAction]
    ) throws(ClientError) {
        try options.checkCount(of: names)
        for name in names { end(name, &actions) }
        actions.append(.send(ServerMessage.unsubscribed(names)))
    }

    private mutating func end(_ name: String, _ actions: inout [SessionAction]) {
        questions.forgetSubscriptions(to: name)
        decide(about: name)
        unsubscribe(from: name, &actions)
    }

    // MARK: Given channels

    /// Notes what the rules give it at its path, where it has connected just now.
    ///
    /// - Parameter names: What it asks for itself.
    mutating func begin(given channels: [String], besides names: [String]) {
        _ = given.change(to: channels, listened: names)
    }

    /// It has asked for a channel or given one back itself.
    mutating func decide(about channel: String) { given.disown(channel) }

    /// Listens to what the rules give it at its path now, and no longer to what they gave it before.
    mutating func follow(
        _ channels: [String], _ options: SessionOptions, _ facts: SessionFacts, _ actions: inout [SessionAction]
    ) {
        let (begun, ended) = given.change(to: channels, listened: channels.filter(listening.contains))
        for name in ended where listening.contains(name) {
            unsubscribe(from: name, &actions)
            actions.append(.send(ServerMessage.unsubscribed(name)))
        }
        for (name, isNew) in begun where !listening.contains(name) {
            do throws(ClientError) {
                let command = ClientCommand.subscribe(channel: name, since: nil)
                if try park(command, isQuiet: true, options, facts, &actions) { continue }
                try subscribe(to: name, options, facts, &actions)
            } catch {
                if isNew { actions.append(.send(ServerMessage.error(error))) }
            }
        }
    }

    /// It is there in no channel any more.
    mutating func leaveAll() -> [SessionAction] { listening.presentIn.compactMap { listening.leave($0) } }

    /// A replay has sent it the past of these channels and patterns from a number on.
    mutating func extend(_ names: Set<String>, back seq: UInt64) { listening.extend(names, back: seq) }

    /// Says how its user is in a channel.
    mutating func state(
        _ channel: String, _ status: PresenceStatus?, _ activity: [UInt8]?, _ options: SessionOptions,
        _ facts: SessionFacts, _ actions: inout [SessionAction]
    ) throws(ClientError) {
        guard Channel(channel)?.kind == .presence else {
            throw .invalidField("channel", expected: "a channel that begins with presence.")
        }
        guard hears(channel, facts) else { throw .notSubscribed(channel) }
        guard status != nil || activity != nil else { return }
        guard (activity?.count ?? 0) <= options.activityLimitBytes else {
            throw .invalidField("activity", expected: "at most \(options.activityLimitBytes) bytes of JSON")
        }
        // Through a pattern a client listens and is not there.
        guard let user = listening.user(in: channel) else {
            guard known == nil else { throw .notSubscribed(channel) }
            throw ClientError("Channel needs an authenticated user", code: "forbidden", channel: channel)
        }
        actions.append(.state(channel: channel, user, status: status, activity: activity))
    }

    /// Sends a message, of the moment or, where the rule says so, one that is kept.
    func send(
        _ message: [UInt8], to channel: String, _ recipients: [Int64]?, from connection: Int64,
        _ options: SessionOptions, _ facts: SessionFacts
    ) throws(ClientError) -> SessionAction {
        guard facts.access.keepsMessages(in: channel) else {
            let text = ServerMessage.message(
                channel: channel, sender: connection, message: message, unixSeconds: facts.unixSeconds)
            return .pass(channel: channel, recipients: recipients, text: text)
        }
        guard let user = known?.user else {
            throw ClientError("Channel needs an authenticated user", code: "forbidden", channel: channel)
        }
        guard recipients == nil else {
            throw .invalidField("recipients", expected: "none: what is sent here is kept, for all who may listen")
        }
        return .keep(message, channel: channel, by: user)
    }

    // MARK: Rules

    /// Refuses what the client may not do with a channel.
    func check(
        _ verb: Access.Verb, _ channel: String, _ options: SessionOptions, _ facts: SessionFacts
    ) throws(ClientError) {
        if let refusal = verdict(verb, channel, options, facts).refusal(channel) { throw refusal }
    }

    /// Has a command wait if the application must be asked about its channel.
    ///
    /// - Returns: Whether it waits.
    mutating func park(
        _ command: ClientCommand, isQuiet: Bool, _ options: SessionOptions, _ facts: SessionFacts,
        _ actions: inout [SessionAction]
    ) throws(ClientError) -> Bool {
        let (verb, channel): (Access.Verb, String)
        switch command {
        case .subscribe(let name, _, _): (verb, channel) = (.subscribe, name)
        // A client that does not listen is told so without asking the application.
        case .message(let name, _, _) where hears(name, facts): (verb, channel) = (.publish, name)
        default: return false
        }
        guard Channel.isValid(channel), verb == .publish || !listening.contains(channel),
            verdict(verb, channel, options, facts) == .ask
        else { return false }
        guard options.asksApplication, questions.count < options.channelLimit else {
            throw Self.tooManyQuestions(channel)
        }
        ask(verb, channel, command, isQuiet: isQuiet, &actions)
        return true
    }

    /// Takes what waits for an answer, and what is to be asked next.
    mutating func takeQuestions(_ request: AuthorizeRequest) -> ([ParkedQuestion], next: [AuthorizeRequest]) {
        (questions.take(request), questions.next())
    }

    /// While an answer is acted on, it is known.
    mutating func grant(_ request: AuthorizeRequest, _ isAllowed: Bool) { questions.grant(request, isAllowed) }
    mutating func endGrant() { questions.endGrant() }

    /// Ends a subscription that was only looked at again, if it is refused.
    mutating func settle(_ request: AuthorizeRequest, isAllowed: Bool, _ actions: inout [SessionAction]) {
        guard !isAllowed, let refusal = Access.Verdict.forbidden.refusal(request.channel) else { return }
        unsubscribe(from: request.channel, &actions)
        actions.append(.send(ServerMessage.error(refusal)))
    }

    /// The application could not be asked, because too many others wait.
    mutating func couldNotAsk(_ request: AuthorizeRequest) -> [SessionAction] {
        var actions: [SessionAction] = []
        for question in questions.take(request) + questions.takeStranded() {
            if question.command == nil {
                settle(question.request, isAllowed: false, &actions)
            } else {
                actions.append(.send(ServerMessage.error(Self.tooManyQuestions(question.request.channel))))
            }
        }
        return actions
    }

    /// Ends the subscriptions that the client may have no longer.
    ///
    /// - Parameter channels: What it listens to. What patterns match is asked about when it is delivered.
    mutating func review(
        _ channels: [String], _ options: SessionOptions, _ facts: SessionFacts, _ actions: inout [SessionAction]
    ) {
        for channel in channels where Channel.isValid(channel) {
            let verdict = verdict(.subscribe, channel, options, facts)
            guard let refusal = verdict.refusal(channel) else { continue }
            // It may stay until there is an answer.
            if verdict == .ask, options.asksApplication {
                ask(.subscribe, channel, nil, isQuiet: true, &actions)
                continue
            }
            unsubscribe(from: channel, &actions)
            actions.append(.send(ServerMessage.error(refusal)))
        }
    }

    /// Whether the client may do something with a channel, with what the application has said so far;
    /// ``Access/Verdict/ask`` when it must be asked.
    private func verdict(
        _ verb: Access.Verb, _ channel: String, _ options: SessionOptions, _ facts: SessionFacts
    ) -> Access.Verdict {
        let verdict = facts.access.verdict(verb, channel, by: known)
        guard verdict == .ask, options.asksApplication else { return verdict }
        let request = AuthorizeRequest(action: verb.rawValue, channel: channel, credentials: credentials)
        let answer = questions.answer(to: request) ?? facts.known(request)
        return answer.map { $0 ? .allowed : .forbidden } ?? .ask
    }

    private mutating func ask(
        _ verb: Access.Verb, _ channel: String, _ command: ClientCommand?, isQuiet: Bool,
        _ actions: inout [SessionAction]
    ) {
        let request = AuthorizeRequest(action: verb.rawValue, channel: channel, credentials: credentials)
        let question = ParkedQuestion(request: request, command: command, isQuiet: isQuiet)
        if questions.add(question) { actions.append(.ask(request)) }
    }

    private static func tooManyQuestions(_ channel: String) -> ClientError {
        ClientError("Too many at once; try again", code: "too_many_requests", channel: channel)
    }
}
