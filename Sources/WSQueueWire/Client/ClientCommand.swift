package import WSQueueCore

/// The actions that there are; each has a row in the table of who may do what (`Tests/EndToEnd/access/test_callers.py`).
package enum ClientAction: String, CaseIterable, Sendable {
    case subscribe, unsubscribe, resume, message, authenticate, presence, ping, pong

    /// The members of `data` that count; others are ignored, as the contract says of events.
    fileprivate var fields: [String] {
        switch self {
        case .subscribe: ["channel", "channels", "since", "state"]
        case .unsubscribe: ["channel", "channels"]
        case .resume: ["since", "state"]
        case .message: ["channel", "message", "recipients"]
        case .authenticate: ["token"]
        case .presence: ["channel", "status", "activity", "next"]
        case .ping, .pong: []
        }
    }
}

/// What a client asks for: `{"action":…,"data":{…}}`.
///
/// Names of channels are passed on as they were sent: whether they may be, is the broker's business.
package enum ClientCommand: Equatable, Sendable {
    /// Listen to a channel or a pattern; from some place in the past on, if one is named; perhaps with its state.
    case subscribe(channel: String, since: Since?, state: Bool = false)
    /// Listen to several, with one answer.
    case subscribeEach(channels: [String], since: Since?, state: Bool)
    /// Listen no longer.
    case unsubscribe(channel: String)
    /// Listen to none of these any longer, with one answer.
    case unsubscribeEach(channels: [String])
    /// Send what was missed since some place in the past, perhaps with the state of all that is listened to.
    case resume(since: Since, state: Bool = false)
    /// Pass JSON on to the channel's subscribers, or to those connections among them.
    case message(channel: String, message: [UInt8], recipients: [Int64]?)
    /// Take this token from now on.
    case authenticate(token: String)
    /// Say how one is, if anything is given, and hear who is there, from the first on or from where an answer ended; the
    /// activity is JSON.
    case presence(channel: String, status: PresenceStatus?, activity: [UInt8]?, next: UInt64)
    /// Answer with a pong.
    case ping
    /// I am here.
    case pong

    /// Whether it only says that the client is there.
    package var isHeartbeat: Bool { self == .ping || self == .pong }

    /// Whether it is free of charge when a client's messages are counted: who is told to wait must not hear meanwhile what
    /// he has given back.
    package var isFree: Bool {
        switch self {
        case .ping, .pong, .unsubscribe, .unsubscribeEach: true
        case .subscribe, .subscribeEach, .resume, .message, .authenticate, .presence: false
        }
    }

    /// The action that it came as.
    package var action: ClientAction {
        switch self {
        case .subscribe, .subscribeEach: .subscribe
        case .unsubscribe, .unsubscribeEach: .unsubscribe
        case .resume: .resume
        case .message: .message
        case .authenticate: .authenticate
        case .presence: .presence
        case .ping: .ping
        case .pong: .pong
        }
    }

    /// Reads a client's message.
    ///
    /// - Parameter bytes: The text of the message, any bytes.
    /// - Throws: ``ClientError`` with what the client is told.
    package static func decode(_ bytes: Span<UInt8>) throws(ClientError) -> ClientCommand {
        let message = try CommandFields(bytes, named: ["action", "data"])
        let name = try message.text("action", in: bytes)
        let data = try message.object("data", in: bytes)
        let contents = bytes.extracting(data ?? 0..<0)
        let action = ClientAction(rawValue: name)
        let fields = data == nil ? CommandFields() : try CommandFields(contents, named: action?.fields ?? [])
        guard let action else { throw .unknownAction(name) }
        return try make(action, fields, contents)
    }

    private static func make(
        _ action: ClientAction, _ fields: CommandFields, _ bytes: Span<UInt8>
    ) throws(ClientError) -> ClientCommand {
        switch action {
        case .subscribe:
            let since = try fields.optionalSince("since", in: bytes)
            let state = try fields.optionalTruth("state", in: bytes) ?? false
            if let names = try fields.optionalTexts("channels", in: bytes) {
                return .subscribeEach(channels: names, since: since, state: state)
            }
            return .subscribe(channel: try fields.text("channel", in: bytes), since: since, state: state)
        case .unsubscribe:
            if let names = try fields.optionalTexts("channels", in: bytes) { return .unsubscribeEach(channels: names) }
            return .unsubscribe(channel: try fields.text("channel", in: bytes))
        case .resume:
            guard let since = try fields.optionalSince("since", in: bytes) else { throw .missingField("since") }
            return .resume(since: since, state: try fields.optionalTruth("state", in: bytes) ?? false)
        case .message:
            return .message(
                channel: try fields.text("channel", in: bytes), message: try fields.json("message", in: bytes),
                recipients: try fields.optionalIntegers("recipients", in: bytes))
        case .authenticate:
            return .authenticate(token: try fields.text("token", in: bytes))
        case .presence:
            return .presence(
                channel: try fields.text("channel", in: bytes), status: try status(fields, bytes),
                activity: fields.optionalJSON("activity", in: bytes),
                next: try fields.optionalNumber("next", in: bytes) ?? 0)
        case .ping: return .ping
        case .pong: return .pong
        }
    }

    private static func status(
        _ fields: CommandFields, _ bytes: Span<UInt8>
    ) throws(ClientError) -> PresenceStatus? {
        guard let name = try fields.optionalText("status", in: bytes) else { return nil }
        guard let status = PresenceStatus(rawValue: name) else {
            throw .invalidField("status", expected: "online, away, busy or offline")
        }
        return status
    }
}
