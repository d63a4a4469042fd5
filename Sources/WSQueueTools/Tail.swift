internal import WSQueueCore
internal import WSQueueEdge
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// What `tail` does with what it follows.
package struct TailOutput {
    /// How events are written.
    package var format = TailedEvent.Format.text
    /// What is run for each event instead of writing it.
    package var command: String?
    /// After so many it is done; `nil` is never.
    package var limit: Int?
    /// Says something to whoever started it.
    package let report: (String) -> Void
    /// How many commands have failed.
    package private(set) var failures = 0
    private var count = 0

    /// Makes an output to standard output.
    package init(report: @escaping (String) -> Void) { self.report = report }

    /// Whether as many have been handed out as were wanted.
    package var isDone: Bool { limit.map { count >= $0 } ?? false }

    /// Hands out an event.
    mutating func hand(_ event: TailedEvent) throws(SystemCallError) {
        try hand(line: event.line(format), input: event.input, variables: event.variables)
    }

    /// Hands out a line, or runs the command with the input.
    mutating func hand(
        line: [UInt8], input: [UInt8], variables: [(name: String, value: String)]
    ) throws(SystemCallError) {
        count += 1
        guard let command else {
            let shown = StandardStream.output.isTerminal ? TerminalText.json(line) : line
            return try StandardStream.output.write(shown.span)
        }
        let name = variables.first?.value ?? ""
        switch try ChildCommand.run(["sh", "-c", command], input: input, environment: variables) {
        case .exited(0): return
        case .exited(let status): report("the command for \(TerminalText.plain(name)) exited with \(status)")
        case .signaled(let number): report("the command for \(TerminalText.plain(name)) was ended by signal \(number)")
        }
        failures += 1
    }
}

