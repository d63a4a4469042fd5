/// What a publisher wrote of an event, as far as it decides who gets it and what it is the state of.
package struct ModelEvent: Equatable {
    package let number: EventNumber
    /// Where it was published; none is for everyone.
    package var channels: [String]
    package var key: String?
    package var clears = false
    /// The users it is for; `nil` is everyone.
    package var recipients: [String]?
    package var exceptedUsers: [String] = []
    /// Unix microseconds; `nil` is never.
    package var expiresAt: Int64?

    package init(_ number: EventNumber, channels: [String] = []) {
        self.number = number
        self.channels = channels
    }

    /// The channels under which its state is kept; an empty name is none.
    var places: [String] { channels.isEmpty ? [""] : channels }

    /// As what the server remembers of users.
    var someUsers: [String] {
        recipients ?? (exceptedUsers.isEmpty ? [] : [exceptedUsers.sorted().joined(separator: ",")])
    }

    func isFor(_ user: String?) -> Bool {
        if let recipients { return user.map(recipients.contains) ?? false }
        return user.map { !exceptedUsers.contains($0) } ?? true
    }
}

/// Who may listen to the channels that rules are about, by their names; all others are open.
package struct ModelRights: Equatable {
    package enum Word: String, CaseIterable {
        case anyone
        case authenticated
        case none
    }

    package var words: [String: Word]

    package init(_ words: [String: Word] = [:]) { self.words = words }

    func allow(_ user: String?, _ channel: String) -> Bool {
        switch words[channel] {
        case nil, .anyone: true
        case .authenticated: user != nil
        case .some(.none): false
        }
    }
}

/// One connection of a client: what it asked for, and what it heard.
package struct ModelTalk {
    /// How the answer about the past ended.
    package enum Answer: Equatable {
        case complete
        case healed
        case gap(to: HistoryCursor)
    }

    package enum Fact: Equatable {
        case welcome(HistoryCursor)
        /// A channel that it may not hear, or not any longer.
        case refused(String)
        case event(seq: UInt64, EventNumber, channel: String?)
        case stateBegins
        case stateEnds(HistoryCursor, keys: Int, isComplete: Bool, unixMicroseconds: Int64)
        /// With the last number before the oldest record that there was then, as far as that is known.
        case resumed(HistoryCursor, Answer, trimmed: UInt64)
        /// The rules may be others from now on.
        case rights(ModelRights)
        /// A reader of a stream that comes back now comes from here: it has, or was told of, everything before.
        case mayReturn(HistoryCursor)
        /// It asks for a channel besides, with its past from a place on, its state, or both, and after that for what it has
        /// missed since where it stands, so that it can tell where the answer ends. What comes by then is part of it.
        case asks(channel: String, since: HistoryCursor?, wantsState: Bool, place: HistoryCursor)
        /// It is told that it listens to that channel.
        case listens(String)
        /// The answer about that channel has ended.
        case joined(HistoryCursor, Answer, trimmed: UInt64)
    }

    package let name: String
    package let user: String?
    /// Names and patterns: `**`, and `x.*`.
    package let asks: [String]
    package let since: HistoryCursor?
    package let wantsState: Bool
    /// Whether it reads a stream of Server-Sent Events.
    package let isStream: Bool
    package let startMicroseconds: Int64
    /// The rules that may hold at its beginning.
    package var rights: [ModelRights]
    package var facts: [Fact] = []

    package init(
        name: String, user: String?, asks: [String], since: HistoryCursor?, wantsState: Bool, isStream: Bool = false,
        startMicroseconds: Int64, rights: [ModelRights]
    ) {
        self.name = name
        self.user = user
        self.asks = asks
        self.since = since
        self.wantsState = wantsState
        self.isStream = isStream
        self.startMicroseconds = startMicroseconds
        self.rights = rights
    }
}

/// Who hears what during a connection: surely, or perhaps.
struct ModelHearing {
    private let user: String?
    private var asks: [String]
    private var rights: [ModelRights]
    private var refused: Set<String> = []
    /// Asked for, and not yet surely listened to.
    private var begun: Set<String> = []

    init(_ talk: ModelTalk) {
        user = talk.user
        asks = talk.asks
        rights = talk.rights
    }

    mutating func note(_ new: ModelRights) { rights.append(new) }

    /// It asks for a channel; and it surely hears it.
    mutating func begin(_ channel: String) {
        asks.append(channel)
        begun.insert(channel)
    }
    mutating func settle(_ channel: String) { begun.remove(channel) }

    /// - Returns: Whether it may have been refused.
    mutating func refuse(_ channel: String) -> Bool {
        refused.insert(channel)
        return asks.contains(channel) && !rights.allSatisfy { $0.allow(user, channel) }
    }

    func wasRefused(_ channel: String) -> Bool { refused.contains(channel) }
    var wasRefusedAny: Bool { !refused.isEmpty }

    func hears(_ channel: String, isSure: Bool) -> Bool {
        guard !channel.isEmpty else { return true }
        let byPattern = asks.contains { Self.matches($0, channel) }
        let byName = asks.contains(channel) && !refused.contains(channel) && !(isSure && begun.contains(channel))
        guard byPattern || byName else { return false }
        return isSure ? rights.allSatisfy { $0.allow(user, channel) } : rights.contains { $0.allow(user, channel) }
    }

    /// Whether it may have heard it at some time.
    func mayHaveHeard(_ channel: String) -> Bool {
        channel.isEmpty
            || (asks.contains { $0 == channel || Self.matches($0, channel) }
                && rights.contains { $0.allow(user, channel) })
    }

    func gets(_ event: ModelEvent, isSure: Bool) -> Bool {
        event.isFor(user) && event.places.contains { hears($0, isSure: isSure) }
    }

    private static func matches(_ pattern: String, _ channel: String) -> Bool {
        if pattern == "**" { return true }
        guard pattern.hasSuffix(".*") else { return false }
        let head = pattern.dropLast(1)
        return channel.hasPrefix(head) && !channel.dropFirst(head.count).contains(".")
    }
}

/// How often what happened, of what the model is about.
package struct ModelCounts {
    package var talks = 0
    package var states = 0
    package var answers = 0
    /// Gaps in which something of the client's own is gone, and in which nothing is.
    package var ownLoss = 0
    package var beyondBound = 0
    /// Complete, though something of others is gone.
    package var foreignLoss = 0
    package var healed = 0
    package var cleared = 0
    package var expired = 0
    package var rightsWithdrawn = 0
    package var trimmed = 0
    /// Channels asked for besides, with their past or state; connections that are streams, and that ended with a token.
    package var joined = 0
    package var streams = 0
    package var tokensEnded = 0

    package init() {}

    package var words: [(name: String, count: Int)] {
        [
            ("talks", talks), ("states", states), ("answers", answers), ("own_loss", ownLoss),
            ("foreign_loss_only", foreignLoss), ("beyond_bound", beyondBound), ("healed", healed),
            ("cleared", cleared), ("expired", expired), ("rights_withdrawn", rightsWithdrawn), ("trimmed", trimmed),
            ("joined", joined), ("streams", streams), ("tokens_ended", tokensEnded),
        ]
    }

    package mutating func add(_ other: ModelCounts) {
        talks += other.talks
        states += other.states
        answers += other.answers
        ownLoss += other.ownLoss
        foreignLoss += other.foreignLoss
        beyondBound += other.beyondBound
        healed += other.healed
        cleared += other.cleared
        expired += other.expired
        rightsWithdrawn += other.rightsWithdrawn
        trimmed += other.trimmed
        joined += other.joined
        streams += other.streams
        tokensEnded += other.tokensEnded
    }
}
