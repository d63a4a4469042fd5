internal import WSQueueAccess
internal import WSQueueConnections
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueRoutes
internal import WSQueueSession
internal import WSQueueSystem
internal import WSQueueWire

/// How many clients there may be, of all loops and of each address.
struct Places: Sendable {
    private let loops: [LoopHandle]
    private let addresses = AddressCounts()
    private let clientLimit: Int
    private let addressLimit: Int

    init(_ loops: [LoopHandle], clientLimit: Int, addressLimit: Int) {
        self.loops = loops
        self.clientLimit = clientLimit
        self.addressLimit = addressLimit
    }

    private var socketCount: Int { loops.reduce(0) { $0 + $1.socketCount } }

    /// Whether there is not even a socket to refuse one more client with, so that descriptors are left for the queue's
    /// files.
    var hasNoRoom: Bool { clientLimit > 0 && socketCount >= clientLimit + DescriptorBudget.refusals }
    /// Whether there are more clients than there may be.
    var isOverfull: Bool { clientLimit > 0 && socketCount > clientLimit }

    /// Counts a client of an address.
    ///
    /// - Returns: Whether it is not one too many.
    func count(_ line: Line) -> Bool {
        guard addressLimit > 0, let block = line.address.block else { return true }
        guard addresses.enter(block, limit: addressLimit) else { return false }
        line.count()
        return true
    }

    /// A client has gone.
    func release(_ line: Line) {
        if line.isCounted, let block = line.address.block { addresses.leave(block) }
    }
}

/// Lets clients in, as long as there is room for them.
struct Admission: ~Copyable {
    private struct Deadline {
        let token: UInt64
        let time: Int64
    }

    private let index: Int
    private let loops: [LoopHandle]
    private var listeners: [Listener]
    private let places: Places
    private let sources: RequestSources
    private let handshakeNanoseconds: Int64
    private let log: Log
    /// Those whose request must have come.
    private var handshakes = Fifo<Deadline>()
    /// Those for which there is no place: they may only ask what ``OpenRoutes`` answer, and soon.
    private var surplus = Fifo<Deadline>()
    /// While it is held, a spare descriptor lets us refuse clients that no descriptor is left for.
    private var spare: FileDescriptor?
    /// Whether newcomers are reported; not for a moment after one could not be accepted.
    private var isListening = true
    private var isClosed = false

    init(
        _ index: Int, _ loops: [LoopHandle], _ listeners: [Listener], _ places: Places, _ sources: RequestSources,
        handshakeNanoseconds: Int64, _ log: Log
    ) {
        self.index = index
        self.loops = loops
        self.listeners = listeners
        self.places = places
        self.sources = sources
        self.handshakeNanoseconds = handshakeNanoseconds
        self.log = log
        spare = try? FileDescriptor.spare()
    }

    /// Whether nothing need be looked at before a client comes.
    var isAtRest: Bool { isListening && !isClosed }

    /// Has newcomers reported.
    func begin(_ delivery: borrowing Delivery) throws(SystemCallError) { try delivery.report(listeners) }

    /// Lets no client in any more: those who wait are for the next server.
    mutating func close(_ delivery: borrowing Delivery) {
        isClosed = true
        delivery.ignore(listeners)
    }

    /// Accepts again after a pause.
    mutating func resume(_ delivery: borrowing Delivery) {
        guard !isListening, !isClosed else { return }
        isListening = true
        if spare == nil { spare = try? FileDescriptor.spare() }
        try? delivery.report(listeners)
    }

    /// Where clients come in is another listener from now on, or one more.
    mutating func listen(at listener: Listener, number: Int, _ delivery: borrowing Delivery) {
        guard !isClosed else { return }
        if isListening { delivery.ignore(listeners) }
        listeners = listeners.prefix(number) + [listener] + listeners.dropFirst(number + 1)
        if isListening { try? delivery.report(listeners) }
    }

    /// Accepts what waits at a listener, and leaves a client to the loop that has the fewest.
    mutating func accept(at number: Int, now: Int64, _ delivery: inout Delivery) {
        guard !isClosed else { return }
        // Bounded, so that a storm of newcomers does not keep those who are here waiting.
        for _ in 0..<64 {
            switch listeners[number].accept() {
            case .client(let socket, let address):
                place(socket, from: address, isControl: listeners[number].isOnlyOwners, now: now, &delivery)
            case .nobody: return
            case .outOfDescriptors:
                guard refuseForDescriptors(listeners[number]) else { return pause(delivery) }
            case .failed(let error):
                log.write(LogLine(.error, "client.error").with("error", error.description))
                return pause(delivery)
            }
        }
    }

    /// Begins to serve a socket; the loop's count of sockets has it already.
    mutating func adopt(
        _ socket: consuming Socket, from address: Address, isControl: Bool = false, now: Int64,
        _ delivery: inout Delivery
    ) {
        // Another loop, which has not heard of the end yet, has accepted it. It would stay open until the deadline.
        guard !isClosed else {
            loops[index].addSockets(-1)
            return
        }
        let line = Line(socket: socket, address: address, isControl: isControl, openedAt: now)
        let slot: Int
        do throws(SystemCallError) {
            slot = try delivery.insert(line)
        } catch {
            return log.write(LogLine(.error, "client.error").with("error", error.description))
        }
        let token = delivery.connections.token(of: slot)
        guard !isControl, places.isOverfull, case .exchange(let exchange)? = delivery.connections[slot] else {
            return handshakes.append(Deadline(token: token, time: now + handshakeNanoseconds))
        }
        exchange.markSurplus()
        surplus.append(Deadline(token: token, time: now + min(handshakeNanoseconds, Self.surplusNanoseconds)))
    }

