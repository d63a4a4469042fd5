internal import WSQueueArguments
internal import WSQueueCommandLine
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueSystem

/// Follows a server's events from the shell: what `curl -N /events` shows, with a cursor that outlives the connection.
package struct Tail {
    private let source: TailSource
    private var conversation: TailConversation
    private var output: TailOutput
    private var pace: Pace

    /// No server that is there is silent for longer: it pings its streams every 25 seconds unless it is told otherwise.
    private static let silenceMilliseconds: Int32 = 90_000
    private static let sendMilliseconds: Int32 = 10_000

    /// Makes a follower.
    package init(_ source: TailSource, _ output: TailOutput) {
        self.source = source
        self.output = output
        conversation = TailConversation(source)
        pace = Pace(source)
    }

    /// Follows until as many events as wanted have come; without such a number, until a signal comes.
    ///
    /// A connection that is lost is made again, and goes on where it was.
    ///
    /// - Returns: How many commands have failed.
    /// - Throws: ``ServerCallError`` when there is no server to begin with, or it will not tell; `SystemCallError` when
    ///   the output cannot be written, or a command not be started; ``CommandError`` where one that notes how far it has
    ///   come must not go on.
    package mutating func run() throws -> Int {
        let since = try beginning()
        while !output.isDone, let ending = try follow(since: since) {
            switch ending {
            case .lost(let reason): wait(after: reason)
            case .renewed: continue
            case .closed(let actions):
                let began = Clock.monotonicNanoseconds()
                if case .lost(let reason) = try carryOutAll(actions) { wait(after: reason) }
                if output.isDone { break }
                Clock.sleep(nanoseconds: pace.rest(after: Clock.monotonicNanoseconds() - began))
            }
        }
        return output.failures
    }

    private mutating func wait(after reason: String) {
        let (report, delay) = conversation.noteLost(reason)
        if let report { output.report(report) }
        Clock.sleep(nanoseconds: Int64(Int.random(in: delay)) * 1_000_000)
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

    /// Why a connection is over.
    private enum Ending {
        /// It is of no use any more.
        case lost(String)
        /// Another one is better.
        case renewed
        /// It need not be there while this is done.
        case closed([TailConversation.Action])
    }

    /// Follows over one connection.
    ///
    /// - Returns: Why that is over; `nil` when as many events as wanted have come.
    private mutating func follow(since: String?) throws -> Ending? {
        let connection: BlockingConnection
        do throws(ServerCallError) {
            connection = try source.location.open()
        } catch {
            return try carryOut([try conversation.unreachable(error)])
        }
        do throws(SystemCallError) {
            try connection.send(conversation.connect(since: since), within: Self.sendMilliseconds)
        } catch {
            return .lost(error.description)
        }
        return try follow(over: connection)
    }

    private mutating func follow(over connection: borrowing BlockingConnection) throws -> Ending? {
        pace.connect(now: Clock.monotonicNanoseconds())
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let isConsumer = source.onGap != nil
        while true {
            let count: Int?
            do throws(SystemCallError) {
                count = try connection.receive(into: &buffer, within: Self.silenceMilliseconds)
            } catch {
                return .lost(error.description)
            }
            guard let count else { return .lost("the server says nothing") }
            let came = Clock.monotonicNanoseconds()
            let actions = try conversation.receive(Array(buffer[..<count]))
            let hasEvents = actions.contains { if case .hand = $0 { true } else { false } }
            if conversation.isLive, pace.isClosing(hasEvents: hasEvents) { return .closed(actions) }
            // What comes meanwhile is in the journal: the server waits for nobody who waits for a command.
            let ending = try carryOutAll(actions) { if isConsumer { connection.end() } }
            if ending != nil || output.isDone { return ending }
            guard isConsumer, conversation.isLive else { continue }
            let done = Clock.monotonicNanoseconds()
            var hasMore = false
            // What comes of it comes again.
            if pace.isSlow(came: came, now: done) {
                hasMore = (try? connection.receive(into: &buffer, within: 0)) != nil
            }
            if pace.isDue(hasMoved: !actions.isEmpty, came: came, now: done, hasMore: hasMore) { return .renewed }
        }
    }

    /// Carries out actions, and what else has come with them.
    ///
    /// - Parameter onSlow: Is called when one of them takes longer than a moment.
    private mutating func carryOutAll(
        _ first: [TailConversation.Action], onSlow: () -> Void = {}
    ) throws -> Ending? {
        var actions = first
        while !actions.isEmpty {
            let ending = try carryOut(actions, onSlow: onSlow)
            if ending != nil || output.isDone { return ending }
            actions = conversation.more()
        }
        return nil
    }

    /// - Returns: Why the connection is over, if it is.
    private mutating func carryOut(
        _ actions: [TailConversation.Action], onSlow: () -> Void = {}
    ) throws -> Ending? {
        for action in actions {
            switch action {
            case .hand(let event): try output.hand(event, onSlow: onSlow)
            case .stand(let cursor): try output.stand(at: cursor)
            case .report(let text): output.report(text)
            case .lost(let reason): return .lost(reason)
            case .gap(let text):
                throw CommandError(
                    .noInput, "\(text); nothing of what came after it was done: --on-gap go goes on with that")
            case .refused(let text): throw CommandError(.notPermitted, text)
            }
            if output.isDone { return nil }
        }
        return nil
    }
}
