internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSequencer
internal import WSQueueSystem
internal import WSQueueWire

/// The stream's entries on their way to the hub, in order.
extension RedisLinkLoop {
    private var epochKey: String { link.settings.key("epoch") }
    private static let readCount = 256
    /// How long a read waits in Redis for entries, milliseconds: less than an answer may take.
    private static let blockMilliseconds = 1_000
    /// How often the numbering's name is looked at, nanoseconds.
    private static let epochCheckNanoseconds: Int64 = 1_000_000_000

    /// Looks at how the stream stands. What to do about it the hub decides.
    mutating func attach(now: Int64) {
        giveEntries()
        mustAttach = false
        attempt += 1
        readerStage = .attaching
        readerAnswers = []
        reader.unpackedDepth = 0
        reader.send(["SET", epochKey, epoch, "NX"], now: now)
        reader.send(["GET", epochKey], now: now)
        reader.send(["XINFO", "STREAM", link.settings.stream], now: now)
        reader.send(["XRANGE", link.settings.stream, "0-\(seq)", "0-\(seq)"], now: now)
    }

    /// Reads on from where the hub says.
    mutating func follow(now: Int64) {
        readerStage = .following
        reader.unpackedDepth = 2
        nextEpochCheck = now + Self.epochCheckNanoseconds
        noteUp(now: now)
    }

    /// Gives the numbering another name, if it still has the one that the hub knows.
    mutating func renew(from: String, to: String, now: Int64) {
        readerStage = .renewing
        readerAnswers = []
        renewal = (from, to)
        reader.send(["WATCH", epochKey], now: now)
        reader.send(["GET", epochKey], now: now)
    }

    /// Asks for the next entries, if the hub has room for them.
    mutating func read(now: Int64) {
        guard readerStage == .following else { return }
        reader.setReading(link.unreadBytes < RedisLink.readLimitBytes, now: now)
        guard reader.unanswered == 0, link.unreadBytes < RedisLink.askedLimitBytes else { return }
        if now >= nextEpochCheck {
            nextEpochCheck = now + Self.epochCheckNanoseconds
            isAskingEpoch = true
            reader.send(["GET", epochKey], now: now)
        }
        reader.send(
            [
                "XREAD", "COUNT", "\(Self.readCount)", "BLOCK", "\(Self.blockMilliseconds)", "STREAMS",
                link.settings.stream, "0-\(seq)",
            ], now: now)
    }

    mutating func takeReaderAnswer(_ value: RESPValue, now: Int64) {
        if case .push = value { return }
        if readerStage != .attaching, let refusal = value.refusal {
            return fail(RedisFault(refusal: refusal), now: now)
        }
        switch readerStage {
        case .attaching:
            readerAnswers.append(value)
            if reader.unanswered == 0 { finishAttaching(now: now) }
        case .renewing:
            readerAnswers.append(value)
            if reader.unanswered == 0 { goOnRenewing(now: now) }
        case .following:
            guard isAskingEpoch else { return }
            isAskingEpoch = false
            // The read behind it waits at most a second; then all is looked at anew.
            if value.string != epoch { mustAttach = true }
            return
        case .away, .attached: return
        }
    }

    /// Takes a piece of what XREAD gives: a map of the stream's key to its entries.
    mutating func takeReaderPart(_ part: RESPPart) {
        guard case .value(let value) = part, value.elements != nil, let entry = StreamEntry(value) else { return }
        seq = entry.seq
        entries.append(entry)
    }

    private mutating func finishAttaching(now: Int64) {
        // Of a stream that is not there yet nothing can be told; any other refusal is one.
        let refusals = readerAnswers.compactMap(\.refusal).filter { $0 != "ERR no such key" }
        if let refusal = refusals.first { return fail(RedisFault(refusal: refusal), now: now) }
        guard let epoch = readerAnswers[1].string, Cursor(epoch: epoch, seq: 0) != nil else {
            return fail(RedisFault(code: "stream", text: "\(epochKey) is no epoch of ours"), now: now)
        }
        let info = readerAnswers[2]
        let (lastID, firstID) = (info["last-generated-id"]?.string, info["recorded-first-entry-id"]?.string)
        guard let last = StreamEntry.seq(lastID ?? "0-0"), let first = StreamEntry.seq(firstID ?? "0-0") else {
            let text = "entries of the stream \(link.settings.stream) have ids that are not ours: \(lastID ?? "")"
            return fail(RedisFault(code: "stream", text: text), now: now)
        }
        self.epoch = epoch
        readerStage = .attached
        link.news.post(
            .attached(
                StreamPlace(
                    attempt: attempt, epoch: epoch, first: first == 0 ? last + 1 : first, last: last,
                    probe: readerAnswers[3].elements?.first.flatMap { StreamEntry($0) })))
    }

    private mutating func goOnRenewing(now: Int64) {
        // After the watch and the look comes the transaction's answers; whoever wins, what is there now is looked at.
        guard readerAnswers.count == 2, readerAnswers[1].string == renewal.from else { return attach(now: now) }
        reader.send(["MULTI"], now: now)
        reader.send(["SET", epochKey, renewal.to], now: now)
        reader.send(["EXEC"], now: now)
    }
}
