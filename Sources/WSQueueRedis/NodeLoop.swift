internal import WSQueueBroker
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSequencer
internal import WSQueueSystem
internal import WSQueueWire

/// What the thread of a ``NodeDesk`` does and knows.
///
/// One connection does it all: it listens on the channel that the nodes share, and carries what this node says. With
/// Redis away everything goes on among the clients that are here, and what is known of other nodes stays as it was.
struct NodeLoop: ~Copyable {
    /// A command that has no answer yet.
    enum Expected {
        /// Said on the channel.
        case said
        /// The number of this node.
        case number
        /// How many numbers were given.
        case count
        /// Who tells the news of presence; the question was put at that time.
        case speaker(at: Int64)
        /// The time of who tells them is prolonged, or ended.
        case renewed
        case news(id: String)
    }

    /// A message of another node's client, on its way to the clients here.
    struct ForeignCall {
        let node: Int64
        let ticket: UInt64
        var count = 0
        var loopsLeft: Int
    }

    private static let connectionToken: UInt64 = 2
    static let secondNanoseconds: Int64 = 1_000_000_000

    let desk: NodeDesk
    let context: NodeContext
    var place: Worker<NodeDesk.Order, Never>.Workplace
    var connection: RedisConnection
    var route: RedisRoute
    private var buffer = [UInt8](repeating: 0, count: 65_536)
    /// What the answers to come are about, oldest first.
    private(set) var expected: [Expected] = []
    /// Since when the oldest of them is waited for, or later.
    private var answeredAt: Int64 = 0
    /// The others; `nil` before this node has a number.
    var table: NodeTable?
    /// Whether the channel is heard.
    var isListening = false
    private var hasSubscribed = false
    /// Whether it was said that the others cannot be heard.
    private var isCutOff = false
    var calls = CallsAbroad()
    var foreignCalls: [UInt64: ForeignCall] = [:]
    var lastForeignTicket: UInt64 = 0
    /// How many changes of presence this node has told.
    var version: UInt64 = 0
    /// Whether another node wants to be told everything, and when that was done last.
    var mustTellWhole = false
    var toldWholeAt = Int64.min / 2
    private var nextBeat: Int64 = 0
    /// Until when this node tells the news of presence.
    var speaksUntil: Int64 = 0
    var isSpeaker = false
    var nextForgetting: Int64 = 0
    /// News that may not be in the stream yet, oldest first.
    var untold: [PresenceAnnouncement] = []
    var lastNews: UInt64 = 0

    init(
        desk: NodeDesk, context: NodeContext, resolver: Resolver,
        place: consuming Worker<NodeDesk.Order, Never>.Workplace
    ) {
        self.desk = desk
        self.context = context
        self.place = place
        connection = RedisConnection(desk.settings, name: "wsqueue-nodes", token: Self.connectionToken)
        route = RedisRoute(desk.settings.location, resolver)
    }

    mutating func turn() {
        connection.flush(place.poller, now: Clock.monotonicNanoseconds())
        let count = place.sleep(milliseconds: sleepMilliseconds(now: Clock.monotonicNanoseconds()))
        let now = Clock.monotonicNanoseconds()
        for index in 0..<count {
            if let ready = place.ready(index) { connection.handle(ready, &buffer, now: now) }
        }
        while let occurrence = connection.next() { note(occurrence, now: now) }
        // A beat each second is progress to the connection as long as the socket takes it.
        if !expected.isEmpty, now - answeredAt > RedisConnection.limitNanoseconds { lose(.silent, now: now) }
        if isListening, now >= nextBeat { beat(now: now) }
        let isEnding = obey(now: now)
        connect(now: now)
        turnCalls(now: now)
        turnPresence(now: now)
        if isEnding { sayGoodbye(now: now) }
    }

    private mutating func connect(now: Int64) {
        guard connection.isClosed else { return }
        do throws(RedisFault) {
            if let address = try route.next(now: now) { connection.open(address, place.poller, now: now) }
        } catch {
            lose(error, now: now)
        }
    }

    /// Sends a command, and notes what its answer will be about.
    mutating func ask(_ words: [String], _ answer: Expected, now: Int64) {
        var bytes: [UInt8] = []
        RESPCommand.append(words, to: &bytes)
        send(bytes, answer, now: now)
    }

    /// Sends a command that is bytes already.
    mutating func send(_ command: [UInt8], _ answer: Expected, now: Int64) {
        connection.send(command, answers: 1, now: now)
        if expected.isEmpty { answeredAt = now }
        expected.append(answer)
    }

    /// Says something on the channel.
    mutating func say(_ body: NodeMessage.Body, now: Int64) {
        guard let table, isListening else { return }
        var bytes: [UInt8] = []
        RESPCommand.begin(3, in: &bytes)
        RESPCommand.append(word: "PUBLISH".utf8.span, to: &bytes)
        RESPCommand.append(word: desk.settings.key("talk").utf8.span, to: &bytes)
        RESPCommand.append(word: NodeMessage(sender: table.node, body: body).encode().span, to: &bytes)
        send(bytes, .said, now: now)
    }

