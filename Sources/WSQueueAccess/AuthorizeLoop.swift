internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// The connections of an ``AuthorizeDesk``'s thread: what is asked when ``AuthorizeQuestions`` decides.
struct AuthorizeLoop: ~Copyable {
    /// One question's connection.
    private final class Connection {
        let socket: Socket
        var rest: [UInt8]
        var reader = AuthorizeAnswerReader()

        init(_ socket: consuming Socket, sending rest: [UInt8]) {
            self.socket = socket
            self.rest = rest
        }
    }

    private let desk: AuthorizeDesk
    private let location: HTTPLocation
    private let host: Resolver.Host
    private let log: Log
    private let tell: ([AuthorizeDesk.Waiter], AuthorizeRequest, Bool) -> Void
    private var place: Worker<AuthorizeDesk.Order, Never>.Workplace
    private var resolver: Resolver
    private var questions = AuthorizeQuestions()
    private var connections: [UInt64: Connection] = [:]
    private var buffer = [UInt8](repeating: 0, count: 16_384)

    /// Deadlines are looked at so often.
    private static let sleepMilliseconds: Int32 = 50

    init(
        desk: AuthorizeDesk, location: HTTPLocation, log: Log, resolver: Resolver,
        place: consuming Worker<AuthorizeDesk.Order, Never>.Workplace,
        tell: @escaping ([AuthorizeDesk.Waiter], AuthorizeRequest, Bool) -> Void
    ) {
        self.desk = desk
        self.location = location
        host = Resolver.Host(name: location.host, port: location.port)
        self.log = log
        self.resolver = resolver
        self.place = place
        self.tell = tell
    }

    mutating func turn() {
        let count = place.sleep(milliseconds: questions.isEmpty ? -1 : Self.sleepMilliseconds)
        let now = Clock.monotonicNanoseconds()
        for index in 0..<count {
            if let ready = place.ready(index) { goOn(ready.token, now: now) }
        }
        for order in place.takeOrders() {
            switch order {
            case .ask(let request, let waiter, let deadline):
                questions.add(request, for: waiter, deadline: deadline)
            case .resolved(let answer):
                resolver.finish(answer)
                perform(questions.resolve(answer.addresses, now: now), now: now)
            }
        }
        perform(questions.turn(now: now), now: now)
    }

    private mutating func perform(_ actions: [AuthorizeQuestions.Action], now: Int64) {
        for action in actions {
            switch action {
            case .lookUp: lookUp(now: now)
            case .connect(let number, let address, let request): connect(number, to: address, request, now: now)
            case .close(let number):
                guard let connection = connections.removeValue(forKey: number) else { continue }
                place.poller.remove(connection.socket.number)
            case .tell(let waiters, let request, let isAllowed): tell(waiters, request, isAllowed)
            case .noteSilence(let fault):
                log.write(
                    LogLine(.error, "authorize.failed").with("url", "http://\(location.authority)")
                        .with("error", fault).with("hint", "who asks is refused until the application answers"))
            case .noteAnswer: log.write(LogLine(.notice, "authorize.back"))
            }
        }
    }

    private mutating func lookUp(now: Int64) {
        guard let address = host.address else { return resolver.lookUp(host) }
        perform(questions.resolve([address], now: now), now: now)
        perform(questions.turn(now: now), now: now)
    }

    private mutating func connect(_ number: UInt64, to address: Address, _ request: AuthorizeRequest, now: Int64) {
        do throws(SystemCallError) {
            let socket = try Socket.connect(to: address)
            try place.poller.add(socket.number, .writable, token: number)
            connections[number] = Connection(socket, sending: request.encode(to: location))
        } catch {
            perform(questions.refuse(number, fault: error.description), now: now)
        }
    }

    private mutating func goOn(_ number: UInt64, now: Int64) {
        guard let connection = connections[number] else { return }
        guard connection.rest.isEmpty else { return send(number, connection, now: now) }
        let result: Socket.Transfer
        do {
            var span = buffer.mutableSpan
            result = Socket.receive(into: &span, from: connection.socket.number)
        }
        switch result {
        case .bytes(let count):
            guard let answer = connection.reader.receive(buffer.span.extracting(..<count)),
                let request = questions.request(number)
            else { return }
            desk.keep(answer, to: request, now: now)
            perform(questions.answer(number, isAllowed: answer.isAllowed), now: now)
        case .wouldBlock: return
        case .closed:
            perform(questions.answer(number, isAllowed: false, fault: "ended without an answer"), now: now)
        }
    }

    private mutating func send(_ number: UInt64, _ connection: Connection, now: Int64) {
        switch Socket.send(connection.rest.span, to: connection.socket.number) {
        case .bytes(let count): connection.rest.removeFirst(count)
        case .wouldBlock: return
        case .closed(let code):
            return perform(questions.refuse(number, fault: SystemCallError.reason(of: code)), now: now)
        }
        guard connection.rest.isEmpty else { return }
        try? place.poller.change(connection.socket.number, .readable, token: number)
    }
}
