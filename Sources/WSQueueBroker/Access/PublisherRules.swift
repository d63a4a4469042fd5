internal import WSQueueCore

/// Who has published an event, as rules know it.
package enum EventPublisher: Equatable, Sendable {
    /// No one can tell.
    case unknown
    /// A user of this machine, with all its groups.
    case user(UInt32, groups: [UInt32])
    /// One whose events the server itself has put into the queue: `http:2` knows the token in that line, `client:42` is a
    /// client's user.
    case named(String)
}

/// Who may publish which events into which channels (SPEC §6, `--publishers`).
///
/// A rule permits something, and what none permits is refused. Without `event` it is about all events, without `channel`
/// about all channels and about events without one.
package struct PublisherRules: Sendable {
    /// Whom a rule is about.
    enum Source: Equatable, Sendable {
        /// `*`: all, also those of whom no one can tell who they are.
        case everyone
        case user(UInt32)
        case group(UInt32)
        case named(String)
        /// `http:*` and `client:*`: all whose name begins so.
        case kind(String)
        /// A user or group that does not exist.
        case nobody

        fileprivate func includes(_ publisher: EventPublisher) -> Bool {
            switch (self, publisher) {
            case (.everyone, _): true
            case (.user(let wanted), .user(let user, _)): wanted == user
            case (.group(let wanted), .user(_, let groups)): groups.contains(wanted)
            case (.named(let wanted), .named(let name)): wanted.utf8.elementsEqual(name.utf8)
            case (.kind(let prefix), .named(let name)): name.utf8.starts(with: prefix.utf8)
            default: false
            }
        }
    }

    struct Rule: Sendable {
        var sources: [Source] = []
        /// `nil` is all.
        var events: EventFilter?
        /// `nil` is all.
        var channels: [ChannelPattern]?
        var isAboutChannelless = true
    }

    /// What a publisher may not do.
    package enum Refusal: Equatable, Sendable {
        /// Publish such an event, wherever.
        case event
        /// Publish it into this channel.
        case channel(String)
        /// Publish it without a channel.
        case channelless
    }

    private let rules: [Rule]
    /// What may not be meant, a line each: users and groups that do not exist.
    package let doubts: [String]

    init(_ rules: [Rule], doubts: [String]) {
        self.rules = rules
        self.doubts = doubts
    }

    /// Rules that permit nothing.
    package static let none = PublisherRules([], doubts: [])

    /// How many rules there are.
    package var count: Int { rules.count }

    /// Whether a rule is about a publisher: one that none is about may publish nothing.
    package func name(_ publisher: EventPublisher) -> Bool {
        rules.contains { $0.sources.contains { $0.includes(publisher) } }
    }

    /// What a publisher may not do of what it does; `nil` where it may do all of it.
    ///
    /// - Parameters:
    ///   - event: The event's name, UTF-8.
    ///   - channels: All that the event is for; each has to be permitted.
    package func refusal(of publisher: EventPublisher, event: Span<UInt8>, channels: [String]) -> Refusal? {
        var own: [Rule] = []
        for rule in rules where rule.sources.contains(where: { $0.includes(publisher) }) {
            if let events = rule.events, !events.includes(event) { continue }
            own.append(rule)
        }
        guard !own.isEmpty else { return .event }
        guard !channels.isEmpty else { return own.contains(where: \.isAboutChannelless) ? nil : .channelless }
        let refused = channels.first { channel in
            !own.contains { $0.channels?.contains { $0.matches(channel) } ?? true }
        }
        return refused.map { .channel($0) }
    }
}
