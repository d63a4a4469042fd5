package import WSQueueWire

/// The talk with Redis about the shared stream, without its sockets: one connection writes, and one reads, because reading
/// waits in Redis for what comes. Both are with the same server: when one fails both are made anew.
package struct StreamExchange: Sendable {
    /// The two connections.
    package enum Connection: Sendable { case writer, reader }

    /// What is to be done, in this order.
    package enum Action: Equatable, Sendable {
        case send(RedisCommands, Connection)
        case tell(StreamNews)
        /// Redis works again, with the seconds for which it did not.
        case noteUp(seconds: Int64)
        /// Redis cannot be used, with the seconds since it could; whether the log has not named this reason yet.
        case noteDown(RedisFault, seconds: Int64, isNew: Bool)
    }

    private var writer: StreamWriter
    private var reader: StreamReader
    /// Since when Redis has been away, monotonic nanoseconds.
    private var downSince: Int64?
    /// The reasons that the log has been told since then.
    private var namedCodes: Set<String> = []
    private var hasBeenUp = false

    /// Makes it without connections.
    package init(writer: StreamWriter, reader: StreamReader) {
        self.writer = writer
        self.reader = reader
    }

    /// Whether what Redis sends to the reader is read now.
    ///
    /// - Parameter unread: How many bytes of entries the hub has not used.
    package func isReading(unread: Int) -> Bool { reader.isReading(unread: unread) }

    /// A connection has been made, and Redis knows it.
    package mutating func connect(_ connection: Connection) -> [Action] {
        actions(connection == .writer ? writer.connect() : reader.connect(), connection)
    }

    /// The hub wants something.
    package mutating func obey(_ order: StreamOrder, now: Int64) -> [Action] {
        switch order {
        case .write(let batch):
            writer.take(batch)
            return []
        case .follow(let seq, let attempt):
            reader.follow(after: seq, attempt: attempt, now: now)
            return upIfUp(now: now)
        case .readPast(let corrections): return actions(reader.readPast(after: corrections), .reader)
        case .renew(let from, let to, let attempt, let state):
            return actions(reader.renew(from: from, to: to, attempt: attempt, state), .reader)
        case .trim(let trim):
            writer.take(trim)
            return []
        case .correct(let corrections, let epoch):
            writer.take(corrections, epoch: epoch)
            return []
        }
    }

    /// Takes an answer that came whole; a push answers nothing.
    ///
    /// - Throws: ``RedisFault``: both connections are to be closed, and ``lose(_:now:)`` called.
    package mutating func receive(
        _ answer: RESPValue, from connection: Connection, now: Int64
    ) throws(RedisFault) -> [Action] {
        if case .push = answer { return [] }
        switch connection {
        case .writer:
            let step = try writer.receive(answer)
            if let first = step.firstNumber { reader.noteNumber(first) }
            return actions(step, .writer) + upIfUp(now: now)
        case .reader: return actions(try reader.receive(answer), .reader)
        }
    }

    /// Takes an element of an answer that the reader does not get whole.
    package mutating func receive(part: RESPValue) -> [Action] { actions(reader.receive(part: part), .reader) }

    /// An answer that the reader did not get whole is over.
    package mutating func finishParts() { reader.finishParts() }

    /// Both connections are closed, for this reason.
    package mutating func lose(_ fault: RedisFault, now: Int64) -> [Action] {
        writer.disconnect()
        let step = reader.disconnect()
        let since = downSince ?? now
        downSince = since
        // Each reason once: what is tried again and again is not told again and again.
        let isNew = namedCodes.insert(fault.code).inserted
        return actions(step, .reader)
            + [.noteDown(fault, seconds: (now - since) / 1_000_000_000, isNew: isNew), .tell(.down)]
    }

    /// What is sent when everything that has come is taken.
    ///
    /// - Parameter unread: How many bytes of entries the hub has not used.
    package mutating func turn(unread: Int, now: Int64) -> [Action] {
        actions(writer.write(), .writer) + actions(reader.turn(unread: unread, now: now), .reader)
    }

    /// Redis works once both connections do, and no batch waits that has failed.
    private mutating func upIfUp(now: Int64) -> [Action] {
        guard writer.isIdle, reader.isFollowing, downSince != nil || !hasBeenUp, !writer.hasBatch || downSince == nil
        else { return [] }
        let seconds = downSince.map { (now - $0) / 1_000_000_000 } ?? 0
        downSince = nil
        hasBeenUp = true
        namedCodes = []
        return [.noteUp(seconds: seconds)]
    }

    private func actions(_ step: StreamStep, _ connection: Connection) -> [Action] {
        step.news.map(Action.tell) + (step.commands.map { [.send($0, connection)] } ?? [])
    }
}
