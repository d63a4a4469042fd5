internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
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
        sendText(text, slot)
    }

    /// Does what a message asks for, and answers.
    mutating func obey(_ kind: MessageKind, _ text: [UInt8], _ slot: Int, _ peer: Peer, now: Int64) {
        guard kind == .text else { return close(slot, .unsupportedData, reason: "send text, not binary", now: now) }
        do throws(ClientError) {
            let command = try decode(text, slot, peer, now: now)
            if try park(command, slot, peer, now: now) { return }
            try perform(command, slot, peer, now: now)
        } catch {
            // Behind a close frame there is nothing more.
            guard table[slot] === peer, peer.stage == .open else { return }
            sendText(ServerMessage.error(error), slot)
        }
    }

    /// Does what a client asks for, and answers.
    ///
    /// - Parameter isQuiet: Whether success is not answered.
    mutating func perform(
        _ command: ClientCommand, isQuiet: Bool = false, _ slot: Int, _ peer: Peer, now: Int64
    ) throws(ClientError) {
        if case .message = command { return try pass(command, slot, peer, now: now) }
        let past = try past(wantedBy: command, peer)
        if let answer = try answer(to: command, slot, peer), !isQuiet { sendText(answer, slot) }
        if case .subscribe(let channel, _) = command { tellPresence(channel, slot, peer, now: now) }
        if let past { request(past, slot, peer, now: now) }
    }

    /// Says whose client it is from now on; `nil` is nobody's.
    mutating func identify(_ slot: Int, _ peer: Peer, as identity: Identity?) {
        if peer.identity?.user != identity?.user { peer.identifiedSince = seqReached(by: slot, peer) }
        let isOther = peer.identity?.user != identity?.user || peer.identity?.info != identity?.info
        peer.identity = identity
        subscriptions.identify(slot, as: identity)
        if isOther { renewPresences(slot, peer, now: now) }
    }

    /// Reads a message; the first one makes the client one that speaks.
    private mutating func decode(
        _ text: [UInt8], _ slot: Int, _ peer: Peer, now: Int64
    ) throws(ClientError) -> ClientCommand {
        let result = Result { () throws(ClientError) in try ClientCommand.decode(text.span) }
        // Who only says that he is there has asked for nothing.
        if case .success(.pong) = result { return .pong }
        if !peer.isWelcomed {
            welcome(slot, peer, now: now)
            if !peer.speaksProtocol {
                var view = peer.view
                view.isChat = true
                setView(view, slot, peer)
            }
        }
        if case .success(.ping) = result { return .ping }
        try charge(slot, peer, now: now)
        return try result.get()
    }

    /// Does what the query of a client's request asks for: `channels=a,b`, `events=a.*,b`, `heartbeat=app` and
    /// `since=<cursor>`.
    ///
    /// - Returns: Where the client wants to go on, and what was wrong.
    mutating func subscribe(
        _ slot: Int, _ peer: Peer, asAskedIn target: RequestTarget, since lastEvent: Cursor? = nil
    ) -> (since: Cursor?, errors: [ClientError]) {
        var errors: [ClientError] = []
        let from = lastEvent ?? target.value(of: "since").flatMap { Cursor.parse($0) }
        for name in target.value(of: "channels")?.split(separator: ",") ?? [] {
            do throws(ClientError) {
                let command = ClientCommand.subscribe(channel: String(name), since: from)
                if try park(command, isQuiet: true, slot, peer, now: now) { continue }
                try subscribe(slot, peer, to: String(name))
            } catch {
                errors.append(error)
            }
        }
        peer.wantsPingMessages = target.value(of: "heartbeat") == "app"
        if let globs = target.value(of: "events"), !globs.isEmpty {
            if let filter = EventFilter(globs) {
                var view = peer.view
                view.filter = filter
                setView(view, slot, peer)
            } else {
                errors.append(.invalidField("events", expected: "up to \(EventFilter.globLimit) names, * for any part"))
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
            peer.parked.removeAll {
                $0.request.channel == channel && $0.request.action == Access.Verb.subscribe.rawValue
            }
            endSubscription(channel, slot, peer)
            return ServerMessage.unsubscribed(channel)
        case .authenticate(let token):
            return try authenticate(token, slot, peer)
        case .presence: return try presence(command, slot, peer)
        // Answered by whoever hands it out.
        case .message: return nil
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
        guard let pattern = ChannelPattern(name) else {
            throw .invalidField(
                "channel", expected: "1 to 255 of A-Z a-z 0-9 . _ - :, or a pattern with * and a last **")
        }
        if pattern.isChannel { try checkAccess(.subscribe, name, peer) }
        if subscriptions.isSubscribed(slot, to: name) { return }
        guard subscriptions.channelCount(of: slot) < context.configuration.channelLimit else {
            context.counters.channels.add()
            throw ClientError(
                "Too many channels; unsubscribe from one first", code: "too_many_channels", channel: name)
        }
        // What a replay under way holds back is not for the new channel either.
        peer.channelsLiveSince[name] = peer.replay == nil ? seqReached(by: slot, peer) : seq
        subscriptions.subscribe(slot, to: pattern)
        enterPresence(name, peer)
    }

    /// Ends a subscription.
    mutating func endSubscription(_ name: String, _ slot: Int, _ peer: Peer) {
        subscriptions.unsubscribe(slot, from: name)
        peer.channelsLiveSince[name] = nil
        leavePresence(name, peer, now: now)
    }

    /// Refuses what a client may not do with a channel.
    func checkAccess(_ verb: Access.Verb, _ channel: String, _ peer: Peer) throws(ClientError) {
        if let refusal = refusal(of: verdict(verb, channel, peer), channel) { throw refusal }
    }

    /// Puts a message where `sendOwed` finds it, in the form that the client's connection has.
    mutating func sendText(_ text: [UInt8], _ slot: Int) {
        guard let peer = table[slot] else { return }
        owe(peer.isStream ? ServerSentEvent.message(text.span) : FrameEncoder.frame(.text, text.span), slot)
    }
}
