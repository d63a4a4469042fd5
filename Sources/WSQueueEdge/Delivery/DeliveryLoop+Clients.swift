internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// Clients being heard, and going.
extension DeliveryLoop {
    /// Reads what a client sent, once; what is left is reported again.
    mutating func receive(_ slot: Int, now: Int64) {
        guard let peer = table[slot] else { return }
        let result: Socket.Transfer
        do {
            var span = buffer.mutableSpan
            result = Socket.receive(into: &span, from: peer.socket.number)
        }
        switch result {
        case .wouldBlock: return
        case .closed(let code): return lost(slot, errorNumber: code, now: now)
        case .bytes(let count):
            switch peer.stage {
            case .closing, .answering: discard(count, slot, peer, now: now)
            case .request: receiveRequest(count, slot, peer, now: now)
            // A stream has been asked for, and there is nothing more to say.
            case .open where peer.isStream: discard(count, slot, peer, now: now)
            case .open: receiveFrames(0..<count, slot, peer, now: now)
            }
        }
    }

    /// Sends bytes that belong to one client alone, before what the log still holds for it.
    mutating func sendOwn(_ bytes: [UInt8], _ slot: Int, now: Int64) {
        owe(bytes, slot)
        sendOwed(slot, now: now)
    }

    /// Puts bytes for one client alone where `sendOwed` finds them.
    mutating func owe(_ bytes: [UInt8], _ slot: Int) {
        guard let peer = table[slot] else { return }
        finishFrame(slot, peer)
        peer.outbox.append(bytes)
    }

    /// Sends what a client is owed of its own.
    mutating func sendOwed(_ slot: Int, now: Int64) {
        guard let peer = table[slot], !peer.outbox.isEmpty else { return }
        if peer.isAwaitingSpace { return updateInterest(slot, peer) }
        flushOutbox(slot, peer, now: now)
    }

    /// Goes on with a socket that takes bytes again.
    mutating func flush(_ slot: Int, now: Int64) {
        guard let peer = table[slot] else { return }
        guard flushOutbox(slot, peer, now: now), catchUp(slot, now: now) else { return }
        peer.isAwaitingSpace = false
        updateInterest(slot, peer)
        continueReplay(slot, peer, now: now)
    }

    /// Asks to be told when a socket takes bytes again.
    mutating func awaitSpace(_ slot: Int) {
        guard let peer = table[slot] else { return }
        peer.isAwaitingSpace = true
        updateInterest(slot, peer)
    }

    /// Begins the closing handshake (RFC 6455, section 7.1.2): the client gets the frame it is in the middle of, then the
    /// close frame, and nothing more.
    mutating func close(_ slot: Int, _ code: CloseCode, reason: String, now: Int64) {
        guard let peer = table[slot], peer.stage == .open else { return }
        peer.closeCode = code.rawValue
        peer.closeReason = reason
        leave(slot, peer)
        let farewell = peer.isStream ? Self.farewell(reason) : FrameEncoder.close(code, reason: reason)
        end(slot, peer, with: farewell, now: now)
    }

    /// Closes a client that is too slow; it may come back with its cursor.
    ///
    /// To be able to say so, the rest of the frame that it is in the middle of is kept for it. Where these rests would
    /// take too much memory together the connection ends without a word.
    mutating func closeSlow(_ slot: Int, now: Int64) {
        guard let peer = table[slot] else { return }
        var line = LogLine(.warning, "client.slow").with("conn", peer.connection)
            .with("addr", peer.address.description)
        if let client = behind[slot] {
            line = line.with("behind_bytes", context.publications.end - client.cursor)
        } else if let replay = peer.replay {
            line = line.with("behind_events", seq - min(seq, replay.next))
        }
        context.log.write(line)
        let rest = (behind[slot]?.restOfFrame ?? 0) + peer.outbox.count
        guard farewellBytes + rest <= Self.farewellLimitBytes else {
            peer.closeCode = CloseCode.slow.rawValue
            peer.closeReason = "slow"
            return drop(slot, now: now)
        }
        farewellBytes += rest
        peer.farewellBytes = rest
        close(slot, .slow, reason: "slow", now: now)
    }

