internal import Glibc
internal import WSQueueNet
internal import WSQueueSystem

/// All subscribers of a measurement, on one thread: they check that every event comes once and in order.
struct Crowd: ~Copyable {
    private let dialect: Dialect
    /// Where clients connect, in turn.
    private let ports: [UInt16]
    private let path: String
    /// The channel or subject of the events, for servers that are asked for one.
    private let subject: String
    /// Clients that get nothing.
    private var others = 0
    private var poller: Poller
    private var clients: [Client] = []
    private var buffer = [UInt8](repeating: 0, count: 262_144)
    /// The number at which a client has got everything that was published.
    private var goal = 0
    /// Clients that take part: all but those that have stopped reading.
    private var readers = 0
    /// How many readers have got everything.
    private var finished = 0
    /// Whether the server has said, in what was read last, that it closes the connection.
    private var hasClosed = false
    /// How many connections are open, with their subscription.
    private(set) var opened = 0
    private var lastArrival = Clock.monotonicNanoseconds()
    /// When each event since `timedFrom` was published (monotonic nanoseconds); empty where it is not wanted.
    private var publishedAt: [Int64] = []
    private var timedFrom = 0
    /// How long each receipt took since the publishing, nanoseconds.
    private(set) var latencies: [Int64] = []
    /// How clients that the server closes come back; `nil` when that is a fault.
    var returns: Returns?
    /// Every how many events a client gets one, and whether it has come back for what it has missed.
    private var step = 1
    private var isBack = false

    init(dialect: Dialect, ports: [UInt16], path: String, subject: String) throws(SystemCallError) {
        self.subject = subject
        self.dialect = dialect
        self.ports = ports
        self.path = path
        poller = try Poller()
    }

    deinit { for client in clients where client.descriptor >= 0 { ClientSocket.abort(client.descriptor) } }

    /// How many clients get events.
    var count: Int { clients.count - others }
    var isComplete: Bool { finished == readers }

    /// Opens more connections, at most 128 handshakes at a time.
    mutating func open(_ count: Int) throws {
        try connect(count, path: path, next: goal)
        readers = opened - others
        finished = readers
    }

    /// Opens connections, each from an address of its own, that are sent what was published before they came.
    ///
    /// - Parameters:
    ///   - events: How many events that were.
    ///   - step: Every how many of them they get one, from the first on.
    mutating func openForPast(_ count: Int, events: Int, step: Int) throws {
        self.step = step
        isBack = true
        goal = events
        lastArrival = Clock.monotonicNanoseconds()
        try connect(count, path: path, next: 0)
        readers = opened
        finished = clients.count { $0.next == goal }
    }

    /// Opens connections that must get nothing: an event on one of them is an error.
    mutating func openOthers(_ count: Int) throws {
        others += count
        try connect(count, path: "/", next: .min)
    }

    private mutating func connect(_ count: Int, path: String, next: Int) throws {
        let wanted = opened + count
        let greeting = dialect.greeting(path: path)
        // As long as no reader counts as having everything, silence is a fault.
        readers = wanted
        finished = 0
        while opened < wanted {
            while clients.count < wanted, clients.count - opened < 128 {
                let index = clients.count
                let source = isBack ? Self.firstSource + UInt32(index) : nil
                let number = try ClientSocket.connect(port: ports[index % ports.count], from: source)
                try poller.add(number, .readable, token: UInt64(index))
                var client = Client(descriptor: number)
                client.next = next
                clients.append(client)
                _ = Socket.send(greeting.span, to: number)
            }
            try turn(milliseconds: 100)
        }
        readers = 0
        finished = 0
    }

    /// 127.1.0.1, the address of the first of those that come back.
    private static let firstSource: UInt32 = 0x7F01_0001

    /// Lets the first `count` clients read no more.
    mutating func stopReading(_ count: Int) {
        for client in clients.prefix(count) { poller.remove(client.descriptor) }
        readers -= count
        finished = readers
    }

    /// Says how many more events are published now, which all readers must get.
    mutating func expect(_ count: Int) {
        goal += count
        finished = 0
        for client in clients where client.next == goal { finished += 1 }
        lastArrival = Clock.monotonicNanoseconds()
    }

