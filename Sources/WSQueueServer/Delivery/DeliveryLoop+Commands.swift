internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueWire

/// What clients that speak ask for.
extension DeliveryLoop {
    /// Greets a client, once, with its connection id and the cursor from which on it gets everything.
    mutating func welcome(_ slot: Int, _ peer: Peer, now: Int64) {
        guard !peer.isWelcomed, let cursor = Cursor(epoch: context.epoch, seq: seqReached(by: slot, peer)) else {
            return
        }
        peer.isWelcomed = true
        subscriptions.name(peer.connection, slot: slot)
        let text = ServerMessage.welcome(
            heartbeatSeconds: context.configuration.pingMilliseconds / 1_000, connection: peer.connection,
            isAuthenticated: peer.identity != nil, cursor: cursor)
        sendText(text, slot, now: now)
    }

    /// Does what a message asks for, and answers.
    mutating func obey(_ kind: MessageKind, _ text: [UInt8], _ slot: Int, _ peer: Peer, now: Int64) {
        guard kind == .text else { return close(slot, .unsupportedData, reason: "send text, not binary", now: now) }
        welcome(slot, peer, now: now)
        // Sending may have found the connection gone, and the slot may be another client's by now.
        guard table[slot] === peer, peer.stage == .open else { return }
        do throws(ClientError) {
            let command = try ClientCommand.decode(text.span)
            let past = try past(wantedBy: command, peer)
            if let answer = try answer(to: command, slot, peer) { sendText(answer, slot, now: now) }
            if let past { request(past, slot, peer, now: now) }
        } catch {
            sendText(ServerMessage.error(error), slot, now: now)
        }
    }

    /// Does what the query of a client's request asks for: `channels=a,b` and `since=<cursor>`.
    ///
    /// - Returns: Where the client wants to go on, and what was wrong.
    mutating func subscribe(
        _ slot: Int, _ peer: Peer, asAskedIn target: RequestTarget
    ) -> (since: Cursor?, errors: [ClientError]) {
        var errors: [ClientError] = []
        for name in target.value(of: "channels")?.split(separator: ",") ?? [] {
            do throws(ClientError) {
                try subscribe(slot, peer, to: String(name))
            } catch {
                errors.append(error)
            }
        }
        guard let since = target.value(of: "since") else { return (nil, errors) }
        let cursor = Cursor.parse(since)
        if cursor == nil { errors.append(.invalidCursor) }
        return (cursor, errors)
    }

    private mutating func answer(
        to command: ClientCommand, _ slot: Int, _ peer: Peer
    ) throws(ClientError) -> [UInt8]? {
        switch command {
        case .ping: return ServerMessage.pong()
        case .pong, .resume: return nil
        case .subscribe(let channel, _):
            try subscribe(slot, peer, to: channel)
            return ServerMessage.subscribed(channel)
        case .unsubscribe(let channel):
            subscriptions.unsubscribe(slot, from: channel)
            peer.channelsLiveSince[channel] = nil
            return ServerMessage.unsubscribed(channel)
        case .authenticate(let token):
            return try authenticate(token, slot, peer)
        case .message, .presence:
            throw ClientError("This server does not offer that yet", code: "not_offered")
        }
    }

    /// The past that a command asks for.
    private func past(wantedBy command: ClientCommand, _ peer: Peer) throws(ClientError) -> Replay.Request? {
        let request: Replay.Request
        switch command {
        case .resume(let since): request = Replay.Request(since: since, channel: nil)
        case .subscribe(let channel, let since?): request = Replay.Request(since: since, channel: channel)
        default: return nil
        }
        // One for each channel may wait, and one for all.
        guard peer.replayRequests.count <= context.configuration.channelLimit else {
            throw ClientError("Too many at once; wait for what you have asked for", code: "too_many_requests")
        }
        return request
    }

    private mutating func subscribe(_ slot: Int, _ peer: Peer, to name: String) throws(ClientError) {
        guard let channel = Channel(name) else {
            throw .invalidField("channel", expected: "1 to 255 of A-Z a-z 0-9 . _ - :")
        }
        if let refusal = refusal(of: access.verdict(.subscribe, channel.name, by: peer.identity), channel.name) {
            throw refusal
        }
        guard subscriptions.channelCount(of: slot) < context.configuration.channelLimit else {
            throw ClientError(
                "Too many channels; unsubscribe from one first", code: "too_many_channels", channel: name)
        }
        // What a replay under way holds back is not for the new channel either.
        let reached = peer.replay == nil ? seqReached(by: slot, peer) : seq
        guard subscriptions.subscribe(slot, to: channel.name) else { return }
        peer.channelsLiveSince[channel.name] = reached
    }

    private mutating func sendText(_ text: [UInt8], _ slot: Int, now: Int64) {
        owe(FrameEncoder.frame(.text, text.span), slot)
    }
}
