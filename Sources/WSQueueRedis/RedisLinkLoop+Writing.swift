internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSequencer
internal import WSQueueWire

/// Events on their way into the stream, each once.
///
/// A transaction adds the events of some files and notes the files' names under this node's key `sent`. It begins with a
/// watch on the node's `fence`, which is raised by each new connection before it reads `sent`: so a transaction that an
/// old connection has left in a stopped server's sockets cannot be carried out any more once somebody has looked.
extension RedisLinkLoop {
    private var fenceKey: String { link.settings.key("fence:\(link.node.text)") }
    private var sentKey: String { link.settings.key("sent:\(link.node.text)") }
    /// How long Redis may wait for replicas, milliseconds: less than an answer may take.
    private static let replicasMilliseconds = 2_000

    /// Begins on a new connection.
    mutating func fence(now: Int64) {
        writerStage = .fencing
        writerAnswers = []
        writer.send(["INCR", fenceKey], now: now)
        writer.send(["GET", sentKey], now: now)
        writer.send(["WATCH", fenceKey], now: now)
    }

    /// Sends the next transaction. Only when the answer to the last watch is there: one that a stopped server finds
    /// behind the fence would watch too late.
    mutating func write(now: Int64) {
        guard writerStage == .idle, let batch else { return }
        writerStage = .writing
        writerAnswers = []
        var bytes: [UInt8] = []
        bytes.reserveCapacity(batch.commands.count + batch.sent.count + 256)
        RESPCommand.append(["MULTI"], to: &bytes)
        bytes += batch.commands
        appendSent(batch, to: &bytes)
        RESPCommand.append(["EXEC"], to: &bytes)
        appendWait(to: &bytes)
        RESPCommand.append(["WATCH", fenceKey], to: &bytes)
        writer.send(bytes, answers: batch.count + 4 + waits, now: now)
    }

    /// Takes an answer; once all of a stage are there, goes on.
    mutating func takeWriterAnswer(_ value: RESPValue, now: Int64) {
        if case .push = value { return }
        writerAnswers.append(value)
        guard writer.unanswered == 0 else { return }
        // The first refusal is the reason; EXEC says only that there was one.
        if let refusal = writerAnswers.lazy.compactMap(\.refusal).first {
            return fail(RedisFault(refusal: refusal), now: now)
        }
        switch writerStage {
        case .fencing: finishFencing(now: now)
        case .confirming: finishWaiting(writerAnswers[1], now: now)
        case .writing: finishWriting(now: now)
        case .away, .idle: break
        }
    }

    private mutating func finishFencing(now: Int64) {
        let sent = writerAnswers[1].bytes
        if !hasFenced {
            hasFenced = true
            link.news.post(.fenced(sent: sent))
        }
        writerStage = .idle
        defer { isSentVoid = false }
        guard let batch, sent == batch.sent, !isSentVoid else { return noteUp(now: now) }
        // It was carried out, and the answer was lost.
        guard waits > 0 else { return finish(batch, seq: 0, now: now) }
        // Written again, because the replicas are asked only about what this connection has written.
        writerStage = .confirming
        writerAnswers = []
        var bytes: [UInt8] = []
        appendSent(batch, to: &bytes)
        appendWait(to: &bytes)
        RESPCommand.append(["WATCH", fenceKey], to: &bytes)
        writer.send(bytes, answers: 3, now: now)
    }

    private mutating func finishWriting(now: Int64) {
        guard let batch else { return }
        let answer = writerAnswers[batch.count + 2]
        guard let results = answer.elements, results.count == batch.count + 1 else {
            let text = "the transaction was not carried out: this node's fence was raised by another connection"
            return fail(RedisFault(code: "fenced", text: text), now: now)
        }
        if let refusal = results.lazy.compactMap(\.refusal).first {
            isSentVoid = true
            let fault = RedisFault(refusal: refusal)
            return fail(
                fault.code == "ERR" ? RedisFault(code: "stream", text: refusal) : fault, now: now)
        }
        let seqs = results.compactMap { $0.string.flatMap(StreamEntry.seq) }
        // The stream has numbers again that it had given: it has lost what it had, and the reader has to look.
        if let first = seqs.first, first <= seq, readerStage == .following { mustAttach = true }
        if waits > 0 {
            finishWaiting(writerAnswers[batch.count + 3], seq: seqs.last ?? 0, now: now)
        } else {
            finish(batch, seq: seqs.last ?? 0, now: now)
        }
    }

    private mutating func finishWaiting(_ answer: RESPValue, seq: UInt64 = 0, now: Int64) {
        guard let batch else { return }
        let count = answer.integer ?? 0
        guard count >= Int64(link.settings.replicas) else {
            let text = "\(count) of \(link.settings.replicas) replicas have what was written"
            return fail(RedisFault(code: "replicas", text: text), now: now)
        }
        finish(batch, seq: seq, now: now)
    }

    private mutating func finish(_ batch: StreamBatch, seq: UInt64, now: Int64) {
        self.batch = nil
        writerStage = .idle
        link.news.post(.written(number: batch.number, seq: seq))
        noteUp(now: now)
    }

    private var waits: Int { link.settings.replicas > 0 ? 1 : 0 }

    private func appendSent(_ batch: StreamBatch, to bytes: inout [UInt8]) {
        RESPCommand.begin(3, in: &bytes)
        RESPCommand.append(word: "SET".utf8.span, to: &bytes)
        RESPCommand.append(word: sentKey.utf8.span, to: &bytes)
        RESPCommand.append(word: batch.sent.span, to: &bytes)
    }

    private func appendWait(to bytes: inout [UInt8]) {
        guard waits > 0 else { return }
        RESPCommand.append(["WAIT", "\(link.settings.replicas)", "\(Self.replicasMilliseconds)"], to: &bytes)
    }
}