    /// Keeps the latencies of the events from `number` on; each is to be announced with `published`.
    mutating func time(from number: Int) {
        timedFrom = number
        publishedAt = []
        latencies = []
    }

    /// Notes the moment at which the next timed event is published.
    mutating func published(at now: Int64) { publishedAt.append(now) }

    /// Reads what has come.
    ///
    /// - Returns: How many sockets had something.
    @discardableResult
    mutating func turn(milliseconds: Int32) throws -> Int {
        try bringBack()
        let count = try poller.wait(milliseconds: milliseconds)
        for index in 0..<count { try receive(Int(poller.ready(index).token)) }
        let now = Clock.monotonicNanoseconds()
        if count > 0 || isComplete { lastArrival = now }
        guard now - lastArrival < Self.patience else {
            throw BenchError.stalled("\(opened) connections are open, \(finished) of \(readers) have all")
        }
        return count
    }

    private static let patience: Int64 = 60_000_000_000

    private mutating func receive(_ index: Int) throws {
        var client = clients[index]
        // Moved out, so that its arrays are not copied when they are changed.
        clients[index].leftover = []
        clients[index].stream = []
        let kept = client.leftover.count
        // A server may put megabytes into one frame.
        if 2 * kept > buffer.count { buffer += [UInt8](repeating: 0, count: buffer.count) }
        for offset in 0..<kept { buffer[offset] = client.leftover[offset] }
        let result: Socket.Transfer
        do {
            var span = buffer.mutableSpan
            var free = span._mutatingExtracting(kept...)
            result = Socket.receive(into: &free, from: client.descriptor)
        }
        switch result {
        case .wouldBlock: break
        case .closed(let code):
            guard returns != nil else { throw BenchError.closed(client: index, SystemCallError.reason(of: code)) }
            leave(&client, index)
        case .bytes(let count):
            let before = client.next
            let end = kept + count
            let position = try take(end, &client, index)
            client.leftover.removeAll(keepingCapacity: true)
            client.leftover.append(contentsOf: buffer[position..<end])
            if client.next > before { note(before..<client.next) }
            if hasClosed { leave(&client, index) }
        }
        clients[index] = client
    }

    /// Takes everything whole from the front of the buffer.
    ///
    /// - Returns: Where the rest begins.
    private mutating func take(_ end: Int, _ client: inout Client, _ index: Int) throws -> Int {
        var position = 0
        if client.stage == .greeting {
            let answer = try client.greetingEnd(buffer.span, end: end, isPacket: dialect == .mqtt)
            guard let answer else { return 0 }
            position = answer
            client.stage = .subscribing
            if let subscription = dialect.subscription(subject: subject, client: index) {
                _ = Socket.send(subscription.span, to: client.descriptor)
            } else {
                becomeOpen(&client, index)
            }
        }
        switch dialect {
        case .nats, .jetstream: try takeNats(end, &position, &client, index)
        case .mqtt:
            while let piece = MessageCutter.mqtt(buffer.span, from: &position, end: end) {
                if case .subscribed = piece { becomeOpen(&client, index) }
                if case .message(let range) = piece { try check(range, buffer.span, &client, index) }
            }
        case .spool, .socket, .nchan: try takeFrames(end, &position, &client, index)
        }
        return position
    }

    private mutating func takeFrames(_ end: Int, _ position: inout Int, _ client: inout Client, _ index: Int) throws {
        hasClosed = false
        let received = buffer
        let bytes = received.span
        while let piece = MessageCutter.webSocket(bytes, from: &position, end: end) {
            switch piece {
            case .message(let range): try check(range, bytes, &client, index)
            case .ping(let range): answer(range, client)
            case .close(let range):
                guard returns != nil else { throw BenchError.closed(client: index, reason(range, bytes)) }
                hasClosed = true
                returns?.note(close: range, bytes)
            case .other, .subscribed, .question: break
            }
        }
    }