/// Follows a server's events from the shell: what `curl -N /events` shows, with a cursor that outlives the connection.
package struct Tail {
    /// What is followed.
    package struct Source: Sendable {
        package let location: ServerLocation
        package let token: String?
        /// Where to begin: a cursor, or a number alone for one of the present numbering; `nil` is with what comes.
        package var since: String?
        /// Globs of events' names; empty is all.
        package var events: [String] = []
        /// Channels and patterns; empty is what has none.
        package var channels: [String] = []

        /// Makes a source of all that has no channel.
        package init(_ location: ServerLocation, token: String?) {
            self.location = location
            self.token = token
        }
    }

    private enum End {
        /// As many events as wanted have come.
        case done
        /// The connection has ended.
        case lost(String)
    }

    private let source: Source
    private var output: TailOutput
    /// Behind the last event that was handed out.
    private var cursor: String?
    private var retryMilliseconds: Int?
    /// Whether the server has ever answered.
    private var hasConnected = false
    private var failedAttempts = 0

    /// Longer than this nobody is silent who is there: a server pings its streams every 25 seconds unless it is told
    /// otherwise.
    private static let silenceMilliseconds: Int32 = 90_000
    private static let sendMilliseconds: Int32 = 10_000
    private static let longestDelayMilliseconds = 20_000

    /// Makes a follower.
    package init(_ source: Source, _ output: TailOutput) {
        self.source = source
        self.output = output
    }

    /// Whether a text can stand for where to begin: a cursor, or a number.
    package static func isBeginning(_ text: String) -> Bool {
        UInt64(text) != nil && text.utf8.first != UInt8(ascii: "+") || Cursor.parse(text) != nil
    }

    /// Follows until as many events as wanted have come; without such a number, until a signal comes.
    ///
    /// A connection that is lost is made again, and goes on where it was.
    ///
    /// - Returns: How many commands have failed.
    /// - Throws: ``ServerCallError`` when there is no server to begin with, or it will not tell; `SystemCallError` when
    ///   the output cannot be written, or a command not be started.
    package mutating func run() throws -> Int {
        let since = try beginning()
        while !output.isDone {
            switch try follow(since: since) {
            case .done: return output.failures
            case .lost(let reason):
                if failedAttempts == 0 { output.report("\(reason); connecting again") }
                wait()
            }
        }
        return output.failures
    }

    /// The cursor to begin with.
    private func beginning() throws(ServerCallError) -> String? {
        guard let since = source.since, since.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return source.since }
        let (status, body) = try source.location.fetch("/cursor", token: source.token)
        guard status == 200, let cursor = Cursor.parse(String(decoding: body, as: UTF8.self)) else {
            throw ServerLocation.refusal(status, body)
        }
        return "\(cursor.epoch):\(since)"
    }

    private mutating func follow(since: String?) throws -> End {
        let connection: BlockingConnection
        do throws(ServerCallError) {
            connection = try source.location.open()
        } catch {
            guard hasConnected else { throw error }
            return .lost(error.description)
        }
        do throws(SystemCallError) {
            try connection.send(request(since: since), within: Self.sendMilliseconds)
        } catch {
            return .lost(error.description)
        }
        var answer = AnswerReader()
        var events = EventStreamReader()
        var refused: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count: Int?
            do throws(SystemCallError) {
                count = try connection.receive(into: &buffer, within: Self.silenceMilliseconds)
            } catch {
                return .lost(error.description)
            }
            let body: [UInt8]
            do throws(AnswerReader.Fault) {
                body = try answer.receive(buffer.span.extracting(..<(count ?? 0)))
            } catch {
                throw ServerCallError.unavailable("what answers at \(source.location) is no wsqueue-server")
            }
            if let head = answer.head, head.status != 200 {
                refused += body
                if count == 0 || answer.isDone { return try refusal(head.status, refused) }
            } else if answer.head?.value(of: "content-type")?.hasPrefix("text/event-stream") ?? true {
                if answer.head != nil { noteConnected() }
                if try take(body, &events) { return .done }
            } else {
                throw ServerCallError.unavailable("what answers at \(source.location) is no wsqueue-server")
            }
            guard let count else { return .lost("the server says nothing") }
            if count == 0 || events.isOverfull {
                if !hasConnected { throw ServerCallError.unavailable("\(source.location) has ended the connection") }
                return .lost("the connection has ended")
            }
        }
    }

    private func request(since: String?) -> [UInt8] {
        var query: [(name: String, value: String)] = []
        if !source.channels.isEmpty { query.append(("channels", source.channels.joined(separator: ","))) }
        if !source.events.isEmpty { query.append(("events", source.events.joined(separator: ","))) }
        var fields: [Response.Field] = [.init("Accept", "text/event-stream")]
        if let cursor {
            fields.append(.init("Last-Event-ID", cursor))
        } else if let since {
            query.append(("since", since))
        }
        return source.location.request(EventsRoute.path, query: query, token: source.token, fields: fields)
    }

    private mutating func noteConnected() {
        if failedAttempts > 0 { output.report("connected again") }
        hasConnected = true
        failedAttempts = 0
    }

    /// Hands out what has come.
    ///
    /// - Returns: Whether that is all that was wanted.
    private mutating func take(_ body: [UInt8], _ events: inout EventStreamReader) throws -> Bool {
        for message in events.receive(body) {
            if let event = TailedEvent(message.data, cursor: message.id) {
                try output.hand(event)
            } else {
                report(message.data)
            }
            // Behind the output: who ends in between gets it again.
            if !message.id.isEmpty { cursor = message.id }
            if output.isDone { return true }
        }
        if !events.lastID.isEmpty { cursor = events.lastID }
        retryMilliseconds = events.retryMilliseconds ?? retryMilliseconds
        return false
    }

    /// Says what the server says besides events.
    private func report(_ data: [UInt8]) {
        guard let fields = JSONFields(data) else { return }
        if let gap = fields.object("gap") {
            guard gap.text("reason") != "epoch" else {
                return output.report("gap: that cursor is of another numbering, and what was missed is not known")
            }
            let range = "\(gap.number("from") ?? 0) to \(gap.number("to") ?? 0)"
            output.report("gap: the journal no longer has events \(range)")
        } else if fields.text("action") == "error" {
            let channel = fields.text("channel").map { " (\(TerminalText.plain($0)))" } ?? ""
            output.report("the server says: \(TerminalText.plain(fields.text("error") ?? ""))\(channel)")
        }
    }

    private func refusal(_ status: Int, _ body: [UInt8]) throws(ServerCallError) -> End {
        let error = ServerLocation.refusal(status, body)
        // One that was there is back soon; what it does not allow it will not allow later either.
        guard hasConnected, case .unavailable(let text) = error else { throw error }
        return .lost(text)
    }

    /// Waits as long as the server wishes, and longer after each attempt that fails.
    private mutating func wait() {
        let first = min(Self.longestDelayMilliseconds, retryMilliseconds ?? 1_000)
        let longest = min(Self.longestDelayMilliseconds, max(first, 250) << min(failedAttempts, 6))
        failedAttempts += 1
        Clock.sleep(nanoseconds: Int64(Int.random(in: longest / 2...longest)) * 1_000_000)
    }
}
