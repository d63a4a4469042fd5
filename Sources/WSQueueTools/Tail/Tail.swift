internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueSystem

/// Follows a server's events from the shell: what `curl -N /events` shows, with a cursor that outlives the connection.
package struct Tail {
    private let source: TailSource
    private var conversation: TailConversation
    private var output: TailOutput

    /// No server that is there is silent for longer: it pings its streams every 25 seconds unless it is told otherwise.
    private static let silenceMilliseconds: Int32 = 90_000
    private static let sendMilliseconds: Int32 = 10_000

    /// Makes a follower.
    package init(_ source: TailSource, _ output: TailOutput) {
        self.source = source
        self.output = output
        conversation = TailConversation(source)
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
        while !output.isDone, let reason = try follow(since: since) {
            let (report, delay) = conversation.noteLost(reason)
            if let report { output.report(report) }
            Clock.sleep(nanoseconds: Int64(Int.random(in: delay)) * 1_000_000)
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

    /// Follows over one connection.
    ///
    /// - Returns: Why that is over; `nil` when as many events as wanted have come.
    private mutating func follow(since: String?) throws -> String? {
        let connection: BlockingConnection
        do throws(ServerCallError) {
            connection = try source.location.open()
        } catch {
            return try carryOut([try conversation.unreachable(error)])
        }
        do throws(SystemCallError) {
            try connection.send(conversation.connect(since: since), within: Self.sendMilliseconds)
        } catch {
            return error.description
        }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count: Int?
            do throws(SystemCallError) {
                count = try connection.receive(into: &buffer, within: Self.silenceMilliseconds)
            } catch {
                return error.description
            }
            guard let count else { return "the server says nothing" }
            let reason = try carryOut(try conversation.receive(Array(buffer[..<count])))
            if reason != nil || output.isDone { return reason }
        }
    }

    /// - Returns: Why the connection is over, if it is.
    private mutating func carryOut(_ actions: [TailConversation.Action]) throws -> String? {
        for action in actions {
            switch action {
            case .hand(let event): try output.hand(event)
            case .report(let text): output.report(text)
            case .lost(let reason): return reason
            }
            if output.isDone { return nil }
        }
        return nil
    }
}
