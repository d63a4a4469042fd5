internal import WSQueueCore

/// Why an action was refused, as the client is told.
package struct ClientError: Error, Equatable, Sendable {
    /// What is wrong and what to do; older pages compare some of these texts.
    package let text: String
    /// The same for programs, in lower case with underscores.
    package let code: String
    /// The channel it is about.
    package let channel: String?
    /// When to try again.
    package let retryAfterSeconds: Int?

    /// Makes an error.
    package init(_ text: String, code: String, channel: String? = nil, retryAfterSeconds: Int? = nil) {
        self.text = text
        self.code = code
        self.channel = channel
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// The text is not `{"action":…,"data":{…}}`.
    package static let invalidFormat = ClientError("Invalid message format", code: "invalid_format")

    /// A member that the action needs is not there.
    package static func missingField(_ name: String) -> ClientError {
        ClientError("Missing required field: \(name)", code: "missing_field")
    }

    /// A member has a value that it cannot have.
    package static func invalidField(_ name: String, expected: String) -> ClientError {
        ClientError("Invalid field: \(name); send \(expected)", code: "invalid_field")
    }

    /// A place to begin at that is none.
    package static let invalidSince = invalidField("since", expected: Since.wanted)

    /// The code of a subscription that is one too many.
    package static let tooManyChannels = "too_many_channels"

    /// No action has this name; the beginning of a long one is told.
    package static func unknownAction(_ name: String) -> ClientError {
        ClientError("Unknown action: \(String(name.unicodeScalars.prefix(64)))", code: "unknown_action")
    }

    /// The client sends into a channel to which it does not listen.
    package static func notSubscribed(_ channel: String) -> ClientError {
        ClientError("Not subscribed to channel", code: "not_subscribed", channel: channel)
    }

    /// The client sends more than its share.
    package static func rateLimited(retryAfterSeconds: Int) -> ClientError {
        ClientError(
            "Rate limit exceeded. Please slow down.", code: "rate_limited", retryAfterSeconds: retryAfterSeconds)
    }
}