    private func sleepMilliseconds(now: Int64) -> Int32 {
        var due = min(now + Self.secondNanoseconds, calls.dueAt)
        due = min(due, context.presence.withLock { $0.dueAt })
        if connection.isClosed { due = min(due, route.dueAt) }
        if isListening { due = min(due, nextBeat) }
        if mustTellWhole { due = min(due, toldWholeAt + Self.wholeNanoseconds) }
        return due <= now ? 0 : Int32((due - now + 999_999) / 1_000_000)
    }

    private mutating func note(_ occurrence: RedisConnection.Occurrence, now: Int64) {
        switch occurrence {
        case .ready:
            var bytes: [UInt8] = []
            RESPCommand.append(["SUBSCRIBE", desk.settings.key("talk")], to: &bytes)
            // What answers it is a push.
            connection.send(bytes, answers: 0, now: now)
            if table == nil { ask(["INCR", desk.settings.key("nodes")], .number, now: now) }
        case .reply(.push(let parts)):
            notePush(parts, now: now)
        case .reply(let value):
            answeredAt = now
            guard !expected.isEmpty else { return }
            noteAnswer(value, to: expected.removeFirst(), now: now)
        case .part, .partsEnded: break
        case .lost(let fault): lose(fault, now: now)
        }
    }

    private mutating func notePush(_ parts: [RESPValue], now: Int64) {
        switch parts.first?.string {
        case "subscribe":
            hasSubscribed = true
            beginListening(now: now)
        case "message":
            guard parts.count == 3, let bytes = parts[2].bytes else { return }
            hear(bytes, now: now)
        default: break
        }
    }

    private mutating func noteAnswer(_ value: RESPValue, to question: Expected, now: Int64) {
        if let refusal = value.refusal { return noteRefusal(RedisFault(refusal: refusal), question, now: now) }
        switch question {
        case .said, .renewed: break
        case .number:
            guard let number = value.integer, number > 0 else { return }
            desk.setNumber(number)
            table = NodeTable(node: number)
            context.presence.withLock { $0.share(as: number) }
            beginListening(now: now)
        case .count:
            // The count has begun anew: nobody may be given our number.
            guard let table, (value.integer ?? 0) < table.node else { return }
            let more = "\(table.node + Int64.random(in: 0..<1_000))"
            ask(["INCRBY", desk.settings.key("nodes"), more], .renewed, now: now)
        case .speaker(let asked): noteSpeaker(value, askedAt: asked, now: now)
        case .news(let id): untold.removeAll { $0.id == id }
        }
    }

    private mutating func noteRefusal(_ fault: RedisFault, _ question: Expected, now: Int64) {
        // Without room, or for the time that it takes to choose another master, the same is asked again.
        if case .number = question { return lose(fault, now: now) }
        if fault.code == "READONLY" { return lose(fault, now: now) }
        guard fault.code != "OOM" else { return }
        context.log.write(
            LogLine(.warning, "nodes.refused").with("error", fault.text).with("hint", fault.hint))
    }

    private mutating func lose(_ fault: RedisFault, now: Int64) {
        connection.close()
        route.failed(now: now)
        expected = []
        isListening = false
        hasSubscribed = false
        // Another node may tell by the time that this one is back.
        speaksUntil = 0
        for answer in calls.takeAll() { pass(answer) }
        guard !isCutOff else { return }
        isCutOff = true
        context.log.write(
            LogLine(.warning, "nodes.cut").with("error", fault.text)
                .with("hint", "presence and messages stay among the clients of this server until Redis is back"))
    }

    private mutating func beginListening(now: Int64) {
        guard hasSubscribed, !isListening, var table else { return }
        route.succeeded()
        isListening = true
        nextBeat = now
        let actions = table.connect(now: now)
        self.table = table
        for action in actions { act(action, now: now) }
        if isCutOff { context.log.write(LogLine(.notice, "nodes.back").with("node", table.node)) }
        isCutOff = false
    }

    private mutating func beat(now: Int64) {
        nextBeat = now + Self.secondNanoseconds
        say(.beat(version: version), now: now)
        askForSpeaker(now: now)
        ask(["GET", desk.settings.key("nodes")], .count, now: now)
        for action in table?.tick(now: now) ?? [] { act(action, now: now) }
    }

    /// Does what the loops and the hub want.
    ///
    /// - Returns: Whether it is time to end.
    private mutating func obey(now: Int64) -> Bool {
        var isEnding = false
        for order in place.takeOrders() {
            switch order {
            case .call(let message, let loop, let ticket): call(message, loop, ticket, now: now)
            case .passed(let ticket, let count): notePassed(ticket, count, now: now)
            case .end: isEnding = true
            case .resolved(let answer): route.take(answer, now: now)
            }
        }
        return isEnding
    }

    private mutating func sayGoodbye(now: Int64) {
        if isListening {
            say(.bye, now: now)
            if isSpeaker { ask(["DEL", desk.settings.key("speaker")], .renewed, now: now) }
            connection.flush(place.poller, now: now)
        }
        desk.end()
    }
}
