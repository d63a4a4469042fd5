internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// Who is in the channels that track it.
///
/// Users are tracked, so who has no token listens like everyone and is nobody there. What happens is told to the channel
/// as events, which the hub publishes (``SpoolPump``) or, on several nodes, one of them (``NodeLoop``).
extension DeliveryLoop {
    /// Notes that a client listens to a channel from now on.
    mutating func enterPresence(_ name: String, _ peer: Peer) {
        guard Channel(name)?.kind == .presence, let identity = peer.identity else { return }
        peer.presences.append((name, identity.user))
        let connection = peer.connection
        context.presence.withLock { $0.enter(name, identity, connection) }
        context.presenceWakeup.signal()
    }

    /// Notes that it does so no more.
    mutating func leavePresence(_ name: String, _ peer: Peer, now: Int64) {
        guard let index = peer.presences.firstIndex(where: { $0.channel == name }) else { return }
        let user = peer.presences.remove(at: index).user
        let connection = peer.connection
        context.presence.withLock { $0.leave(name, user, connection, now: now) }
    }

    /// Notes that a client has gone.
    mutating func leaveAllPresences(_ peer: Peer, now: Int64) {
        for (name, _) in peer.presences { leavePresence(name, peer, now: now) }
    }

    /// Notes that a client is somebody else from now on.
    mutating func renewPresences(_ slot: Int, _ peer: Peer, now: Int64) {
        leaveAllPresences(peer, now: now)
        for name in subscriptions.channels(of: slot) { enterPresence(name, peer) }
    }

    /// Tells a client that speaks who is in a channel to which it has just subscribed.
    mutating func tellPresence(_ name: String, _ slot: Int, _ peer: Peer, now: Int64) {
        guard peer.isWelcomed, Channel(name)?.kind == .presence else { return }
        sendText(members(of: name, after: 0), slot)
    }

    /// Does what `presence` asks for.
    mutating func presence(
        _ command: ClientCommand, _ slot: Int, _ peer: Peer
    ) throws(ClientError) -> [UInt8] {
        guard case .presence(let name, let status, let activity, let next) = command else { return [] }
        guard Channel(name)?.kind == .presence else {
            throw .invalidField("channel", expected: "a channel that begins with presence.")
        }
        guard subscriptions.hears(slot, name) else { throw .notSubscribed(name) }
        guard status != nil || activity != nil else { return members(of: name, after: next) }
        let limit = context.configuration.presence.detailLimitBytes
        guard (activity?.count ?? 0) <= limit else {
            throw .invalidField("activity", expected: "at most \(limit) bytes of JSON")
        }
        // By a pattern one listens and is not there.
        guard let user = peer.presences.first(where: { $0.channel == name })?.user else {
            guard peer.identity == nil else { throw .notSubscribed(name) }
            throw ClientError("Channel needs an authenticated user", code: "forbidden", channel: name)
        }
        _ = context.presence.withLock { $0.set(name, user, status: status?.rawValue, activity: activity) }
        context.presenceWakeup.signal()
        return members(of: name, after: next)
    }

    private func members(of name: String, after number: UInt64) -> [UInt8] {
        let page = context.presence.withLock { $0.page(name, after: number) }
        return ServerMessage.presence(
            channel: name, members: page.users.map(PresenceMember.init), count: page.count, next: page.next)
    }
}
