internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// Who clients are, and for how long.
extension DeliveryLoop {
    /// So long before its token's end a client is told (seconds).
    private static let warningSeconds: Int64 = 60

    /// Takes a client for whom its token names.
    mutating func identify(_ slot: Int, _ peer: Peer, as bearer: TokenVerifier.Result) {
        identify(slot, peer, as: bearer.identity)
        let unix = Clock.unixNanoseconds() / 1_000_000_000
        // Who came with a token that was over by our clock only stays for as long as clocks may differ.
        var end = bearer.identity.expiresAtSeconds.map { $0 > unix ? $0 : $0 + TokenVerifier.leewaySeconds }
        if let retired = context.control.end(ofSecret: bearer.secret) { end = min(end ?? .max, retired) }
        peer.token = Peer.HeldToken(secret: bearer.secret, endsAt: end)
        schedule(slot, peer)
    }

    /// Does what `authenticate` asks for: the client is from now on whom the token names, or stays who it was.
    mutating func authenticate(_ token: String, _ slot: Int, _ peer: Peer) throws(ClientError) -> [UInt8] {
        guard context.control.takesTokens else {
            throw ClientError("This server takes no tokens", code: "not_offered")
        }
        let bearer: TokenVerifier.Result
        do throws(TokenError) {
            let unix = Clock.unixNanoseconds() / 1_000_000_000
            bearer = try context.control.verify(token.utf8.span, unixSeconds: unix)
        } catch {
            context.counters.countAuthFailure(error.reason)
            context.log.write(
                LogLine(.warning, "auth.fail").with("conn", peer.connection).with("addr", peer.address.description)
                    .with("cause", error.reason))
            throw ClientError(error.advice, code: "invalid_token")
        }
        peer.credentials?.authorization = Array("Bearer \(token)".utf8)
        identify(slot, peer, as: bearer)
        context.log.write(
            LogLine(.info, "client.user").with("conn", peer.connection).with("user", bearer.identity.user.text))
        reviewSubscriptions(slot, peer)
        return ServerMessage.authenticated(
            user: bearer.identity.user.text, expiresAtSeconds: bearer.identity.expiresAtSeconds)
    }

    /// Warns those whose token's time is nearly over, and says goodbye to those for whom it is.
    mutating func checkTokens(now: Int64) {
        let unix = Clock.unixNanoseconds()
        while let token = tokenTimes.next(now: unix) {
            guard let slot = table.slot(of: token), let peer = table[slot], peer.stage == .open,
                let end = peer.token?.endsAt
            else { continue }
            if end * 1_000_000_000 <= unix {
                expire(slot, peer, now: now)
            } else {
                warnOfExpiry(slot, peer, unix: unix)
                sendOwed(slot, now: now)
            }
        }
    }

    /// Tells a client that speaks when its token's time is over, once that is near.
    mutating func warnOfExpiry(_ slot: Int, _ peer: Peer, unix: Int64) {
        let seconds = unix / 1_000_000_000
        guard peer.isWelcomed, let held = peer.token, !held.isWarned, let end = held.endsAt,
            end - seconds <= Self.warningSeconds
        else { return }
        peer.token?.isWarned = true
        let text = ServerMessage.tokenExpiring(expiresAtSeconds: end, leftSeconds: max(0, end - seconds))
        sendText(text, slot)
    }

    /// Looks at all clients again after secrets or rules were read.
    mutating func reviewAccess(now: Int64) {
        subscriptions.access = context.control.access
        for slot in table.entries.indices {
            guard let peer = table[slot], peer.stage == .open else { continue }
            if let held = peer.token, let retired = context.control.end(ofSecret: held.secret) {
                peer.token?.endsAt = min(held.endsAt ?? .max, retired)
                schedule(slot, peer)
            }
            reviewSubscriptions(slot, peer)
            sendOwed(slot, now: now)
        }
    }

    /// What a client is told that may not do something with a channel; `nil` when it may.
    func refusal(of verdict: Access.Verdict, _ channel: String) -> ClientError? {
        switch verdict {
        case .allowed: nil
        case .needsUser:
            ClientError("Channel needs an authenticated user", code: "forbidden", channel: channel)
        case .forbidden, .ask: ClientError("Channel is not for you", code: "forbidden", channel: channel)
        }
    }

    /// Ends the subscriptions that a client may have no longer.
    private mutating func reviewSubscriptions(_ slot: Int, _ peer: Peer) {
        // What patterns match is asked about when it is delivered.
        for channel in subscriptions.channels(of: slot) where Channel.isValid(channel) {
            let verdict = verdict(.subscribe, channel, peer)
            guard let refusal = refusal(of: verdict, channel) else { continue }
            if verdict == .ask, askAgain(channel, slot, peer, now: now) { continue }
            endSubscription(channel, slot, peer)
            sendText(ServerMessage.error(refusal), slot)
        }
    }

    /// Has the loop come back to a client when its token's end is near, and at its end.
    private mutating func schedule(_ slot: Int, _ peer: Peer) {
        guard let end = peer.token?.endsAt, end < .max / 1_000_000_000 else { return }
        tokenTimes.add(table.token(of: slot), at: (end - Self.warningSeconds) * 1_000_000_000)
        tokenTimes.add(table.token(of: slot), at: end * 1_000_000_000)
    }

    private mutating func expire(_ slot: Int, _ peer: Peer, now: Int64) {
        if peer.isWelcomed || peer.isStream {
            let error = ClientError("Token expired. Connect with a new one.", code: "token_expired")
            sendText(ServerMessage.error(error), slot)
        }
        close(slot, .tokenExpired, reason: "token expired", now: now)
    }
}