    /// Closes a client that sends more than its share.
    private mutating func closeFlood(_ slot: Int, _ peer: Peer, now: Int64) {
        context.log.write(
            LogLine(.warning, "client.error").with("conn", peer.connection).with("addr", peer.address.description)
                .with("code", CloseCode.rateLimited.rawValue).with("reason", "frame rate"))
        close(slot, .rateLimited, reason: "too many frames", now: now)
    }

    /// Throws away what arrives after our last bytes. Whoever goes on sending need not be heard to the end.
    private mutating func discard(_ count: Int, _ slot: Int, _ peer: Peer, now: Int64) {
        peer.discardedBytes += count
        if peer.discardedBytes > Self.discardLimitBytes { drop(slot, now: now) }
    }

    /// Ends a connection whose request did not come in time.
    mutating func refuseLateRequest(_ slot: Int, now: Int64) {
        guard let peer = table[slot] else { return }
        guard let request = peer.request, request.body != nil || request.parser.isInsideRequest else {
            return drop(slot, now: now)
        }
        let advice = "The request did not arrive in time. Send it at once."
        respond(Response(.requestTimeout, advice: advice), to: .get, slot, now: now)
    }

    /// Notes that a connection has ended without our doing.
    mutating func lost(_ slot: Int, errorNumber: Int32, now: Int64) {
        if let peer = table[slot], peer.stage == .open, errorNumber != 0 {
            peer.closeReason = SystemCallError.reason(of: errorNumber)
        }
        drop(slot, now: now)
    }

    /// Forgets a connection and closes its socket.
    mutating func drop(_ slot: Int, now: Int64) {
        guard let peer = table[slot] else { return }
        leave(slot, peer)
        farewellBytes -= peer.farewellBytes
        poller.remove(peer.socket.number)
        table.remove(slot)
        context.loops[index].addSockets(-1)
        if let block = peer.countedBlock { context.addresses.leave(block) }
        guard peer.connection != 0 else { return }
        counters.closes[peer.closeCode, default: 0] += 1
        var line = LogLine(.info, "client.close").with("conn", peer.connection)
            .with("addr", peer.address.description).with("code", peer.closeCode)
        if !peer.closeReason.isEmpty { line = line.with("reason", peer.closeReason) }
        context.log.write(line.with("seconds", (now - peer.openedAt) / 1_000_000_000))
    }

    /// Sends an HTTP answer, after which the connection ends.
    mutating func respond(_ response: Response, to method: RequestMethod, _ slot: Int, now: Int64) {
        guard let peer = table[slot] else { return }
        peer.request = nil
        var response = response
        // RFC 9110, section 6.6.1: whoever has a clock says what time it is.
        response.fields.append(.init("Date", HTTPDate.text(Clock.unixNanoseconds() / 1_000_000_000)))
        end(slot, peer, with: response.encode(for: method), now: now)
    }

    private mutating func receiveRequest(_ count: Int, _ slot: Int, _ peer: Peer, now: Int64) {
        if peer.request?.body != nil { return receiveBody(0..<count, slot, peer, now: now) }
        let head: RequestHead
        let used: Int
        do throws(RequestError) {
            guard let result = try peer.request?.parser.receive(buffer.span.extracting(..<count)) else { return }
            (head, used) = result
        } catch {
            return respond(Response(refusing: error), to: .get, slot, now: now)
        }
        let source = context.source(of: head, from: peer.address)
        if let refusal = admit(source, peer) { return respond(refusal, to: head.method, slot, now: now) }
        switch Router(context: context).route(head, from: source) {
        case .respond(let response):
            respond(response, to: head.method, slot, now: now)
        case .publish(let reader, let expectsContinue, let fields):
            beginBody(
                reader, expectsContinue: expectsContinue, fields, used..<count, slot, peer, now: now)
        case .stream(let head, let bearer, let fields):
            peer.credentials = context.credentials(of: head, offered: nil)
            openStream(slot, peer, head, bearer, fields, now: now)
        case .status(let question, let method):
            requestStatus(question, method, slot, peer, now: now)
        case .open(let handshake, let bearer):
            peer.credentials = context.credentials(of: head, offered: handshake.token)
            open(slot, peer, handshake, bearer, head.target, now: now)
            // The client may send its first frames without waiting for the answer.
            receiveFrames(used..<count, slot, peer, now: now)
        }
    }