    /// NATS knows nothing of the frames around it: a message may begin in one and end in the next.
    private mutating func takeNats(
        _ end: Int, _ position: inout Int, _ client: inout Client, _ index: Int
    ) throws {
        while let piece = MessageCutter.webSocket(buffer.span, from: &position, end: end) {
            switch piece {
            case .message(let range): client.stream.append(contentsOf: buffer[range])
            case .ping(let range): answer(range, client)
            case .close(let range): throw BenchError.closed(client: index, reason(range, buffer.span))
            case .other, .subscribed, .question: break
            }
        }
        let stream = client.stream
        var taken = 0
        while let piece = MessageCutter.nats(stream.span, from: &taken, end: stream.count) {
            switch piece {
            case .subscribed: becomeOpen(&client, index)
            case .message(let range): try check(range, stream.span, &client, index)
            case .question(let range):
                _ = Socket.send(Dialect.natsAnswer(to: Array(stream[range])).span, to: client.descriptor)
            case .ping, .close, .other: break
            }
        }
        client.stream = Array(stream[taken...])
    }

    private mutating func becomeOpen(_ client: inout Client, _ index: Int) {
        guard client.stage != .open else { return }
        client.stage = .open
        opened += 1
        returns?.back(index, now: Clock.monotonicNanoseconds())
    }

    /// A connection has ended: its client will come back.
    private mutating func leave(_ client: inout Client, _ index: Int) {
        if client.stage == .open { opened -= 1 }
        poller.remove(client.descriptor)
        ClientSocket.abort(client.descriptor)
        client.leave()
        returns?.left(index, now: Clock.monotonicNanoseconds())
        hasClosed = false
    }

    /// Connects those again whose time has come.
    private mutating func bringBack() throws {
        guard let due = returns?.takeDue(now: Clock.monotonicNanoseconds()), !due.isEmpty else { return }
        for index in due {
            guard let number = try? ClientSocket.connect(port: ports[index % ports.count]) else {
                returns?.refused(index, now: Clock.monotonicNanoseconds())
                continue
            }
            try poller.add(number, .readable, token: UInt64(index))
            clients[index].comeBack(on: number)
            let seq = clients[index].next + (clients[index].seqOffset ?? 0) - 1
            let greeting = dialect.greeting(path: returns?.path(behind: max(0, seq)) ?? path)
            _ = Socket.send(greeting.span, to: number)
        }
    }

    /// What a close frame says, behind its code.
    private func reason(_ range: Range<Int>, _ bytes: Span<UInt8>) -> String {
        "close frame \"\(String(decoding: range.dropFirst(2).map { bytes[$0] }, as: UTF8.self))\""
    }

    private func answer(_ range: Range<Int>, _ client: Client) {
        let pong = Dialect.maskedFrame(10, Array(buffer[range]))
        _ = Socket.send(pong.span, to: client.descriptor)
    }

    private func check(_ range: Range<Int>, _ bytes: Span<UInt8>, _ client: inout Client, _ index: Int) throws {
        guard let number = BenchEvent.number(in: range, of: bytes) else {
            let text = String(decoding: range.prefix(120).map { bytes[$0] }, as: UTF8.self)
            // A client that comes back by a cursor is told whether anything is missing.
            if returns != nil || isBack, text.hasPrefix("{\"action\":\"resumed\""), text.contains("\"complete\":true") {
                return
            }
            throw BenchError.message(client: index, "unexpected message: \(text)")
        }
        guard number == client.next else {
            throw BenchError.order(client: index, expected: client.next, got: number)
        }
        client.next = number + step
        // The order number of other servers is our text's, the same in all.
        guard dialect == .spool, let seq = BenchEvent.seq(in: range, of: bytes), seq != 100_000 else { return }
        guard let offset = client.seqOffset else {
            client.seqOffset = seq - number
            return
        }
        guard seq - number == offset else {
            throw BenchError.order(client: index, expected: number + offset, got: seq)
        }
    }

    private mutating func note(_ numbers: Range<Int>) {
        if numbers.upperBound == goal { finished += 1 }
        guard !publishedAt.isEmpty else { return }
        let now = Clock.monotonicNanoseconds()
        for number in numbers where number >= timedFrom { latencies.append(now - publishedAt[number - timedFrom]) }
    }
}
