package import WSQueueBroker
package import WSQueueWire

/// Something that waits for the application's answer.
package struct ParkedQuestion: Equatable, Sendable {
    /// What the application is asked.
    package let request: AuthorizeRequest
    /// What is done then; `nil` only looks whether a subscription may stay.
    package let command: ClientCommand?
    /// Whether success is not answered, because it was asked for in the URL.
    package let isQuiet: Bool
}

/// What of one client waits for the application, and the answer that is being acted on.
struct Questions {
    private var parked: [ParkedQuestion] = []
    /// What the application is being asked.
    private var underWay: [AuthorizeRequest] = []
    private var granted: (request: AuthorizeRequest, isAllowed: Bool)?

    /// How many questions of one client are under way at once; the others wait here, so that a client that asks for many
    /// channels at once takes no one else's place.
    private static let underWayLimit = 8

    var count: Int { parked.count }
    /// The channels of the URL that an answer is awaited about.
    var awaited: [String] { parked.filter { $0.isQuiet && $0.command != nil }.map(\.request.channel) }

    /// Adds a question.
    ///
    /// - Returns: Whether it must be asked now: the same may be under way, or too many others.
    mutating func add(_ question: ParkedQuestion) -> Bool {
        parked.append(question)
        return begin(question.request)
    }

    /// Takes what waits for an answer, which has come, or does not.
    mutating func take(_ request: AuthorizeRequest) -> [ParkedQuestion] {
        underWay.removeAll { $0 == request }
        let waiting = parked.filter { $0.request == request }
        parked.removeAll { $0.request == request }
        return waiting
    }

    /// Takes all that waits while nothing is under way whose answer would bring its turn.
    mutating func takeStranded() -> [ParkedQuestion] {
        guard underWay.isEmpty else { return [] }
        defer { parked = [] }
        return parked
    }

    /// What is to be asked now.
    mutating func next() -> [AuthorizeRequest] {
        guard parked.count > underWay.count else { return [] }
        return parked.compactMap { begin($0.request) ? $0.request : nil }
    }

    private mutating func begin(_ request: AuthorizeRequest) -> Bool {
        guard underWay.count < Self.underWayLimit, !underWay.contains(request) else { return false }
        underWay.append(request)
        return true
    }

    /// Forgets what waits to subscribe to a channel.
    mutating func forgetSubscriptions(to channel: String) {
        parked.removeAll { $0.request.channel == channel && $0.request.action == Access.Verb.subscribe.rawValue }
    }

    /// While an answer is acted on, it is known.
    mutating func grant(_ request: AuthorizeRequest, _ isAllowed: Bool) { granted = (request, isAllowed) }
    mutating func endGrant() { granted = nil }
    func answer(to request: AuthorizeRequest) -> Bool? {
        granted.flatMap { $0.request == request ? $0.isAllowed : nil }
    }
}

extension Access.Verdict {
    /// What a client is told that may not do something with a channel; `nil` when it may.
    package func refusal(_ channel: String) -> ClientError? {
        switch self {
        case .allowed: nil
        case .needsUser: ClientError("Channel needs an authenticated user", code: "forbidden", channel: channel)
        case .forbidden, .ask: ClientError("Channel is not for you", code: "forbidden", channel: channel)
        }
    }
}