    private mutating func open(
        _ slot: Int, _ peer: Peer, _ handshake: Handshake, _ bearer: TokenVerifier.Result?, _ target: RequestTarget,
        now: Int64
    ) {
        peer.request = nil
        peer.stage = .open
        peer.connection = context.nextConnection()
        peer.speaksProtocol = handshake.isSubprotocolChosen
        clientCount += 1
        counters.clients += 1
        if let bearer { identify(slot, peer, as: bearer) }
        var line = LogLine(.info, "client.open").with("conn", peer.connection).with("addr", peer.address.description)
            .with("proto", peer.speaksProtocol ? Handshake.subprotocol : "plain")
        if let identity = peer.identity { line = line.with("user", identity.user.text) }
        // What was published before this moment is not for this client, and what comes from now on is: `position` is
        // where it stands. The answer is in the outbox first, so it cannot be overtaken.
        deliver(now: now)
        table.setReceiving(true, slot)
        peer.liveSince = seq
        // Whoever reads this may count on it that the client gets what is published next.
        context.log.write(line)
        sendOwn(handshake.answer(), slot, now: now)
        guard table[slot] === peer else { return }
        let asked = subscribe(slot, peer, asAskedIn: target)
        if let since = asked.since { request(Replay.Request(since: since, channel: nil), slot, peer, now: now) }
        if peer.speaksProtocol { welcome(slot, peer, now: now) }
        for (channel, _) in peer.presences { tellPresence(channel, slot, peer, now: now) }
        for error in asked.errors { sendText(ServerMessage.error(error), slot) }
        warnOfExpiry(slot, peer, unix: Clock.unixNanoseconds())
        sendOwed(slot, now: now)
    }

    private mutating func receiveFrames(_ range: Range<Int>, _ slot: Int, _ peer: Peer, now: Int64) {
        let limits = WebSocketLimits(
            messageBytes: context.configuration.messageLimitBytes,
            framesPerMessage: context.configuration.fragmentLimit)
        // Whatever arrives shows that the client is alive.
        peer.isAwaitingPong = false
        var position = range.lowerBound
        defer { if peer.isAwaitingAnswer { peer.unheard += buffer[position..<range.upperBound] } }
        // However much has arrived, its answers leave in one call: a flood costs no more calls than a word.
        defer { sendOwed(slot, now: now) }
        defer { peer.restInput() }
        while peer.stage == .open, table[slot] === peer, !peer.isAwaitingAnswer {
            let event: WebSocketEvent?
            do {
                var span = buffer.mutableSpan
                var part = span._mutatingExtracting(..<range.upperBound)
                event = peer.webSocket.next(in: &part, from: &position, limits: limits)
            }
            guard let event else { return }
            if let rule = context.configuration.frameRate, !peer.frameRate.take(rule, now: now) {
                return closeFlood(slot, peer, now: now)
            }
            answer(event, slot, peer, now: now)
        }
    }

    /// Hears a client no further before an answer has come from elsewhere: each action is answered before the next.
    mutating func awaitAnswer(_ slot: Int, _ peer: Peer) {
        peer.isAwaitingAnswer = true
        updateInterest(slot, peer)
    }

    /// Goes on with what a client has said meanwhile.
    mutating func endAwaiting(_ slot: Int, _ peer: Peer, now: Int64) {
        peer.isAwaitingAnswer = false
        updateInterest(slot, peer)
        let unheard = peer.unheard
        peer.unheard = []
        var start = 0
        while start < unheard.count, table[slot] === peer, peer.stage == .open {
            let count = min(buffer.count, unheard.count - start)
            buffer.replaceSubrange(0..<count, with: unheard[start..<(start + count)])
            start += count
            receiveFrames(0..<count, slot, peer, now: now)
        }
        sendOwed(slot, now: now)
    }

