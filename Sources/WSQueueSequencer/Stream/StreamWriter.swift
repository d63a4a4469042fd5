package import WSQueueWire

/// Puts batches of events into the shared stream, each once: which commands are sent, and what the answers lead to.
///
/// A transaction adds the events of some files and notes the files' names under this node's key `sent`. It begins with a
/// watch on the node's `fence`, which each new connection raises before it reads `sent`: so a transaction that an old
/// connection has left in a stopped server's sockets cannot be carried out any more once a new one has looked.
package struct StreamWriter: Sendable {
    private enum Stage { case away, fencing, confirming, idle, writing, tending }

    private let keys: StreamKeys
    /// How many replicas must have a batch before it counts as written.
    private let replicas: Int
    private var stage = Stage.away
    /// The answers that the present stage has had, and how many it waits for.
    private var answers: [RESPValue] = []
    private var awaited = 0
    /// What is not known to be in the stream.
    private var batch: StreamBatch?
    /// What is to be done besides, and is not known to be done.
    private var chores: [RedisCommands] = []
    /// Whether the hub knows what the process before this one has sent.
    private var hasFenced = false

    /// How long Redis may wait for replicas, milliseconds: less than an answer may take.
    private static let replicasMilliseconds = 2_000

    /// Makes a writer without a connection.
    package init(keys: StreamKeys, replicas: Int) {
        self.keys = keys
        self.replicas = replicas
    }

    /// Whether the connection can take a batch.
    package var isIdle: Bool { stage == .idle }

    /// Whether a batch is not known to be in the stream.
    package var hasBatch: Bool { batch != nil }

    /// Takes a batch, which is sent when the connection is idle, and again after each loss of it until it is in the stream.
    package mutating func take(_ batch: StreamBatch) { self.batch = batch }

    /// Takes what of the stream is to go.
    package mutating func take(_ trim: StreamTrim) {
        var commands = RedisCommands()
        commands.add(
            [
                "EVAL", StreamScripts.trim, "3", keys.stream, keys.trimmed, keys.epoch, trim.epoch, "\(trim.end)",
                "0-\(trim.end + 1)",
            ], trim.marks)
        chores.append(commands)
    }

    /// Takes what of the state is to be changed.
    package mutating func take(_ corrections: StateCorrections, epoch: String) {
        chores.append(corrections.command(keys, epoch: epoch))
    }

    /// Begins on a new connection.
    package mutating func connect() -> StreamStep {
        stage = .fencing
        return send(RedisCommands([["INCR", keys.fence], ["GET", keys.sent], ["WATCH", keys.fence]]))
    }

    /// The connection is lost.
    package mutating func disconnect() { stage = .away }

    /// The next transaction, if there is one to send. Only when the answer to the last watch is there: a watch that a
    /// stopped server finds after the fence was raised would come too late.
    package mutating func write() -> StreamStep {
        guard stage == .idle else { return .nothing }
        if let chore = chores.first {
            stage = .tending
            return send(chore)
        }
        guard let batch else { return .nothing }
        stage = .writing
        var commands = RedisCommands()
        commands.reserve(batch.commands.count + batch.sent.count + 768)
        commands.add(["MULTI"])
        commands.add(batch.commands, count: batch.count)
        commands.add(["EVAL", StreamScripts.note, "2", keys.stream, keys.sent], [batch.lastID, batch.sent])
        commands.add(["EXEC"])
        addWait(to: &commands)
        commands.add(["WATCH", keys.fence])
        return send(commands)
    }

    private mutating func finishChore() -> StreamStep {
        chores.removeFirst()
        stage = .idle
        return .nothing
    }

    /// Takes an answer; once all of a stage are there, goes on.
    ///
    /// - Throws: ``RedisFault``: the connection is of no use.
    package mutating func receive(_ answer: RESPValue) throws(RedisFault) -> StreamStep {
        answers.append(answer)
        guard answers.count == awaited else { return .nothing }
        // What the stream keeps and what its state is matters less than that events get into it.
        if stage == .tending { return finishChore() }
        // The first refusal is the reason; EXEC says only that there was one.
        if let refusal = answers.lazy.compactMap(\.refusal).first { throw RedisFault(refusal: refusal) }
        switch stage {
        case .fencing: return finishFencing(sent: answers[1].bytes)
        case .confirming: return try finishWaiting(answers[1])
        case .writing: return try finishWriting()
        case .away, .idle, .tending: return .nothing
        }
    }

    private mutating func finishFencing(sent: [UInt8]?) -> StreamStep {
        let news = hasFenced ? [] : [StreamNews.fenced(sent: sent)]
        hasFenced = true
        stage = .idle
        guard let batch, sent == batch.sent else { return StreamStep(news: news) }
        // It was carried out, and the answer was lost.
        guard replicas > 0 else { return StreamStep(news: news + [finish(batch, seq: 0)]) }
        // Written again, because the replicas are asked only about what this connection has written.
        stage = .confirming
        var commands = RedisCommands()
        commands.add(["SET", keys.sent], batch.sent)
        addWait(to: &commands)
        commands.add(["WATCH", keys.fence])
        return StreamStep(commands: send(commands).commands, news: news)
    }

    private mutating func finishWriting() throws(RedisFault) -> StreamStep {
        guard let batch else { return .nothing }
        guard let results = answers[batch.count + 2].elements, results.count == batch.count + 1 else {
            throw RedisFault(
                code: "fenced",
                text: "the transaction was not carried out: this node's fence was raised by another connection")
        }
        if let refusal = results.lazy.compactMap(\.refusal).first {
            let fault = RedisFault(refusal: refusal)
            throw fault.code == "ERR" ? RedisFault(code: "stream", text: refusal) : fault
        }
        let seqs = results.compactMap { $0.string.flatMap(StreamEntry.seq) }
        guard replicas > 0 else {
            return StreamStep(news: [finish(batch, seq: seqs.last ?? 0)], firstNumber: seqs.first)
        }
        return try finishWaiting(answers[batch.count + 3], seqs)
    }

    private mutating func finishWaiting(_ answer: RESPValue, _ seqs: [UInt64] = []) throws(RedisFault) -> StreamStep {
        guard let batch else { return .nothing }
        let count = answer.integer ?? 0
        guard count >= Int64(replicas) else {
            throw RedisFault(code: "replicas", text: "\(count) of \(replicas) replicas have what was written")
        }
        return StreamStep(news: [finish(batch, seq: seqs.last ?? 0)], firstNumber: seqs.first)
    }

    private mutating func finish(_ batch: StreamBatch, seq: UInt64) -> StreamNews {
        self.batch = nil
        stage = .idle
        return .written(number: batch.number, seq: seq)
    }

    private mutating func send(_ commands: RedisCommands) -> StreamStep {
        answers = []
        awaited = commands.answers
        return StreamStep(commands: commands)
    }

    private func addWait(to commands: inout RedisCommands) {
        if replicas > 0 { commands.add(["WAIT", "\(replicas)", "\(Self.replicasMilliseconds)"]) }
    }
}
