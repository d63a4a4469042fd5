internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSequencer
internal import WSQueueSystem
internal import WSQueueWire

/// One connection to a Redis server, which introduces itself and then carries commands and answers; it never waits.
///
/// Its owner has the poller, opens it again when it is lost, and takes everything that happens from ``next()``.
struct RedisConnection: ~Copyable {
    /// What has happened.
    enum Occurrence {
        /// The server knows us and is a master: commands may be sent.
        case ready
        /// The answer to the oldest command that has none yet; a push (``RESPValue/push(_:)``) answers none.
        case reply(RESPValue)
        /// An element of an answer that is not put together (``RedisConnection/unpackedDepth``), and its end.
        case part(RESPValue)
        case partsEnded
        /// It is over.
        case lost(RedisFault)
    }

    private enum State { case closed, connecting, greeting, ready }

    /// How long an answer, or a connection, may take; nanoseconds.
    static let limitNanoseconds: Int64 = 3_000_000_000
    private static let leastVersion = 7
    private static let readBytes = 65_536
    /// How many reads there are at most before the owner can use what came.
    private static let turnReads = 16

    private let settings: RedisSettings
    /// What the server's list of clients calls it.
    private let name: String
    /// With which its readiness comes back from the poller.
    let token: UInt64
    private var socket: Socket?
    private var state = State.closed
    private var outgoing: [UInt8] = []
    private var sentCount = 0
    private var parser = RESPParser()
    private var depth = 0
    /// How many commands have no answer yet.
    private var unanswered = 0
    private var greetingsLeft = 0
    private var progressAt: Int64 = 0
    private var interest: Interest = []
    private var isReading = true
    private var fault: RedisFault?

    /// Makes one that is closed.
    init(_ settings: RedisSettings, name: String, token: UInt64) {
        self.settings = settings
        self.name = name
        self.token = token
    }

    var isReady: Bool { if case .ready = state { true } else { false } }
    var isClosed: Bool { if case .closed = state { true } else { false } }

    /// How many levels of the answers to come are told part by part.
    var unpackedDepth: Int {
        get { parser.unpackedDepth }
        set { parser.unpackedDepth = newValue }
    }

    /// Begins to connect.
    mutating func open(_ address: Address, _ poller: borrowing Poller, now: Int64) {
        close()
        progressAt = now
        do throws(SystemCallError) {
            let socket = try Socket.connect(to: address)
            try poller.add(socket.number, .writable, token: token)
            interest = .writable
            self.socket = consume socket
            state = .connecting
            greet(now: now)
        } catch {
            fault = RedisFault(code: "connect", text: error.reason)
        }
    }

    /// Ends it without a word; nothing more comes from it.
    mutating func close() {
        socket = nil
        state = .closed
        outgoing = []
        sentCount = 0
        parser = RESPParser()
        depth = 0
        unanswered = 0
        interest = []
        isReading = true
        fault = nil
    }

    /// Sends commands, now or when the socket takes them.
    ///
    /// - Parameter answers: How many answers they have.
    mutating func send(_ commands: [UInt8], answers: Int, now: Int64) {
        guard !isClosed else { return }
        if unanswered == 0 { progressAt = now }
        unanswered += answers
        outgoing += commands
    }

    /// Sends one command.
    mutating func send(_ words: [String], now: Int64) {
        var bytes: [UInt8] = []
        RESPCommand.append(words, to: &bytes)
        send(bytes, answers: 1, now: now)
    }

    /// Whether what comes is taken; otherwise the server has to keep it.
    mutating func setReading(_ isReading: Bool, now: Int64) {
        if isReading, !self.isReading { progressAt = now }
        self.isReading = isReading
    }