    private mutating func answer(_ event: WebSocketEvent, _ slot: Int, _ peer: Peer, now: Int64) {
        switch event {
        case .message(let kind, let payload):
            let bytes = payload.bytes(in: buffer.span)
            switch context.configuration.conversation {
            case .actions: obey(kind, bytes, slot, peer, now: now)
            case .echo: owe(FrameEncoder.frame(kind == .text ? .text : .binary, bytes.span), slot)
            }
        case .ping(let payload):
            owe(FrameEncoder.frame(.pong, payload.bytes(in: buffer.span).span), slot)
        case .pong:
            return
        case .close(let code, _):
            peer.closeCode = code?.rawValue ?? 1_005
            leave(slot, peer)
            end(slot, peer, with: FrameEncoder.close(code), now: now)
        case .failure(let error):
            context.log.write(
                LogLine(.warning, "client.error").with("conn", peer.connection)
                    .with("addr", peer.address.description).with("code", error.closeCode.rawValue)
                    .with("reason", error.reason))
            close(slot, error.closeCode, reason: error.reason, now: now)
        }
    }

    /// Takes a client out of everything that concerns publications; its socket lives on.
    private mutating func leave(_ slot: Int, _ peer: Peer) {
        guard table.entries[slot].isReceiving else { return }
        finishFrame(slot, peer)
        behind[slot] = nil
        table.setBehind(false, slot)
        table.setReceiving(false, slot)
        subscriptions.remove(slot)
        viewers.remove(slot)
        leaveAllPresences(peer, now: now)
        peer.replay = nil
        if !peer.replayRequests.isEmpty { peer.replayRequests = [] }
        clientCount -= 1
    }

    /// Sends a last answer, and from then on waits only for the other end to close.
    private mutating func end(_ slot: Int, _ peer: Peer, with bytes: [UInt8], now: Int64) {
        peer.stage = .closing
        let token = table.token(of: slot)
        if peer.isAwaitingSpace {
            slowClosings.add(token, deadline: now + 10_000_000_000)
        } else {
            closings.add(token, deadline: now + 3_000_000_000)
        }
        sendOwn(bytes, slot, now: now)
    }

    /// Where a client stands in the middle of a frame, moves the rest of that frame to its outbox, so that something of
    /// its own may follow.
    mutating func finishFrame(_ slot: Int, _ peer: Peer) {
        guard var client = behind[slot], client.restOfFrame > 0 else { return }
        context.publications.ring.read(at: client.cursor, count: client.restOfFrame) { peer.outbox.append($0) }
        client.cursor = client.frameEnd
        behind[slot] = client
    }

    /// Sends what is in a client's outbox.
    ///
    /// - Returns: Whether all of it has gone.
    @discardableResult
    mutating func flushOutbox(_ slot: Int, _ peer: Peer, now: Int64) -> Bool {
        switch peer.outbox.flush(to: peer.socket.number) {
        case .bytes:
            if peer.stage == .closing { peer.socket.finishSending() }
            return true
        case .wouldBlock:
            if table.entries[slot].isReceiving, !table.entries[slot].isBehind {
                fallBehind(slot, cursor: position, frameStart: position, now: now)
            } else {
                awaitSpace(slot)
            }
            return false
        case .closed(let code):
            lost(slot, errorNumber: code, now: now)
            return false
        }
    }

    /// Tells the poller what this connection waits for. Whoever is owed many answers is not read from until it has
    /// taken them.
    private mutating func updateInterest(_ slot: Int, _ peer: Peer) {
        let isHeard = peer.outbox.count <= 65_536 && !peer.isAwaitingAnswer
        var interest: Interest = isHeard ? [.readable, .peerClosed] : []
        if peer.isAwaitingSpace { interest.insert(.writable) }
        try? poller.change(peer.socket.number, interest, token: table.token(of: slot))
    }
}
