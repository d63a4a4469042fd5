internal import WSQueueAccess
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
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
    /// A newcomer that is answered at once.
    struct Refusal {
        let slot: Int
        let answer: Response
    }

    private struct Deadline {
        let token: UInt64
        let time: Int64
    }

    private let index: Int
    private let loops: [LoopHandle]
    private let listeners: [Listener]
    private let places: Places
    private let sources: RequestSources
    private let handshakeNanoseconds: Int64
    private let log: Log
    /// Those whose request must have come.
    private var handshakes = Fifo<Deadline>()
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

    /// Accepts what waits at a listener, and leaves a client to the loop that has the fewest.
    mutating func accept(at number: Int, now: Int64, _ delivery: inout Delivery) -> [Refusal] {
        guard !isClosed else { return [] }
        var refusals: [Refusal] = []
        // Bounded, so that a storm of newcomers does not keep those who are here waiting.
        for _ in 0..<64 {
            switch listeners[number].accept() {
            case .client(let socket, let address):
                if let refusal = place(socket, from: address, now: now, &delivery) { refusals.append(refusal) }
            case .nobody: return refusals
            case .outOfDescriptors:
                guard refuseForDescriptors(listeners[number]) else {
                    pause(delivery)
                    return refusals
                }
            case .failed(let error):
                log.write(LogLine(.error, "client.error").with("error", error.description))
                pause(delivery)
                return refusals
            }
        }
        return refusals
    }

    /// Begins to serve a socket; the loop's count of sockets has it already.
    mutating func adopt(
        _ socket: consuming Socket, from address: Address, now: Int64, _ delivery: inout Delivery
    ) -> Refusal? {
        // Another loop, which has not heard of the end yet, has accepted it. It would stay open until the deadline.
        guard !isClosed else {
            loops[index].addSockets(-1)
            return nil
        }
        let line = Line(socket: socket, address: address, openedAt: now)
        let slot: Int
        do throws(SystemCallError) {
            slot = try delivery.insert(line)
        } catch {
            log.write(LogLine(.error, "client.error").with("error", error.description))
            return nil
        }
        handshakes.append(Deadline(token: delivery.connections.token(of: slot), time: now + handshakeNanoseconds))
        return refusal(of: line).map { Refusal(slot: slot, answer: $0) }
    }

    /// Counts a connection for its address once something has come on it: browsers open some ahead and say nothing.
    ///
    /// - Returns: The answer to one too many.
    func countHeard(_ line: Line) -> Response? {
        // Whom a proxy speaks for is in its request.
        guard !line.isCounted, !sources.isProxy(line.address), !places.count(line) else { return nil }
        return deny(line.address, "address", Self.tooMany)
    }

    /// Takes note of who asks, once the request is here; the client of a trusted proxy is counted now.
    ///
    /// - Returns: The answer to a client that is one too many of its address.
    func admit(_ source: RequestSource, _ line: Line) -> Response? {
        let isProxy = sources.isProxy(line.address)
        line.speaks(for: source.address)
        guard isProxy, !places.count(line) else { return nil }
        return deny(line.address, "address", Self.tooMany)
    }

    /// A connection has gone.
    func release(_ line: Line) { places.release(line) }

    /// Takes the next connection whose request must have come. It may have gone or got further since.
    mutating func nextLate(now: Int64) -> UInt64? {
        guard let first = handshakes.first, first.time <= now else { return nil }
        return handshakes.popFirst()?.token
    }

    /// A newcomer that is one too many gets a proper answer while there are sockets for it; beyond them the connection
    /// just ends.
    private mutating func place(
        _ socket: consuming Socket, from address: Address, now: Int64, _ delivery: inout Delivery
    ) -> Refusal? {
        guard !places.hasNoRoom else {
            log.write(
                LogLine(.warning, "client.denied").with("addr", address.description).with("reason", "clients"))
            return nil
        }
        var target = index
        for other in loops.indices where loops[other].socketCount < loops[target].socketCount { target = other }
        loops[target].addSockets(1)
        guard target != index else { return adopt(socket, from: address, now: now, &delivery) }
        loops[target].mailbox.post(.adopt(number: socket.release(), address))
        return nil
    }

    /// The answer to a newcomer that cannot be served; `nil` when it can.
    private func refusal(of line: Line) -> Response? {
        if places.isOverfull {
            let advice = "The server has as many clients as it may. Try again later."
            return deny(line.address, "clients", Response(.serviceUnavailable, advice: advice))
        }
        return nil
    }

    private func deny(_ address: Address, _ reason: String, _ answer: Response) -> Response {
        log.write(
            LogLine(.warning, "client.denied").with("addr", address.description).with("reason", reason))
        return answer
    }

    private static var tooMany: Response {
        Response(.tooManyRequests, advice: "Your address has as many connections as it may. Close one first.")
    }

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
