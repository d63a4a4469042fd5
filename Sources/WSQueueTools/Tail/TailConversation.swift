internal import WSQueueCore
internal import WSQueueWire

/// Follows a server's events over one connection after the other: what is asked for, what an answer means, where the next
/// connection goes on and when. It knows no socket, file or clock.
package struct TailConversation {
    /// What is to be done.
    package enum Action: Sendable {
        /// Hand out an event.
        case hand(TailedEvent)
        /// Tell the person who has started it.
        case report(String)
        /// The connection is of no use any more, why: another one is to be made.
        case lost(String)
    }

    private let source: TailSource
    /// After the last event that was handed out.
    private var cursor: String?
    private var retryMilliseconds: Int?
    /// Whether the server has ever answered.
    private var hasConnected = false
    private var failedAttempts = 0
    private var answer = AnswerReader()
    private var events = EventStreamReader()
    /// What a server says that refuses.
    private var refused: [UInt8] = []

    /// Where a server streams events.
    private static let path = "/events"
    private static let longestDelayMilliseconds = 20_000

    /// Stands before the first connection.
    package init(_ source: TailSource) { self.source = source }

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
        var query: [(name: String, value: String)] = []
        if !source.channels.isEmpty { query.append(("channels", source.channels.joined(separator: ","))) }
        if !source.events.isEmpty { query.append(("events", source.events.joined(separator: ","))) }
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
        let actions = noteConnected() + take(body)
        return bytes.isEmpty || events.isOverfull ? actions + [try ended()] : actions
    }

    /// No connection could be made.
    ///
    /// - Throws: The error, where the server has never been there.
    package func unreachable(_ error: ServerCallError) throws(ServerCallError) -> Action {
        guard hasConnected else { throw error }
        return .lost(error.description)
    }

    /// Counts an attempt that has failed.
    ///
    /// - Returns: What to report, if it is the first in a row, and how many milliseconds to wait, at random: as long as
    ///   the server wishes, and longer after each attempt.
    package mutating func noteLost(_ reason: String) -> (report: String?, delay: ClosedRange<Int>) {
        let first = min(Self.longestDelayMilliseconds, retryMilliseconds ?? 1_000)
        let longest = min(Self.longestDelayMilliseconds, max(first, 250) << min(failedAttempts, 6))
        let report = failedAttempts == 0 ? "\(reason); connecting again" : nil
        failedAttempts += 1
        return (report, longest / 2...longest)
    }

    private var noServer: ServerCallError {
        .unavailable("what answers at \(source.location) is no wsqueue-server")
    }

    private func ended() throws(ServerCallError) -> Action {
        guard hasConnected else { throw .unavailable("\(source.location) has ended the connection") }
        return .lost("the connection has ended")
    }

    private mutating func noteConnected() -> [Action] {
        let isAgain = failedAttempts > 0
        hasConnected = true
        failedAttempts = 0
        return isAgain ? [.report("connected again")] : []
    }

    private mutating func take(_ body: [UInt8]) -> [Action] {
        var actions: [Action] = []
        for message in events.receive(body) {
            if let event = TailedEvent(message.data, cursor: message.id) {
                actions.append(.hand(event))
            } else if let report = Self.report(message.data) {
                actions.append(.report(report))
            }
            if !message.id.isEmpty { cursor = message.id }
        }
        if !events.lastID.isEmpty { cursor = events.lastID }
        retryMilliseconds = events.retryMilliseconds ?? retryMilliseconds
        return actions
    }

    /// What the server says besides events.
    private static func report(_ data: [UInt8]) -> String? {
        guard let fields = JSONFields(data) else { return nil }
        if let gap = fields.object("gap") {
            guard gap.text("reason") != "epoch" else {
                return "gap: that cursor is of another numbering, and what was missed is not known"
            }
            return "gap: the journal no longer has events \(gap.number("from") ?? 0) to \(gap.number("to") ?? 0)"
        }
        guard fields.text("action") == "error" else { return nil }
        let channel = fields.text("channel").map { " (\($0))" } ?? ""
        return "the server says: \(fields.text("error") ?? "")\(channel)"
    }

    private func refusal(_ status: Int) throws(ServerCallError) -> Action {
        let error = ServerLocation.refusal(status, refused)
        // One that was there is back soon; what it does not allow it will not allow later either.
        guard hasConnected, case .unavailable(let text) = error else { throw error }
        return .lost(text)
    }
}