    /// Reads what has come; to be called when its token is ready.
    mutating func handle(_ ready: Readiness, _ buffer: inout [UInt8], now: Int64) {
        guard let number = socket?.number, ready.isReadable, isReading else { return }
        for _ in 0..<Self.turnReads {
            let result: Socket.Transfer
            do {
                var span = buffer.mutableSpan
                result = Socket.receive(into: &span, from: number)
            }
            switch result {
            case .bytes(let count):
                progressAt = now
                parser.append(buffer.span.extracting(..<count))
                if count < buffer.count { return }
            case .wouldBlock: return
            case .closed(let code): return fail(.connection(errorNumber: code))
            }
        }
    }

    /// Sends what waits, and asks the poller for what is waited for; to be called before each sleep.
    mutating func flush(_ poller: borrowing Poller, now: Int64) {
        guard let number = socket?.number else { return }
        while sentCount < outgoing.count {
            switch Socket.send(outgoing.span.extracting(sentCount...), to: number) {
            case .bytes(let count):
                sentCount += count
                progressAt = now
                continue
            case .wouldBlock: break
            case .closed(let code): return fail(.connection(errorNumber: code))
            }
            break
        }
        if sentCount == outgoing.count {
            outgoing.removeAll(keepingCapacity: outgoing.count <= 1_048_576)
            sentCount = 0
        }
        var wanted: Interest = []
        if isReading { wanted.insert(.readable) }
        if !outgoing.isEmpty { wanted.insert(.writable) }
        if wanted != interest {
            try? poller.change(number, wanted, token: token)
            interest = wanted
        }
        if unanswered > 0, isReading, now - progressAt > Self.limitNanoseconds { fail(.silent) }
    }

    /// What has happened, one after the other; `nil` when that was all.
    mutating func next() -> Occurrence? {
        if let fault {
            close()
            return .lost(fault)
        }
        guard !isClosed else { return nil }
        do throws(RESPFault) {
            while let part = try parser.next() {
                if let occurrence = take(part) { return occurrence }
            }
        } catch {
            fail(RedisFault(code: "answer", text: error.reason))
        }
        if let fault {
            close()
            return .lost(fault)
        }
        return nil
    }

    private mutating func fail(_ fault: RedisFault) { self.fault = self.fault ?? fault }

    private mutating func take(_ part: RESPPart) -> Occurrence? {
        switch part {
        case .open: depth += 1
        case .close:
            depth -= 1
            guard depth == 0 else { return nil }
            unanswered -= 1
            return unanswered < 0 ? .lost(.ended) : .partsEnded
        case .value(let value) where depth > 0: return .part(value)
        case .value(let value):
            if case .push = value { return .reply(value) }
            unanswered -= 1
            guard isReady else { return takeGreeting(value) }
            return unanswered < 0 ? .lost(.ended) : .reply(value)
        }
        return nil
    }

    /// Introduces us (HELLO, SELECT); both are sent at once.
    private mutating func greet(now: Int64) {
        var words = ["HELLO", "3"]
        if let password = settings.location.password {
            words += ["AUTH", settings.location.user ?? "default", password]
        }
        send(words + ["SETNAME", name], now: now)
        greetingsLeft = 1
        state = .greeting
        guard settings.location.database != 0 else { return }
        send(["SELECT", "\(settings.location.database)"], now: now)
        greetingsLeft = 2
    }

    private mutating func takeGreeting(_ value: RESPValue) -> Occurrence? {
        if let refusal = value.refusal {
            let isOld = refusal.hasPrefix("ERR unknown command") || refusal.hasPrefix("NOPROTO")
            fail(isOld ? RedisFault(code: "version", text: refusal) : RedisFault(refusal: refusal))
            return nil
        }
        if let version = value["version"]?.string {
            guard let major = version.split(separator: ".").first.flatMap({ Int($0) }), major >= Self.leastVersion
            else {
                fail(RedisFault(code: "version", text: "it is Redis \(version), and 7.0 is needed"))
                return nil
            }
            guard value["role"]?.string == "master" else {
                fail(RedisFault(code: "replica", text: "it is a replica"))
                return nil
            }
        }
        greetingsLeft -= 1
        guard greetingsLeft == 0 else { return nil }
        state = .ready
        return .ready
    }
}
