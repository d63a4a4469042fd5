import Testing
import WSQueueBroker
import WSQueueCore
import WSQueueSession
import WSQueueWire

/// A client's conversation as a test has it: what was said, in an object, because macros cannot take apart what goes
/// through a value that cannot be copied.
final class Conversation {
    var session: ClientSession
    var options = SessionOptions()
    var rules = Access()
    var now: Int64 = 1_000_000_000
    var unix: Int64 = 5_000
    /// How far the wall clock is ahead of what it was at the start.
    var ahead: Int64 = 0
    var seq: UInt64 = 20
    var reached: UInt64 = 20
    var isReplaying = false
    var bounds = PastBounds(epoch: "e1", precedingSeq: 10, lastSeq: 20)
    var known: [AuthorizeRequest: Bool] = [:]
    var isLocal = true
    var seqBefore: [Int64: UInt64] = [:]

    init(
        _ dialect: ClientDialect = .named, at path: String = "/", view: EventView = .logged(nil),
        credentials: AuthorizeRequest.Credentials? = nil, rules: String? = nil
    ) throws {
        let path = path == "/" ? [] : Array(path.utf8)
        session = ClientSession(7, dialect, at: path, view: view, credentials: credentials, since: 20)
        options.messageRate = RateRule(perSecond: 1, burst: 100)
        guard let rules else { return }
        try follow(rules)
        options.asksApplication = true
    }

    /// Other rules hold from now on.
    func follow(_ rules: String) throws { self.rules = Access(rules: try RuleFile.decode(Array(rules.utf8).span)) }

    var facts: SessionFacts {
        SessionFacts(
            now: now, unixSeconds: unix + ahead, steadySeconds: unix, seq: seq, reached: reached,
            isReplaying: isReplaying, bounds: bounds, access: rules, isLocal: isLocal,
            known: { [known] in known[$0] }, seqBefore: { [seqBefore] in seqBefore[$0] ?? 0 })
    }

    func open(
        _ query: String = "", as bearer: TokenVerifier.Result? = nil, retiredAt: Int64? = nil, given: [String] = [],
        lastEvent: String? = nil
    ) throws -> [SessionAction] {
        let target = try RequestTarget(Array("/?\(query)".utf8), method: .get)
        return done(
            session.open(
                as: bearer, retiredAt: retiredAt, target, given: given, lastEvent: lastEvent, options, facts))
    }

    /// What is done of actions for the reader of a document.
    private func done(_ actions: [SessionAction]) -> [SessionAction] {
        session.dialect == .document ? session.shown(actions) : actions
    }

    func say(_ text: String) -> [SessionAction] { session.receive(Array(text.utf8).span, options, facts) }

    /// Says an action with its data.
    func say(_ action: String, _ data: String) -> [SessionAction] {
        say(#"{"action":"\#(action)","data":\#(data)}"#)
    }

    func authenticate(
        _ result: Result<(bearer: TokenVerifier.Result, retiredAt: Int64?), TokenError>, channels: [String] = []
    ) -> [SessionAction] {
        session.authenticate(with: "t", result, channels: channels, options, facts)
    }

    func answer(_ request: AuthorizeRequest, _ isAllowed: Bool) -> [SessionAction] {
        let (questions, next) = session.takeQuestions(request)
        let actions = questions.flatMap { done(session.go(on: $0, isAllowed: isAllowed, options, facts)) }
        return actions + next.map { .ask($0) }
    }

    func checkToken() -> [SessionAction] { session.checkToken(facts) }
    func review(_ channels: [String], retiredAt: Int64? = nil) -> [SessionAction] {
        session.review(retiredAt: retiredAt, channels: channels, options, facts)
    }
    func couldNotAsk(_ request: AuthorizeRequest) -> [SessionAction] { done(session.couldNotAsk(request, facts)) }
    func end() -> [SessionAction] { session.end() }
    func disconnect() -> [SessionAction] { done(session.disconnect()) }
    func takeRequest() -> PastRequest? { session.takeRequest() }
    func finish(_ replay: Replay) -> [SessionAction] { done(session.finish(replay, epoch: "e1", seq: seq)) }
    var ping: String? { session.ping(epoch: "e1", reached: 20).map { String(decoding: $0, as: UTF8.self) } }
    var view: EventView { session.view }
    var user: String? { session.identity?.user.text }
    var secret: UInt64? { session.secret }
    var nextRequest: PastRequest? { session.nextRequest }
    var awaited: [String] { session.awaited }
}

/// The token of a user.
func bearer(_ user: String, expiresAt: Int64? = nil, info: String? = nil) throws -> TokenVerifier.Result {
    let label = try #require(Label(user))
    return TokenVerifier.Result(
        identity: Identity(user: label, info: info.map { Array($0.utf8) }, expiresAtSeconds: expiresAt), secret: 3)
}

func cursor(_ text: String) throws -> Cursor { try #require(Cursor.parse(text)) }
func pattern(_ text: String) throws -> ChannelPattern { try #require(ChannelPattern(text)) }
func label(_ text: String) throws -> Label { try #require(Label(text)) }

extension [SessionAction] {
    /// Each action in a word or two; texts as they are.
    var told: [String] { map(\.told) }
}

extension SessionAction {
    var told: String {
        switch self {
        case .send(let text): String(decoding: text, as: UTF8.self)
        case .position(let text): "position \(text)"
        case .piece(let bytes): "piece \(String(decoding: bytes, as: UTF8.self))"
        case .name: "name"
        case .watch: "watch"
        case .identify(let identity): "identify \(identity?.user.text ?? "-")"
        case .subscribe(let pattern): "subscribe \(pattern.text)"
        case .unsubscribe(let name): "unsubscribe \(name)"
        case .view(let view): view.isLogs ? "view log" : "view own"
        case .replay: "replay"
        case .ask(let request): "ask \(request.action) \(request.channel)"
        case .verify(let token): "verify \(token)"
        case .enter(let channel, let identity): "enter \(channel) \(identity.user.text)"
        case .leave(let channel, let user): "leave \(channel) \(user.text)"
        case .state(let channel, let user, let status, let activity):
            "state \(channel) \(user.text) \(status?.rawValue ?? "-") \(String(decoding: activity ?? [], as: UTF8.self))"
        case .members(let channel, let number): "members \(channel) \(number)"
        case .pass(let channel, let recipients, let text):
            "pass \(channel) \(recipients.map { "\($0)" } ?? "all") \(String(decoding: text, as: UTF8.self))"
        case .keep(let message, let channel, let user):
            "keep \(channel) \(user.text) \(String(decoding: message, as: UTF8.self))"
        case .wake(let time): "wake \(time)"
        case .note(let note): "note \(note)"
        case .close(let code, let reason): "close \(code.rawValue) \(reason)"
        }
    }
}

/// What a client is told that has done something wrong.
func refusal(_ text: String, _ code: String, channel: String? = nil, of request: String? = nil) -> String {
    let more =
        (channel.map { ",\"channel\":\"\($0)\"" } ?? "") + (request.map { ",\"request\":\"\($0)\"" } ?? "")
    return #"{"success":false,"action":"error","error":"\#(text)","code":"\#(code)"\#(more)}"#
}
