internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSession
internal import WSQueueWire

/// Who is in the channels that track it, as a loop tells and asks.
///
/// Users are tracked, so a client without a token listens like all others and is in no list. What happens is told to the
/// channel as events, which the hub publishes or, on several nodes, one of them.
struct PresencePort: Sendable {
    private let presence: SharedPresence
    /// Wakes the thread that looks after presence.
    private let wakeup: Wakeup

    init(_ presence: SharedPresence, _ wakeup: Wakeup) {
        self.presence = presence
        self.wakeup = wakeup
    }

    /// Notes that the client with this connection comes, goes, or says how its user is.
    func note(_ action: SessionAction, _ connection: Int64, now: Int64) {
        switch action {
        case .enter(let channel, let identity):
            presence.withLock { $0.enter(channel, identity, connection) }
            wakeup.signal()
        case .leave(let channel, let user):
            presence.withLock { $0.leave(channel, user, connection, now: now) }
        case .state(let channel, let user, let status, let activity):
            _ = presence.withLock { $0.set(channel, user, status: status?.rawValue, activity: activity) }
            wakeup.signal()
        default: return
        }
    }

    /// The application says how users are in a channel.
    ///
    /// - Parameter until: Until when they are there; `nil` says it only of those who are there.
    /// - Returns: Of how many it was said, and how many are there now; `nil` where no more can be remembered.
    func say(
        _ words: [PresenceWord], in channel: String, until: Int64?, isWhole: Bool, now: Int64
    ) -> (said: Int, count: Int)? {
        let answer = presence.withLock { presence -> (Int, Int)? in
            guard until == nil || presence.visitCount + words.count <= Self.visitLimit else { return nil }
            let said = presence.say(words, in: channel, until: until, isWhole: isWhole, now: now)
            return (said, presence.count(in: channel))
        }
        wakeup.signal()
        return answer
    }

    /// The application has said elsewhere who is in a channel.
    func forget(_ users: [Label]?, in channel: String, now: Int64) {
        presence.withLock { $0.forget(users, in: channel, now: now) }
        wakeup.signal()
    }

    /// How many users may be there because the application says so.
    static let visitLimit = 65_536

    /// How many users are in a channel.
    func count(in channel: String) -> Int { presence.withLock { $0.count(in: channel) } }

    /// Some of the users in a channel, from the one with this number on.
    func page(of channel: String, after number: UInt64) -> PresencePage {
        presence.withLock { $0.page(channel, after: number) }
    }

    /// The text that tells who is in a channel, from the one with this number on.
    func members(of channel: String, after number: UInt64) -> [UInt8] {
        let page = presence.withLock { $0.page(channel, after: number) }
        return ServerMessage.presence(
            channel: channel, members: page.users.map(PresenceMember.init), count: page.count, next: page.next)
    }
}
