package import WSQueueBroker
internal import WSQueueCore
internal import WSQueueSystem
package import WSQueueWire

/// Who is where, as all threads share it: the loops say who comes and goes, and the hub, or the thread that speaks with
/// other nodes, tells the others.
package final class SharedPresence: Sendable {
    private let presence: Guarded<Presence>

    /// No one is anywhere.
    package init(_ rule: PresenceRule) { presence = Guarded(Presence(rule)) }

    /// Looks at it, or changes it, while no other thread does.
    package func withLock<Result>(_ body: (inout Presence) -> Result) -> Result { presence.withLock { body(&$0) } }

    /// How many users may be there because the application says so.
    package static let visitLimit = 65_536

    /// The application says how users are in a channel.
    ///
    /// - Parameters:
    ///   - until: Until when they are there; `nil` says it only of those who are there.
    ///   - isWhole: Whether others whom it has said to be there are so no longer.
    /// - Returns: Of how many it was said, and how many are there now; `nil` where no more can be remembered.
    package func say(
        _ words: [PresenceWord], in channel: String, until: Int64?, isWhole: Bool, now: Int64
    ) -> (said: Int, count: Int)? {
        withLock { presence -> (said: Int, count: Int)? in
            guard until == nil || presence.visitCount + words.count <= Self.visitLimit else { return nil }
            let said = presence.say(words, in: channel, until: until, isWhole: isWhole, now: now)
            return (said, presence.count(in: channel))
        }
    }
}

extension PresenceNews {
    /// The event that tells it, as one in the queue would be written.
    package var event: [UInt8] {
        let payload = ServerMessage.presenceNews(
            members: users.map(PresenceMember.init), unnamed: unnamed, count: count)
        // A channel's name has nothing that JSON would have to escape.
        let head = "{\"event\":\"presence.\(kind.rawValue)\",\"channel\":\"\(channel)\",\"payload\":"
        return Array(head.utf8) + payload + Array("}".utf8)
    }
}

extension PresenceMember {
    /// A user as clients see it.
    package init(_ user: PresentUser) {
        self.init(
            user: user.user.text, status: PresenceStatus(rawValue: user.status) ?? .online, activity: user.activity,
            info: user.info)
    }
}
