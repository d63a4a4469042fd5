internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueWire

/// What clients that speak ask for.
extension DeliveryLoop {
    /// Greets a client, once, with its connection id and the cursor from which on it gets everything.
    mutating func welcome(_ slot: Int, _ peer: Peer, now: Int64) {
        guard !peer.isWelcomed, let cursor = Cursor(epoch: context.epoch, seq: seq) else { return }
        peer.isWelcomed = true
        subscriptions.name(peer.connection, slot: slot)
        let text = ServerMessage.welcome(
            heartbeatSeconds: context.configuration.pingMilliseconds / 1_000, connection: peer.connection,
            isAuthenticated: false, cursor: cursor)
        sendText(text, slot, now: now)
    }

    /// Does what a message asks for, and answers.
    mutating func obey(_ kind: MessageKind, _ text: [UInt8], _ slot: Int, _ peer: Peer, now: Int64) {
        guard kind == .text else { return close(slot, .unsupportedData, reason: "send text, not binary", now: now) }
        welcome(slot, peer, now: now)
        // Sending may have found the connection gone, and the slot may be another client's by now.
        guard table[slot] === peer, peer.stage == .open else { return }
        do throws(ClientError) {
            guard let answer = try answer(to: ClientCommand.decode(text.span), slot) else { return }
            sendText(answer, slot, now: now)
        } catch {
            sendText(ServerMessage.error(error), slot, now: now)
        }
    }

    private mutating func answer(to command: ClientCommand, _ slot: Int) throws(ClientError) -> [UInt8]? {
        switch command {
        case .ping: return ServerMessage.pong()
        case .pong: return nil
        case .subscribe(let channel, nil):
            try subscribe(slot, to: channel)
            return ServerMessage.subscribed(channel)
        case .unsubscribe(let channel):
            subscriptions.unsubscribe(slot, from: channel)
            return ServerMessage.unsubscribed(channel)
        case .subscribe, .resume, .message, .authenticate, .presence:
            throw ClientError("This server does not offer that yet", code: "not_offered")
        }
    }

    private mutating func subscribe(_ slot: Int, to name: String) throws(ClientError) {
        guard let channel = Channel(name) else {
            throw .invalidField("channel", expected: "1 to 255 of A-Z a-z 0-9 . _ - :")
        }
        guard case .open = channel.kind else {
            throw ClientError("Channel needs an authenticated user", code: "forbidden", channel: name)
        }
        guard subscriptions.channelCount(of: slot) < context.configuration.channelLimit else {
            throw ClientError(
                "Too many channels; unsubscribe from one first", code: "too_many_channels", channel: name)
        }
        subscriptions.subscribe(slot, to: channel.name)
    }

    private mutating func sendText(_ text: [UInt8], _ slot: Int, now: Int64) {
        owe(FrameEncoder.frame(.text, text.span), slot)
    }
}
