package import WSQueueCommandLine
internal import WSQueueCore
internal import WSQueueWire

/// Follows a server's events over one connection after the other: what is asked for, what an answer means, where the next
/// connection goes on and when. It knows no socket, file or clock.
package struct TailConversation {
    /// What is to be done.
    package enum Action: Sendable {
        /// Hand out an event.
        case hand(TailedEvent)
        /// Note that everything up to a cursor has been handed out; only where the source asks for that.
        case stand(String)
        /// End: the server no longer has what was to be handed out next.
        case gap(String)
        /// End: the server does not let it hear all that it is to be given.
        case refused(String)
        /// Tell the person who has started it.
        case report(String)
        /// The connection is of no use any more, why: another one is to be made.
        case lost(String)
    }

    private let source: TailSource
    private var state: TailedState
    /// After the last event that was handed out.
    private var cursor: String?
    private var attempts = ConnectionAttempts()
    private var answer = AnswerReader()
    private var events = EventStreamReader()
    private var past: HeldPast
    /// What a server says that refuses.
    private var refused: [UInt8] = []

    /// Where a server streams events.
    private static let path = "/events"

    /// Stands before the first connection.
    package init(_ source: TailSource) {
        self.source = source
        state = TailedState(isWanted: source.wantsState, isFirst: !source.isResumed)
        past = HeldPast(isWanted: source.onGap != nil)
    }

    /// Whether a text can stand for where to begin: what a server takes, or a number.
    package static func isBeginning(_ text: String) -> Bool {
        UInt64(text) != nil && text.utf8.first != UInt8(ascii: "+") || Since.parse(text) != nil
    }

    /// Begins a connection.
    ///
    /// - Parameter since: The cursor to begin with, until there is a newer one.
    /// - Returns: The request.
    package mutating func connect(since: String?) -> [UInt8] {
        answer = AnswerReader()
        events = EventStreamReader()
        refused = []
        // Who only looks on is not the client that files may be waiting for.
        var query: [(name: String, value: String)] = [("watch", "1")]
        if !source.channels.isEmpty { query.append(("channels", source.channels.joined(separator: ","))) }
        if !source.events.isEmpty { query.append(("events", source.events.joined(separator: ","))) }
        let asksForState = state.connect()
        if asksForState { query.append(("state", "1")) }
        past.connect(asksForPast: cursor != nil || since != nil, asksForState: asksForState)
        var fields: [Response.Field] = [.init("Accept", "text/event-stream")]
        if let cursor {
            fields.append(.init("Last-Event-ID", cursor))
        } else if let since {
            query.append(("since", since))
        }
        return source.location.request(Self.path, query: query, token: source.token, fields: fields)
    }

    /// Takes what has come.
    ///
    /// - Parameter bytes: Empty at the connection's end.
    /// - Throws: ``ServerCallError`` when no server of ours is there, or it will not tell.
    package mutating func receive(_ bytes: [UInt8]) throws(ServerCallError) -> [Action] {
        let body: [UInt8]
        do throws(AnswerReader.Fault) {
            body = try answer.receive(bytes.span)
        } catch {
            throw noServer
        }
        guard let head = answer.head else { return bytes.isEmpty ? [try ended()] : [] }
        guard head.status == 200 else {
            refused += body
            return bytes.isEmpty || answer.isDone ? [try refusal(head.status)] : []
        }
        guard head.value(of: "content-type")?.hasPrefix("text/event-stream") ?? true else { throw noServer }
        let actions = (attempts.noteSuccess() ? [.report("connected again")] : []) + take(body)
        return bytes.isEmpty || events.isOverfull ? actions + [try ended()] : actions
    }

    /// No connection could be made.
    ///
    /// - Throws: The error, where the server has never been there.
    package func unreachable(_ error: ServerCallError) throws(ServerCallError) -> Action {
        guard attempts.hasSucceeded else { throw error }
        return .lost(error.description)
    }

    /// Counts an attempt that has failed.
    ///
    /// - Returns: What to report, if it is the first in a row, and how many milliseconds to wait, at random: as long as
    ///   the server wishes, and longer after each attempt.
    package mutating func noteLost(_ reason: String) -> (report: String?, delay: ClosedRange<Int>) {
        attempts.noteLost(reason)
    }

    /// Whether all that was missed has been handed out.
    var isLive: Bool { !past.isAwaited && !state.isAwaited }

    private var noServer: ServerCallError {
        .unavailable("what answers at \(source.location) is no wsqueue-server")
    }

    private func ended() throws(ServerCallError) -> Action {
        guard attempts.hasSucceeded else { throw .unavailable("\(source.location) has ended the connection") }
        return .lost("the connection has ended")
    }

    private mutating func take(_ body: [UInt8]) -> [Action] {
        let messages = past.admit(events.receive(body))
        attempts.wish(milliseconds: events.retryMilliseconds)
        return note(messages)
    }

    /// Goes on with what has come, of which ``receive(_:)`` gives no more than can be dealt with at once.
    ///
    /// - Returns: Nothing when that was all.
    mutating func more() -> [Action] { note(past.next()) }

    private mutating func note(_ messages: [EventStreamReader.Message]) -> [Action] {
        var actions: [Action] = []
        for message in messages {
            guard let action = note(message) else { continue }
            actions.append(action)
            // The rest of this connection is asked for again, or of no use.
            switch action {
            case .lost, .gap, .refused: return actions
            case .hand, .stand, .report: continue
            }
        }
        return actions
    }

    private mutating func note(_ message: EventStreamReader.Message) -> Action? {
        if message.isPlace, !message.id.isEmpty { cursor = message.id }
        guard let data = message.data else {
            // Before its state has been handed out, one that begins anew here would miss that.
            return source.onGap == nil || state.isAwaited || message.id.isEmpty ? nil : .stand(message.id)
        }
        if let event = TailedEvent(data, cursor: message.id, isPlace: message.isPlace) {
            return state.wasHanded(event) ? nil : .hand(event)
        }
        return JSONFields(data).flatMap { note($0) }
    }

    /// Takes what the server says besides events.
    private mutating func note(_ fields: JSONFields) -> Action? {
        switch fields.text("action") {
        case "state":
            state.note(isBeginning: fields.isTrue("begin"))
            return nil
        case "error" where fields.text("channel") == TailSource.allChannels[0] && fields.text("code") == "forbidden":
            return .report(
                "only events without a channel: name others by -c, which a pattern of yours may not reach here")
        case "error":
            let channel = fields.text("channel").map { " (\($0))" } ?? ""
            let text = "the server says: \(fields.text("error") ?? "")\(channel)"
            // Where it is not given a channel, its cursor would pass that channel's events. After these two the server closes
            // the connection, and says what is to be said when another is made.
            let isOver = ["token_expired", "disconnected"].contains(fields.text("code"))
            return source.onGap == nil || isOver ? .report(text) : .refused(text)
        default: return fields.object("gap").map { note(gap: $0) }
        }
    }

    /// Something is lost; the state makes up for what of it had keys.
    private mutating func note(gap: JSONFields) -> Action {
        let (from, to) = (Self.seq(gap, "from"), Self.seq(gap, "to"))
        let isOther = gap.text("reason") == "epoch"
        let report =
            isOther
            ? "gap: that cursor is of another numbering, and what was missed is not known"
            : "gap: the journal no longer has events \(from &+ 1) to \(to)"
        let reached = cursor.flatMap { Cursor.parse($0)?.seq } ?? 0
        let range = isOther ? 0...to : min(from &+ 1, to)...to
        let mustStop = source.onGap == .stop
        guard state.askAgain(for: range, reached: isOther ? 0 : reached) else {
            return mustStop ? .gap(report) : .report(report)
        }
        // What came after the gap, if anything, has been handed out; where it must not be, the whole past is asked for once
        // more: beside the state the server says whether that makes up for all of the gap.
        if !mustStop, isOther || reached < to { cursor = gap.text("to") ?? cursor }
        return .lost(report)
    }

    private static func seq(_ gap: JSONFields, _ name: String) -> UInt64 {
        gap.text(name).flatMap { Cursor.parse($0)?.seq } ?? 0
    }

    private func refusal(_ status: Int) throws(ServerCallError) -> Action {
        let error = ServerLocation.refusal(status, refused)
        // One that was there is back soon; what it does not allow it will not allow later either.
        guard attempts.hasSucceeded, case .unavailable(let text) = error else { throw error }
        return .lost(text)
    }
}
