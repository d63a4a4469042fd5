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
    let presence: SharedPresence
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

    /// The application says how users are in a channel; see ``SharedPresence``.
    func say(
        _ words: [PresenceWord], in channel: String, until: Int64?, isWhole: Bool, now: Int64
    ) -> (said: Int, count: Int)? {
        defer { wakeup.signal() }
        return presence.say(words, in: channel, until: until, isWhole: isWhole, now: now)
    }

    /// The application has said elsewhere who is in a channel.
    func forget(_ users: [Label]?, in channel: String, now: Int64) {
        presence.withLock { $0.forget(users, in: channel, now: now) }
        wakeup.signal()
    }

    /// The text that tells who is in a channel, from the one with this number on.
    func members(of channel: String, after number: UInt64) -> [UInt8] {
        let page = presence.withLock { $0.page(channel, after: number) }
        return ServerMessage.presence(
            channel: channel, members: page.users.map(PresenceMember.init), count: page.count, next: page.next)
    }
}
