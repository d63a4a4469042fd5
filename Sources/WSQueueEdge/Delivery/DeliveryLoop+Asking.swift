internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueWire

/// Rules that say `ask`: what a client wants waits until the application has answered.
extension DeliveryLoop {
    /// Whether a client may do something with a channel, with what the application has said so far; ``Access/Verdict/ask``
    /// when it must be asked.
    func verdict(_ verb: Access.Verb, _ channel: String, _ peer: Peer) -> Access.Verdict {
        let verdict = subscriptions.access.verdict(verb, channel, by: peer.identity)
        guard verdict == .ask, let desk = context.authorizeDesk else { return verdict }
        let request = AuthorizeRequest(action: verb.rawValue, channel: channel, credentials: peer.credentials)
        let answer = peer.grant?.request == request ? peer.grant?.isAllowed : desk.answer(to: request, now: now)
        return answer.map { $0 ? .allowed : .forbidden } ?? .ask
    }

    /// Has a command wait if the application must be asked about its channel.
    ///
    /// - Returns: Whether it waits.
    mutating func park(
        _ command: ClientCommand, isQuiet: Bool = false, _ slot: Int, _ peer: Peer, now: Int64
    ) throws(ClientError) -> Bool {
        let (verb, channel): (Access.Verb, String)
        switch command {
        case .subscribe(let name, _): (verb, channel) = (.subscribe, name)
        // Who does not listen is told so without asking anyone.
        case .message(let name, _, _) where subscriptions.hears(slot, name): (verb, channel) = (.publish, name)
        default: return false
        }
        guard Channel.isValid(channel), !subscriptions.isSubscribed(slot, to: channel) || verb == .publish,
            verdict(verb, channel, peer) == .ask
        else { return false }
        let request = AuthorizeRequest(action: verb.rawValue, channel: channel, credentials: peer.credentials)
        guard peer.parked.count < context.configuration.channelLimit,
            ask(Peer.Parked(request: request, command: command, isQuiet: isQuiet), slot, peer, now: now)
        else { throw ClientError("Too many at once; try again", code: "too_many_requests", channel: channel) }
        return true
    }

    /// Does what has waited for an answer.
    mutating func resume(_ request: AuthorizeRequest, isAllowed: Bool, _ token: UInt64, now: Int64) {
        guard let slot = table.slot(of: token), let peer = table[slot], peer.stage == .open else { return }
        let waiting = peer.parked.filter { $0.request == request }
        peer.parked.removeAll { $0.request == request }
        peer.grant = (request, isAllowed)
        for parked in waiting where table[slot] === peer && peer.stage == .open {
            do throws(ClientError) {
                if let command = parked.command {
                    try perform(command, isQuiet: parked.isQuiet, slot, peer, now: now)
                } else if !isAllowed {
                    endSubscription(request.channel, slot, peer)
                    throw ClientError("Channel is not for you", code: "forbidden", channel: request.channel)
                }
            } catch {
                guard table[slot] === peer, peer.stage == .open else { return }
                sendText(ServerMessage.error(error), slot)
            }
        }
        peer.grant = nil
        sendOwed(slot, now: now)
    }

    /// Asks again about a subscription, after its client has become another or the rules have.
    ///
    /// - Returns: Whether it may stay until there is an answer.
    mutating func askAgain(_ channel: String, _ slot: Int, _ peer: Peer, now: Int64) -> Bool {
        let request = AuthorizeRequest(
            action: Access.Verb.subscribe.rawValue, channel: channel, credentials: peer.credentials)
        return ask(Peer.Parked(request: request, command: nil, isQuiet: true), slot, peer, now: now)
    }

    private mutating func ask(_ parked: Peer.Parked, _ slot: Int, _ peer: Peer, now: Int64) -> Bool {
        let waiter = AuthorizeDesk.Waiter(loop: index, token: table.token(of: slot))
        let isUnderWay = peer.parked.contains { $0.request == parked.request }
        guard let desk = context.authorizeDesk, isUnderWay || desk.ask(parked.request, for: waiter, now: now) else {
            return false
        }
        peer.parked.append(parked)
        return true
    }
}
