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
    private var granted: (request: AuthorizeRequest, isAllowed: Bool)?

    var count: Int { parked.count }

    /// Adds a question.
    ///
    /// - Returns: Whether it must be asked: the same may be under way.
    mutating func add(_ question: ParkedQuestion) -> Bool {
        defer { parked.append(question) }
        return !parked.contains { $0.request == question.request }
    }

    /// Takes what waits for an answer.
    mutating func take(_ request: AuthorizeRequest) -> [ParkedQuestion] {
        let waiting = parked.filter { $0.request == request }
        parked.removeAll { $0.request == request }
        return waiting
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

extension [PastRequest] {
    /// Refuses one more: one for each channel may wait, and one for all.
    func checkRoom(_ options: SessionOptions) throws(ClientError) {
        guard count <= options.channelLimit else {
            throw ClientError("Too many at once; wait for what you have asked for", code: "too_many_requests")
        }
    }
}
