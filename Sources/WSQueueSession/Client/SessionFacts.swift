package import WSQueueBroker
internal import WSQueueCore
package import WSQueueWire

/// What the operator has decided about conversations.
package struct SessionOptions: Sendable {
    /// How many channels and patterns one client may listen to.
    package var channelLimit = 128
    /// How often a client may say something; `nil` is no limit.
    package var messageRate: RateRule?
    /// How often a client hears from the server at least, as it is told.
    package var heartbeatSeconds = 25
    /// How many bytes of JSON a user may say about what he does.
    package var activityLimitBytes = 1_024
    /// Whether there are secrets, so that tokens mean something.
    package var takesTokens = false
    /// Whether there is an application to ask.
    package var asksApplication = false

    /// What holds where nothing is said.
    package init() {}

    /// Refuses a list of more channels than a client may have.
    func checkCount(of channels: [String]) throws(ClientError) {
        guard channels.count <= channelLimit else {
            throw .invalidField("channels", expected: "at most \(channelLimit) names")
        }
    }
}

/// What a conversation is told of the rest of the server, as it is at one moment.
package struct SessionFacts {
    /// The monotonic clock, nanoseconds.
    package let now: Int64
    /// The wall clock, Unix seconds.
    package let unixSeconds: Int64
    /// The wall clock as it would be if it had not been set since the start, Unix seconds: tokens end by it.
    package let steadySeconds: Int64
    /// The number of the last event that the client's loop has handed out.
    package let seq: UInt64
    /// Up to here the client itself has been handed everything that was for it.
    package let reached: UInt64
    /// Whether it is being sent the past.
    package let isReplaying: Bool
    /// Which channels the past that it is being sent still waits for, and up to where it was sent live what was for it.
    package let joining: (channels: [String], seq: UInt64)?
    /// How far the past reaches.
    package let bounds: PastBounds
    /// The rules.
    package let access: Access
    /// Whether the client has the rights of this machine.
    package let isLocal: Bool
    /// What the application has said before, as long as that may be kept.
    package let known: (AuthorizeRequest) -> Bool?
    /// Finds the number up to which events are older than a time (Unix nanoseconds), as ``Journal/seq(before:)`` does.
    package let seqBefore: (Int64) -> UInt64

    /// Makes facts.
    package init(
        now: Int64, unixSeconds: Int64, steadySeconds: Int64, seq: UInt64, reached: UInt64, isReplaying: Bool,
        joining: (channels: [String], seq: UInt64)? = nil, bounds: PastBounds, access: Access, isLocal: Bool = false,
        known: @escaping (AuthorizeRequest) -> Bool? = { _ in nil },
        seqBefore: @escaping (Int64) -> UInt64 = { _ in 0 }
    ) {
        self.now = now
        self.unixSeconds = unixSeconds
        self.steadySeconds = steadySeconds
        self.seq = seq
        self.reached = reached
        self.isReplaying = isReplaying
        self.joining = joining
        self.bounds = bounds
        self.access = access
        self.isLocal = isLocal
        self.known = known
        self.seqBefore = seqBefore
    }

    /// Since when a client that subscribes now is sent what comes.
    func beginning(of channel: String) -> UInt64 {
        if let joining, joining.channels.contains(channel) { return joining.seq }
        // What a replay under way holds back is not for the new channel either.
        return isReplaying ? seq : reached
    }

    func cursor(_ seq: UInt64) -> Cursor? { Cursor(epoch: bounds.epoch, seq: seq) }

    /// The place that a client means.
    func place(_ since: Since) -> Cursor? {
        switch since {
        case .cursor(let cursor): cursor
        case .all: cursor(bounds.precedingSeq)
        case .latest: cursor(reached)
        case .age, .time: since.start(unixNanoseconds: unixSeconds * 1_000_000_000).flatMap { cursor(seqBefore($0)) }
        }
    }
}