    /// Counts a connection for its address once something has come on it: browsers open some ahead and say nothing.
    ///
    /// - Returns: The answer to one too many.
    func countHeard(_ bytes: [UInt8], _ exchange: HTTPExchange) -> Response? {
        let line = exchange.line
        // A request that is here whole is looked at first.
        if !exchange.isInsideRequest, !line.isCounted, OpenRoutes.mayBegin(bytes) { return nil }
        if let answer = refuseSurplus(exchange) { return answer }
        // Whom a proxy speaks for is in its request.
        guard !line.isCounted, !sources.isProxy(line.address), !places.count(line) else { return nil }
        return deny(line.address, "address", Self.tooMany)
    }

    /// The answer to one for which there is no place; `nil` where there is.
    func refuseSurplus(_ exchange: HTTPExchange) -> Response? {
        guard exchange.isSurplus else { return nil }
        let advice = "The server has as many clients as it may. Try again later."
        return deny(
            exchange.line.address, "clients",
            Response(.serviceUnavailable, advice: advice, fields: Response.Field.comeBack(afterSeconds: 5)))
    }

    /// Takes note of who asks, once the request is here; the client of a trusted proxy is counted now.
    ///
    /// - Returns: The answer to a client that is one too many, of all or of its address.
    func admit(_ head: RequestHead, _ source: RequestSource, _ exchange: HTTPExchange) -> Response? {
        let line = exchange.line
        line.speaks(for: source.address)
        if OpenRoutes.contain(head) { return nil }
        if let answer = refuseSurplus(exchange) { return answer }
        guard !line.isCounted, !places.count(line) else { return nil }
        return deny(line.address, "address", Self.tooMany)
    }

    /// A connection has gone.
    func release(_ line: Line) { places.release(line) }

    /// Takes the next connection whose request has not come in time, and what it is answered; `nil` is nothing.
    mutating func nextLate(
        _ exchanges: Exchanges, now: Int64, _ delivery: borrowing Delivery
    ) -> (slot: Int, answer: Response?)? {
        while let token = nextDeadline(now: now) {
            guard let slot = delivery.connections.slot(of: token),
                case .exchange(let exchange)? = delivery.connections[slot], !exchange.isAnswering,
                delivery.connections.standing(of: slot) == .asking
            else { continue }
            return (slot, refuseSurplus(exchange) ?? exchanges.late(exchange))
        }
        return nil
    }

    /// Takes the next connection whose request must have come. It may have gone or got further since.
    private mutating func nextDeadline(now: Int64) -> UInt64? {
        if let first = surplus.first, first.time <= now { return surplus.popFirst()?.token }
        guard let first = handshakes.first, first.time <= now else { return nil }
        return handshakes.popFirst()?.token
    }

    /// A newcomer that is one too many gets a proper answer while there are sockets for it; beyond them the connection
    /// just ends.
    private mutating func place(
        _ socket: consuming Socket, from address: Address, isControl: Bool, now: Int64, _ delivery: inout Delivery
    ) {
        guard isControl || !places.hasNoRoom else {
            return log.write(
                LogLine(.warning, "client.denied").with("addr", address.description).with("reason", "clients"))
        }
        if isControl {
            loops[index].addSockets(1)
            return adopt(socket, from: address, isControl: true, now: now, &delivery)
        }
        var target = index
        for other in loops.indices where loops[other].socketCount < loops[target].socketCount { target = other }
        loops[target].addSockets(1)
        guard target != index else { return adopt(socket, from: address, now: now, &delivery) }
        loops[target].mailbox.post(.adopt(number: socket.release(), address))
    }

    private func deny(_ address: Address, _ reason: String, _ answer: Response) -> Response {
        log.write(
            LogLine(.warning, "client.denied").with("addr", address.description).with("reason", reason))
        return answer
    }

    private static var tooMany: Response {
        Response(
            .tooManyRequests, advice: "Your address has as many connections as it may. Close one first.",
            fields: Response.Field.comeBack(afterSeconds: 5))
    }

    /// A check or a script that is asked for comes in one packet.
    private static let surplusNanoseconds: Int64 = 1_000_000_000

    /// Refuses a client at once, so that none waits in the backlog until a descriptor is free.
    ///
    /// - Returns: Whether there was a descriptor to do it with.
    private mutating func refuseForDescriptors(_ listener: Listener) -> Bool {
        log.write(
            LogLine(.warning, "client.denied").with("reason", "descriptors")
                .with("hint", "raise the limit of open files (LimitNOFILE, ulimit -n)"))
        guard spare != nil else { return false }
        spare = nil
        if case .client(let socket, _) = listener.accept() { _ = consume socket }
        spare = try? FileDescriptor.spare()
        return spare != nil
    }

    /// Leaves newcomers where they are until the next tick: one that cannot be accepted would be reported for ever.
    private mutating func pause(_ delivery: borrowing Delivery) {
        isListening = false
        delivery.ignore(listeners)
    }
}
