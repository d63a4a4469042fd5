internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueRedis
internal import WSQueueSystem
internal import WSQueueWire

/// What clients say to each other, and how much of it.
///
/// It does not go through the log: it is of the moment, and nobody gets it later. Each loop hands a message to its own
/// clients; mailboxes keep the order of one sender for every receiver.
extension DeliveryLoop {
    /// Counts a message of a client.
    ///
    /// - Throws: ``ClientError`` when it is one too many. Who goes on all the same is closed.
    mutating func charge(_ slot: Int, _ peer: Peer, now: Int64) throws(ClientError) {
        guard let rule = context.configuration.messageRate, !peer.messageRate.take(rule, now: now) else { return }
        context.counters.limited.add()
        if !peer.refusalRate.take(rule, now: now) {
            context.counters.flooded.add()
            context.log.write(
                LogLine(.warning, "client.error").with("conn", peer.connection).with("addr", peer.address.description)
                    .with("code", CloseCode.rateLimited.rawValue).with("reason", "message rate"))
            close(slot, .rateLimited, reason: "too many messages", now: now)
        }
        let wait = peer.messageRate.wait(rule, now: now)
        throw .rateLimited(retryAfterSeconds: Int((wait + 999_999_999) / 1_000_000_000))
    }

    /// Passes a message on to the others of its channel.
    mutating func pass(_ command: ClientCommand, _ slot: Int, _ peer: Peer, now: Int64) throws(ClientError) {
        guard case .message(let channel, let message, let recipients) = command else { return }
        guard subscriptions.hears(slot, channel) else { throw .notSubscribed(channel) }
        try checkAccess(.publish, channel, peer)
        context.counters.messages.add()
        let text = ServerMessage.message(
            channel: channel, sender: peer.connection, message: message,
            unixSeconds: Clock.unixNanoseconds() / 1_000_000_000)
        let passed = ClientMessage(
            channel: channel, recipients: recipients, frame: FrameEncoder.frame(.text, text.span))
        let token = table.token(of: slot)
        let count = hand(passed, now: now)
        // The desk that speaks with other nodes answers for all their clients, as a loop does for its own.
        let others = context.loops.count - 1 + (context.nodes == nil ? 0 : 1)
        // Handing it out may have found the sender gone; the others get it all the same.
        let isThere = table[slot] === peer && peer.stage == .open
        guard others > 0 else {
            if isThere { sendText(ServerMessage.messageSent(recipients: count), slot) }
            return
        }
        let ticket = messagesUnderWay.add(from: token, count: count, loops: others)
        if isThere { awaitAnswer(slot, peer) }
        for other in context.loops.indices where other != index {
            context.loops[other].mailbox.post(.pass(passed, from: index, ticket: ticket))
        }
        context.nodes?.post(.call(passed, loop: index, ticket: ticket))
    }

    /// Hands a message to the clients of this loop that it is for.
    ///
    /// - Returns: How many there are.
    mutating func hand(_ message: ClientMessage, now: Int64) -> Int {
        var slots: Set<Int> = []
        if let recipients = message.recipients {
            for connection in recipients {
                guard let slot = subscriptions.slot(of: connection) else { continue }
                if subscriptions.hears(slot, message.channel) { slots.insert(slot) }
            }
        } else {
            var found: [Int] = []
            subscriptions.append(selectedBy: .channel(message.channel, except: nil), to: &found)
            slots.formUnion(found)
        }
        for slot in slots {
            // It is no event of the queue's, so the queue does not wait for who does not take it.
            guard let peer = table[slot] else { continue }
            if peer.outbox.count > context.configuration.slowClients.limitBytes {
                closeSlow(slot, now: now)
            } else {
                sendOwn(peer.isStream ? Self.streamed(message.frame) : message.frame, slot, now: now)
            }
        }
        return slots.count
    }

    /// The message of a frame, as a reader of a stream gets it.
    private static func streamed(_ frame: [UInt8]) -> [UInt8] {
        ServerSentEvent.message(frame.span.extracting(FrameEncoder.payloadStart(in: frame.span)...))
    }

    /// Notes that another loop has handed out a message of this one.
    mutating func notePassed(_ ticket: UInt64, count: Int, now: Int64) {
        guard let (sender, sum) = messagesUnderWay.passed(ticket, count: count),
            let slot = table.slot(of: sender), let peer = table[slot], peer.stage == .open
        else { return }
        sendText(ServerMessage.messageSent(recipients: sum), slot)
        endAwaiting(slot, peer, now: now)
    }
}
