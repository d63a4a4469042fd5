internal import WSQueueAccess
internal import WSQueueBroker
internal import WSQueueConnections
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueRedis
internal import WSQueueRoutes
internal import WSQueueSession
internal import WSQueueSystem
internal import WSQueueWire

/// What the application wants of all clients: this loop does its part, has the others and other nodes do theirs, and
/// answers once all have.
struct Orders {
    private struct Request {
        let token: UInt64
        let request: ApplicationRequest
        let fields: [Response.Field]
        var tally: Tally
        var left: Int
    }

    private let index: Int
    private let loops: [LoopHandle]
    /// Speaks with the other nodes; `nil` where there is one server only.
    private let nodes: NodeDesk?
    private let control: AccessControl
    private let presence: PresencePort
    private let log: Log
    /// Those that others have not all answered.
    private var underWay: [UInt64: Request] = [:]
    private var lastTicket: UInt64 = 0

    init(
        _ index: Int, _ loops: [LoopHandle], _ nodes: NodeDesk?, _ control: AccessControl, _ presence: PresencePort,
        _ log: Log
    ) {
        self.index = index
        self.loops = loops
        self.nodes = nodes
        self.control = control
        self.presence = presence
        self.log = log
    }

    /// Begins with a request.
    ///
    /// - Parameter token: The token of its connection.
    mutating func begin(
        _ request: ApplicationRequest, _ fields: [Response.Field], _ token: UInt64, now: Int64,
        _ conversations: inout Conversations, _ delivery: inout Delivery
    ) {
        let order: ApplicationOrder
        switch request {
        case .members(let channel, let number):
            let page = presence.presence.withLock { $0.page(channel, after: number) }
            let members = page.users.map(PresenceMember.init)
            return answer(
                ApplicationRequest.answer(membersOf: channel, page, members, fields), to: token)
        case .count(let query): order = .count(query)
        case .close(let connection): order = .close(connection: connection)
        case .say(let words, let channel, let milliseconds, let isWhole):
            return say(words, channel, milliseconds, isWhole, fields, token, now: now)
        case .disconnect(let user, let milliseconds):
            let entry = Disconnection(
                user: user, issuedUpTo: Clock.unixNanoseconds() / 1_000,
                until: control.steadyUnixNanoseconds() / 1_000 + milliseconds * 1_000)
            // From now on no token of the time before lets anyone in; then those who are in are looked for.
            guard control.disconnect(entry) != .full else {
                return answer(
                    ApplicationRequest.answer(full: Disconnections.limit, "are kept away", fields), to: token)
            }
            order = .disconnect(entry, onlyOlder: false)
        }
        lastTicket += 1
        for other in loops.indices where other != index {
            loops[other].mailbox.post(.order(order, from: index, ticket: lastTicket))
        }
        nodes?.post(.order(order, loop: index, ticket: lastTicket))
        let tally = carryOut(order, now: now, &conversations, &delivery)
        underWay[lastTicket] = Request(
            token: token, request: request, fields: fields, tally: Tally(), left: loops.count + (nodes == nil ? 0 : 1))
        take(tally, lastTicket)
    }

    /// Does what another loop, or another node, has been told to do, and says what came of it.
    ///
    /// - Parameter loop: Who has been told; `nil` is another node.
    func obey(
        _ order: ApplicationOrder, from loop: Int?, _ ticket: UInt64, now: Int64,
        _ conversations: inout Conversations, _ delivery: inout Delivery
    ) {
        let tally = carryOut(order, now: now, &conversations, &delivery)
        if let loop {
            loops[loop].mailbox.post(.ordered(ticket: ticket, tally))
        } else {
            nodes?.post(.passed(ticket: ticket, tally))
        }
    }

    /// Another loop has answered, or all other nodes have; the request is answered once all have.
    mutating func take(_ tally: Tally, _ ticket: UInt64) {
        guard var request = underWay[ticket] else { return }
        request.tally.add(tally)
        request.left -= 1
        underWay[ticket] = request.left == 0 ? nil : request
        guard request.left == 0 else { return }
        switch request.request {
        case .count(let query):
            let response = ApplicationRequest.answer(to: query, request.tally, request.fields) { channel in
                presence.presence.withLock { $0.count(in: channel) }
            }
            answer(response, to: request.token)
        case .members, .say: return
        case .close(let connection):
            note(LogLine(.notice, "app.disconnect").with("conn", connection), request)
        case .disconnect(let user, let milliseconds):
            let line = LogLine(.notice, "app.disconnect").with("user", user.text)
            note(line.with("for_s", milliseconds / 1_000), request)
        }
    }

    /// The application says who is in a channel: it is said here from now on, whichever node it was said to before.
    private func say(
        _ words: [PresenceWord], _ channel: String, _ milliseconds: Int64?, _ isWhole: Bool,
        _ fields: [Response.Field], _ token: UInt64, now: Int64
    ) {
        let until = milliseconds.map { now + $0 * 1_000_000 }
        guard let (said, count) = presence.say(words, in: channel, until: until, isWhole: isWhole, now: now) else {
            let refusal = ApplicationRequest.answer(
                full: SharedPresence.visitLimit, "are there because the application says so", fields)
            return answer(refusal, to: token)
        }
        if until != nil {
            let order = ApplicationOrder.forget(channel: channel, isWhole ? nil : words.map(\.user))
            nodes?.post(.order(order, loop: index, ticket: 0))
        }
        answer(ApplicationRequest.answer(said: said, in: channel, count: count, fields), to: token)
    }

    private func note(_ line: LogLine, _ request: Request) {
        log.write(line.with("closed", request.tally.count))
        answer(ApplicationRequest.answer(closed: request.tally, request.fields), to: request.token)
    }

    private func carryOut(
        _ order: ApplicationOrder, now: Int64, _ conversations: inout Conversations, _ delivery: inout Delivery
    ) -> Tally {
        let slots: [Int]
        switch order {
        case .count(let query): return conversations.subscriptions.counts(query)
        case .forget(let channel, let users):
            presence.forget(users, in: channel, now: now)
            return Tally()
        case .close(let connection):
            // Plain clients are in no table.
            slots = delivery.connections.slots.filter { delivery.connections[$0]?.number == connection }
        case .disconnect(let entry, let onlyOlder):
            slots = conversations.subscriptions.slots(of: entry.user).filter { slot in
                let identity = delivery.connections[slot]?.withSession { $0.identity } ?? nil
                return !onlyOlder || entry.concerns(issuedAt: identity?.issuedAtMicroseconds)
            }
        }
        var count = 0
        for slot in slots where delivery.connections.standing(of: slot).isReceiving {
            conversations.disconnect(slot, now: now, &delivery)
            count += 1
        }
        return Tally(count: count)
    }

    private func answer(_ response: Response, to token: UInt64) {
        loops[index].mailbox.post(.answer(response, token: token))
    }
}
