internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// Clients coming in, as long as there is room for them.
extension DeliveryLoop {
    /// Accepts what waits at a listener, and leaves a client to the loop that has the fewest.
    mutating func accept(from listener: Listener, now: Int64) {
        // Bounded, so that a storm of newcomers does not keep those who are here waiting.
        for _ in 0..<64 {
            switch listener.accept() {
            case .client(let socket, let address):
                place(socket, from: address, now: now)
            case .nobody:
                return
            case .outOfDescriptors:
                guard refuseForDescriptors(listener) else { return pauseListening() }
            case .failed(let error):
                context.log.write(LogLine(.error, "client.error").with("error", error.description))
                return pauseListening()
            }
        }
    }

    /// Begins to serve a socket; the loop's count of sockets has it already.
    mutating func adopt(_ socket: consuming Socket, from address: Address, now: Int64) {
        // Another loop, which has not heard of the end yet, has accepted it. Nobody would close it before the deadline.
        guard drainDeadline == nil else { return context.loops[index].addSockets(-1) }
        let number = socket.number
        let peer = Peer(socket: socket, address: address, openedAt: now)
        let (slot, token) = table.insert(peer, descriptor: number)
        do {
            try poller.add(number, [.readable, .peerClosed], token: token)
        } catch {
            context.log.write(LogLine(.error, "client.error").with("error", error.description))
            return drop(slot, now: now)
        }
        handshakes.add(token, deadline: now + Int64(context.configuration.handshakeMilliseconds) * 1_000_000)
        guard let (reason, refusal) = refusal(of: peer) else { return }
        context.log.write(
            LogLine(.warning, "client.denied").with("addr", address.description).with("reason", reason))
        respond(refusal, to: .get, slot, now: now)
    }

    /// Accepts again after a pause.
    mutating func resumeListening() {
        guard !isListening else { return }
        isListening = true
        if spare == nil { spare = try? FileDescriptor.spare() }
        try? Self.listen(to: context.listeners, poller)
    }

    /// A newcomer that is one too many gets a proper answer while there are sockets for it; beyond them the connection
    /// just ends, so that descriptors are left for the queue's files.
    private mutating func place(_ socket: consuming Socket, from address: Address, now: Int64) {
        let limit = context.configuration.clientLimit
        if limit > 0, context.socketCount >= limit + DescriptorBudget.refusals {
            context.log.write(
                LogLine(.warning, "client.denied").with("addr", address.description).with("reason", "clients"))
            return
        }
        var target = index
        for other in context.loops.indices
        where context.loops[other].socketCount < context.loops[target].socketCount { target = other }
        context.loops[target].addSockets(1)
        if target == index {
            adopt(socket, from: address, now: now)
        } else {
            context.loops[target].mailbox.post(.adopt(number: socket.release(), address))
        }
    }

    /// Why a newcomer cannot be served, in a word for the log and as an answer; `nil` when it can.
    private func refusal(of peer: Peer) -> (reason: String, answer: Response)? {
        let configuration = context.configuration
        if configuration.clientLimit > 0, context.socketCount > configuration.clientLimit {
            let advice = "The server has as many clients as it may. Try again later."
            return ("clients", Response(.serviceUnavailable, advice: advice))
        }
        // Whom a proxy speaks for is in its request.
        guard !context.proxies.contains(peer.address), !count(peer) else { return nil }
        return ("address", Self.tooMany)
    }

    /// Takes note of who asks, once the request is here; whoever comes by a trusted proxy is counted now.
    ///
    /// - Returns: The answer to a client that is one too many of its address.
    mutating func admit(_ source: RequestSource, _ peer: Peer) -> Response? {
        let isProxy = context.proxies.contains(peer.address)
        peer.address = source.address
        guard isProxy, !count(peer) else { return nil }
        context.log.write(
            LogLine(.warning, "client.denied").with("addr", peer.address.description).with("reason", "address"))
        return Self.tooMany
    }

    /// Counts a client of an address.
    ///
    /// - Returns: Whether it is not one too many.
    private func count(_ peer: Peer) -> Bool {
        let limit = context.configuration.clientsPerAddress
        guard limit > 0, let block = peer.address.block else { return true }
        guard context.addresses.enter(block, limit: limit) else { return false }
        peer.countedBlock = block
        return true
    }

    private static var tooMany: Response {
        Response(.tooManyRequests, advice: "Your address has as many connections as it may. Close one first.")
    }

    /// Refuses somebody at once, so that nobody hangs in the backlog until a descriptor is free.
    ///
    /// - Returns: Whether there was a descriptor to do it with.
    private mutating func refuseForDescriptors(_ listener: Listener) -> Bool {
        context.log.write(
            LogLine(.warning, "client.denied").with("reason", "descriptors")
                .with("hint", "raise the limit of open files (LimitNOFILE, ulimit -n)"))
        guard spare != nil else { return false }
        spare = nil
        if case .client(let socket, _) = listener.accept() { _ = consume socket }
        spare = try? FileDescriptor.spare()
        return spare != nil
    }

    /// Leaves newcomers where they are until the next tick: who cannot be accepted would be reported for ever.
    private mutating func pauseListening() {
        isListening = false
        for listener in context.listeners { poller.remove(listener.number) }
    }
}
