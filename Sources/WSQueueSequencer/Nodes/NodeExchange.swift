package import WSQueueBroker
package import WSQueueWire

/// The talk with other nodes by way of Redis, without its socket: replies, messages and orders in, actions out.
///
/// One connection does it all: it listens on the channel that the nodes share, and carries what this node says. With
/// Redis away everything goes on among the clients that are here, and what is known of other nodes stays as it was.
package struct NodeExchange: Sendable {
    /// What is to be done, in this order.
    package enum Action: Equatable, Sendable {
        case send(RedisCommands)
        /// Redis has given this node a number.
        case register(Int64)
        /// Redis works.
        case noteUp
        case change(PresenceChange)
        /// Have the loops hand a message of another node's client to theirs, and answer by the ticket.
        case hand(NodeCall, ticket: UInt64)
        /// Have the loops do what the application wants, and answer by the ticket.
        case obey(ApplicationOrder, ticket: UInt64)
        /// Another node knows whom the application has disconnected.
        case learn([Disconnection])
        /// Tell a loop what other nodes have answered: how many of their clients have got a message, for one.
        case tellPassed(CallsAbroad.Answer)
        case note(Note)
    }

    /// What becomes of the presence that all threads share.
    package enum PresenceChange: Equatable, Sendable {
        case share(as: Int64)
        case put([PresenceEntry], from: Int64)
        case replace([PresenceEntry], from: Int64)
        case lose(Int64)
        case beginTelling
    }

    /// What the log is told.
    package enum Note: Equatable, Sendable {
        case found(Int64)
        case lost(Int64, isOrderly: Bool)
        /// The others cannot be heard; and they can again, by this node.
        case cutOff(RedisFault)
        case back(Int64)
        case refused(RedisFault)
        case foreign(NodeMessageFault)
    }

    private let keys: NodeKeys
    /// How many loops hand messages out.
    private let loopCount: Int
    /// How far this node's number is raised above one that Redis has lost, drawn anew each time.
    private let spread: @Sendable () -> Int64
    private var questions = OpenQuestions()
    /// The others; `nil` before this node has a number.
    private var table: NodeTable?
    private var hasSubscribed = false
    private var isHearing = false
    /// Since when, monotonic nanoseconds.
    private var hearsSince: Int64 = 0
    /// Whether the log has been told that the others cannot be heard.
    private var isCutOff = false
    private var nextBeat: Int64 = 0
    private var calls = NodeCalls()
    private var speaker = NodeSpeaker()
    private var account = PresenceSharing()

    private static let beatNanoseconds: Int64 = 1_000_000_000

    /// Makes it without a connection.
    package init(
        keys: NodeKeys, loopCount: Int, spread: @escaping @Sendable () -> Int64 = { .random(in: 0..<1_000) }
    ) {
        self.keys = keys
        self.loopCount = loopCount
        self.spread = spread
    }

    /// Whether the channel is heard.
    package var isListening: Bool { isHearing }

    /// When ``turn(now:)`` has something to do; `.max` is never.
    package var dueAt: Int64 { min(calls.dueAt, isHearing ? min(nextBeat, account.dueAt) : .max) }

    // MARK: The connection

    /// A connection has been made, and Redis knows it.
    package mutating func connect(now: Int64) -> [Action] {
        var commands = RedisCommands()
        // What answers it is a push.
        commands.add(["SUBSCRIBE", keys.talk], answers: 0)
        guard table == nil else { return [.send(commands)] }
        return [.send(commands), ask(["INCR", keys.nodes], .number, now: now)]
    }

    /// Takes something that no command has asked for.
    package mutating func receive(push parts: [RESPValue], now: Int64) -> [Action] {
        switch parts.first?.string {
        case "subscribe":
            hasSubscribed = true
            return beginListening(now: now)
        case "message":
            guard parts.count == 3, let bytes = parts[2].bytes else { return [] }
            return hear(bytes, now: now)
        default: return []
        }
    }

    /// Takes the answer to the oldest command that has none.
    ///
    /// - Throws: ``RedisFault``: the connection is of no use.
    package mutating func receive(_ answer: RESPValue, now: Int64) throws(RedisFault) -> [Action] {
        guard let subject = questions.answer(now: now) else { return [] }
        if let refusal = answer.refusal { return try take(RedisFault(refusal: refusal), of: subject) }
        switch subject {
        case .said, .renewed: return []
        case .number: return register(answer, now: now)
        case .count:
            // The count has begun anew: no other node may be given our number.
            guard let table, (answer.integer ?? 0) < table.node else { return [] }
            return [ask(["INCRBY", keys.nodes, "\(table.node + spread())"], .renewed, now: now)]
        case .speaker(let asked): return take(speaker: answer, askedAt: asked, now: now)
        case .news(let id):
            speaker.answer(id, isTold: true)
            return []
        }
    }

    /// The connection is closed, for this reason.
    package mutating func lose(_ fault: RedisFault) -> [Action] {
        questions.removeAll()
        isHearing = false
        hasSubscribed = false
        speaker.disconnect()
        let actions = calls.takeAll().map(Action.tellPassed)
        guard !isCutOff else { return actions }
        isCutOff = true
        return actions + [.note(.cutOff(fault))]
    }

    /// Does what is due.
    ///
    /// - Throws: ``RedisFault``: Redis does not answer.
    package mutating func turn(now: Int64) throws(RedisFault) -> [Action] {
        if questions.isSilent(now: now) { throw .silent }
        let actions = isHearing && now >= nextBeat ? beat(now: now) : []
        return actions + calls.expired(now: now).map(Action.tellPassed)
    }

    /// Says goodbye.
    package mutating func leave(now: Int64) -> [Action] {
        guard isHearing else { return [] }
        let goodbye = say(.bye, now: now)
        return speaker.isSpeaker ? goodbye + [ask(["DEL", keys.speaker], .renewed, now: now)] : goodbye
    }

    // MARK: Messages of clients

    /// Takes a message of a client here to the other nodes.
    ///
    /// - Parameter isForOwn: Whether all that it is for are connections of this node.
    package mutating func call(
        _ call: NodeCall, isForOwn: Bool, loop: Int, ticket: UInt64, now: Int64
    ) -> [Action] {
        let nodes = isHearing ? table?.alive ?? [] : []
        guard !nodes.isEmpty, !isForOwn else {
            return [.tellPassed(CallsAbroad.Answer(loop: loop, ticket: ticket, tally: Tally()))]
        }
        return say(.pass(ticket: calls.add(loop: loop, ticket: ticket, nodes: nodes, now: now), call), now: now)
    }

    /// Takes what the application wants to the other nodes.
    package mutating func order(_ order: ApplicationOrder, loop: Int, ticket: UInt64, now: Int64) -> [Action] {
        let nodes = isHearing ? table?.alive ?? [] : []
        guard !nodes.isEmpty else {
            // One that is there and cannot be heard for now was not heard by a node that has just come.
            let tally = Tally(isComplete: isHearing && now - hearsSince >= NodeTable.silenceNanoseconds)
            return [.tellPassed(CallsAbroad.Answer(loop: loop, ticket: ticket, tally: tally, isOrder: true))]
        }
        let own = calls.add(loop: loop, ticket: ticket, isOrder: true, nodes: nodes, now: now)
        return say(.order(ticket: own, order), now: now)
    }

    /// What a loop answers to a message of another node's client, or to an order.
    package mutating func passed(_ ticket: UInt64, _ tally: Tally, now: Int64) -> [Action] {
        calls.passedForeign(ticket, tally).map { say($0, now: now) } ?? []
    }

    /// Tells the other nodes whom the application has disconnected; to be called when they are told the whole presence.
    package mutating func tell(disconnected entries: [Disconnection], now: Int64) -> [Action] {
        NodeMessage.pieces(ofDisconnected: entries).flatMap { say(.disconnected($0), now: now) }
    }

    // MARK: Presence

    /// Whether the other nodes are to be told the whole presence now.
    package func tellsWhole(now: Int64) -> Bool { isHearing && now >= account.dueAt }

    /// Tells the other nodes the whole presence of this one.
    package mutating func tell(whole entries: [PresenceEntry], now: Int64) -> [Action] {
        account.tellWhole(entries, now: now).flatMap { say($0, now: now) }
    }

    /// Tells the other nodes what has changed here.
    package mutating func tell(changes entries: [PresenceEntry], now: Int64) -> [Action] {
        account.tell(entries).flatMap { say($0, now: now) }
    }

    /// Whether it is time to give up what has been told for too long; and whether also what waits to be told, because
    /// another node tells it. While Redis is away no node tells, so none of that is out of date.
    package mutating func forgetting(now: Int64) -> (isDue: Bool, isUntoldToo: Bool) {
        (account.mustForget(now: now), isHearing && !speaker.isSpeaker)
    }

    /// Whether this node tells the channels the news now.
    package func tellsNews(now: Int64) -> Bool { isHearing && speaker.mayTell(now: now) }

    /// Puts news into the stream.
    ///
    /// - Parameter event: The event that tells it.
    package mutating func tell(
        _ news: PresenceNews, event: [UInt8], epoch: String, unix: Int64, now: Int64
    ) -> [Action] {
        guard let table else { return [] }
        let told = PresenceTold(news, sender: table.node).encode()
        return [
            send(speaker.add(event, told: told, prefix: "presence-\(epoch)-\(table.node)", unix: unix), now: now)
        ]
    }

    // MARK: Decisions

    private mutating func register(_ answer: RESPValue, now: Int64) -> [Action] {
        guard let number = answer.integer, number > 0 else { return [] }
        table = NodeTable(node: number)
        return [.register(number), .change(.share(as: number))] + beginListening(now: now)
    }

    private mutating func beginListening(now: Int64) -> [Action] {
        guard hasSubscribed, !isHearing, var table else { return [] }
        isHearing = true
        hearsSince = now
        nextBeat = now
        let heard = table.connect(now: now)
        self.table = table
        var actions: [Action] = [.noteUp]
        for action in heard { actions += take(action, now: now) }
        if isCutOff { actions.append(.note(.back(table.node))) }
        isCutOff = false
        return actions
    }

    private mutating func beat(now: Int64) -> [Action] {
        guard let node = table?.node else { return [] }
        nextBeat = now + Self.beatNanoseconds
        var actions = say(.beat(version: account.version), now: now)
        // Which node tells the news; this one takes that on where none does (SET with NX and GET, Redis 7).
        let words = ["SET", keys.speaker, "\(node)", "NX", "GET", "PX", "\(NodeSpeaker.milliseconds)"]
        actions.append(ask(words, .speaker(at: now), now: now))
        actions.append(ask(["GET", keys.nodes], .count, now: now))
        for action in table?.tick(now: now) ?? [] { actions += take(action, now: now) }
        return actions
    }

    private mutating func hear(_ bytes: [UInt8], now: Int64) -> [Action] {
        guard isHearing else { return [] }
        do throws(NodeMessageFault) {
            let message = try NodeMessage.decode(bytes.span)
            var actions: [Action] = []
            for action in table?.hear(message, now: now) ?? [] { actions += take(action, now: now) }
            return actions
        } catch {
            return [.note(.foreign(error))]
        }
    }

    /// What follows from something that was heard, or not heard.
    private mutating func take(_ action: NodeTable.Action, now: Int64) -> [Action] {
        switch action {
        case .found(let node): return [.note(.found(node))]
        case .lost(let node, let isOrderly):
            let answers = calls.lose(node).map(Action.tellPassed)
            return [.change(.lose(node))] + answers + [.note(.lost(node, isOrderly: isOrderly))]
        case .say(let body): return say(body, now: now)
        case .tellWhole:
            account.want()
            return []
        case .put(let entries, let node): return [.change(.put(entries, from: node))]
        case .replace(let entries, let node): return [.change(.replace(entries, from: node))]
        case .pass(let call, let node, let ticket):
            return [.hand(call, ticket: calls.addForeign(from: node, ticket, loops: loopCount))]
        case .passed(let ticket, let node, let tally):
            return calls.passed(ticket, by: node, tally).map { [.tellPassed($0)] } ?? []
        case .obey(let order, let node, let ticket):
            let own = calls.addForeign(from: node, ticket, isOrder: true, loops: loopCount)
            return [.obey(order, ticket: own)]
        case .learn(let entries): return [.learn(entries)]
        }
    }

    private mutating func take(_ fault: RedisFault, of subject: OpenQuestions.Subject) throws(RedisFault) -> [Action] {
        if case .news(let id) = subject { speaker.answer(id, isTold: false) }
        // Without room, or while another master is chosen, the same question is sent again.
        if subject == .number || fault.code == "READONLY" { throw fault }
        return fault.code == "OOM" ? [] : [.note(.refused(fault))]
    }

    private mutating func take(speaker answer: RESPValue, askedAt: Int64, now: Int64) -> [Action] {
        guard let table else { return [] }
        let isOwn = answer.string == "\(table.node)"
        guard answer == .null || isOwn else {
            speaker.yield()
            return []
        }
        var actions: [Action] = []
        if isOwn {
            actions.append(ask(["PEXPIRE", keys.speaker, "\(NodeSpeaker.milliseconds)"], .renewed, now: now))
        }
        for news in speaker.speak(askedAt: askedAt) { actions.append(send(news, now: now)) }
        return actions + [.change(.beginTelling)]
    }

    // MARK: Commands

    private mutating func say(_ body: NodeMessage.Body, now: Int64) -> [Action] {
        guard let table, isHearing else { return [] }
        var commands = RedisCommands()
        commands.add(["PUBLISH", keys.talk], NodeMessage(sender: table.node, body: body).encode())
        questions.add(.said, now: now)
        return [.send(commands)]
    }

    private mutating func ask(_ words: [String], _ subject: OpenQuestions.Subject, now: Int64) -> Action {
        questions.add(subject, now: now)
        return .send(RedisCommands([words]))
    }

    private mutating func send(_ news: PresenceAnnouncement, now: Int64) -> Action {
        var commands = RedisCommands()
        let words = ["XADD", keys.stream, "0-*", "i", news.id]
        commands.add(
            words + ["t", "\(news.unixNanoseconds)"], fields: [("e", news.event), ("p", news.told), ("o", [])])
        questions.add(.news(id: news.id), now: now)
        return .send(commands)
    }
}
