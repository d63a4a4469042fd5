internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog

/// Since when a client has been sent live what was for it: so it is known which records of the past it lacks.
///
/// Everything after a number of these it has been sent, or is being sent.
package struct Reception: Sendable {
    private var identifiedSince: UInt64 = 0
    private var sinceByName: [String: UInt64] = [:]

    /// A client without a user, which listens to nothing.
    package init() {}

    /// How many channels and patterns it listens to.
    package var count: Int { sinceByName.count }

    /// Since when it has listened to the first of them.
    var earliest: UInt64 { sinceByName.values.min() ?? .max }

    /// Whether it listens to this very channel or pattern.
    package func contains(_ name: String) -> Bool { sinceByName[name] != nil }

    /// From this number on it is another user's.
    package mutating func identify(since seq: UInt64) { identifiedSince = seq }

    /// From this number on it listens to a channel or pattern.
    package mutating func begin(_ name: String, since seq: UInt64) { sinceByName[name] = seq }

    /// It listens to it no longer.
    package mutating func end(_ name: String) { sinceByName[name] = nil }

    /// A replay has sent it the past of these channels and patterns from a number on.
    package mutating func extend(_ names: Set<String>, back seq: UInt64) {
        for name in names {
            guard let since = sinceByName[name] else { continue }
            sinceByName[name] = min(since, seq)
        }
    }

    /// Whether a client lacks an event of the past that is for it.
    ///
    /// - Parameters:
    ///   - seq: The event's number.
    ///   - isForUser: Whether it is for users: they have been sent it live since the client is that user.
    ///   - ways: For each copy that is for the client, the subscriptions through which it comes; `nil` is none.
    ///   - clientSince: Since when the client has been sent what is for everyone.
    ///   - replay: What it is getting of the past.
    package func lacks(
        _ seq: UInt64, isForUser: Bool, ways: [[String]?], clientSince: UInt64, during replay: Replay
    ) -> Bool {
        lacks(
            seq, isForUser: isForUser, ways: ways.map { way(of: $0, clientSince: clientSince, during: replay) },
            during: replay)
    }

    /// A way by which events come to a client.
    struct Way {
        /// Since when it has been sent what comes by it.
        let since: UInt64
        /// Whether its past is wanted.
        let isWanted: Bool
    }

    /// The way through some subscriptions; `nil` is none, for what is for everyone.
    func way(of subscriptions: [String]?, clientSince: UInt64, during replay: Replay) -> Way {
        let since = subscriptions.map { $0.lazy.compactMap { sinceByName[$0] }.min() ?? .max } ?? clientSince
        return Way(since: since, isWanted: replay.includes(subscriptions))
    }

    func lacks(_ seq: UInt64, isForUser: Bool, ways: [Way], during replay: Replay) -> Bool {
        // Of what is held back it gets what it would get live, of what lies before that only what it asked for.
        let isHeld = seq > replay.heldSince
        let isLive = ways.contains {
            max($0.since, isForUser ? identifiedSince : 0) < seq && !(isHeld && $0.isWanted && seq <= replay.hadSeq)
        }
        if isHeld { return isLive }
        return !isLive && ways.contains { $0.isWanted }
    }

    /// What a client lacks of events that are gone.
    func loss(
        of trimmed: HistoryMarks, for slot: Int, user: String?, clientSince: UInt64, during replay: Replay,
        _ subscriptions: SubscriptionTable
    ) -> HistoryMarks.Loss {
        func find(_ channel: String?) -> Way? {
            var subscribed: [String]?
            if let channel {
                subscribed = subscriptions.subscriptions(of: slot, hearing: channel)
                guard subscribed != [] else { return nil }
            } else {
                guard subscriptions.isAddressed(slot, by: .everyone) else { return nil }
            }
            return way(of: subscribed, clientSince: clientSince, during: replay)
        }
        let isHeldGone = trimmed.end > replay.heldSince
        // Of what lies before what is held back it lacks what it was not sent and has asked for.
        func wanted(after seq: UInt64) -> HistoryMarks.Loss {
            trimmed.loss(after: seq, names: Self.names(replay.channels), user: user) { channel in
                guard let way = find(channel), way.isWanted else { return false }
                return way.since > replay.reached || (isHeldGone && way.since < trimmed.end)
            }
        }
        var loss = wanted(after: max(replay.reached, replay.hadSeq))
        // What came after the moment of its state that does not tell.
        if let cut = replay.stateCut, trimmed.end > cut, loss.any, wanted(after: max(replay.reached, cut)).any {
            loss.plain = true
        }
        guard isHeldGone else { return loss }
        // What is held back it would get live, by all its ways; the state that it has asked for tells nothing of the others.
        let held = trimmed.loss(
            after: max(replay.reached, replay.heldSince), names: Self.names(sinceByName.keys), user: user
        ) { channel in
            guard let way = find(channel), !way.isWanted else { return false }
            return way.since < trimmed.end
        }
        guard held.any else { return loss }
        loss.isUnsure = held.isUnsure && (loss.isUnsure || !loss.any)
        (loss.any, loss.plain) = (true, true)
        return loss
    }

    /// Channels' names; `nil` where patterns are among them.
    private static func names(_ channels: some Collection<String>) -> [String]? {
        channels.allSatisfy(Channel.isValid) ? Array(channels) : nil
    }
}
