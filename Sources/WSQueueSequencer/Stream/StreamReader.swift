internal import WSQueueCore
package import WSQueueWire

/// Brings the shared stream's entries to the hub, in order: how the stream is found, where it is read on, and how its
/// numbering gets another name.
package struct StreamReader: Sendable {
    private enum Stage: Equatable {
        case away
        case attaching
        /// The hub decides where to read on.
        case attached
        case renewing(from: String, to: String)
        /// What is beside the stream is asked for, while it is followed or before.
        case readingPast(isFollowing: Bool)
        case following
    }

    private let keys: StreamKeys
    private var stage = Stage.away
    /// What has answered the commands of the present stage, and how many have no answer yet.
    private var answers: [RESPValue] = []
    private var awaited = 0
    private var looks = StreamLooks()
    /// The hub has been given the entries up to here.
    private var seq: UInt64
    /// The present numbering's name, or the one that we would give it.
    private var epoch: String
    /// What the hub has not been given yet.
    private var entries: [StreamEntry] = []
    private var isAskingEpoch = false
    /// Whether the hub wants to know what is beside the stream, and what it puts back before that.
    private var wantsPast = false
    private var toPutBack: StateCorrections?
    /// What is right of the state, once the numbering gets another name.
    private var corrections = StateCorrections(isPast: true)
    /// Whether the hub knows that it has been given all that was there.
    private var isEndTold = false
    /// Whether the stream is to be looked at anew when the read under way has been answered.
    private var mustAttach = false
    private var nextEpochCheck: Int64 = 0

    private static let readCount = 256
    /// How long a read waits in Redis for entries, milliseconds: less than an answer may take.
    private static let blockMilliseconds = 1_000
    /// How often the numbering's name is looked at, nanoseconds.
    private static let epochCheckNanoseconds: Int64 = 1_000_000_000
    /// At this many bytes that the hub has not used no more is asked for, and no more is read.
    package static let askedLimitBytes = 4 * 1_048_576
    /// What marks of keys without room may take besides the state.
    private static let stateMarginBytes = 8 * 1_048_576
    private static let readLimitBytes = 16 * 1_048_576

    /// Makes a reader without a connection.
    ///
    /// - Parameters:
    ///   - seq: The hub has the stream's entries up to here.
    ///   - epoch: The numbering's name if no one has given it one.
    package init(keys: StreamKeys, after seq: UInt64, epoch: String) {
        self.keys = keys
        self.seq = seq
        self.epoch = epoch
    }

    /// Whether entries come as they are written.
    package var isFollowing: Bool { stage == .following }

    /// Whether what Redis sends is read now; otherwise Redis has to keep it.
    ///
    /// - Parameter unread: How many bytes of entries the hub has not used.
    package func isReading(unread: Int) -> Bool { stage != .following || unread < Self.readLimitBytes }

    /// Looks at how the stream stands, on a new connection. What to do about it the hub decides.
    package mutating func connect() -> StreamStep {
        let news = takeEntries()
        mustAttach = false
        // The hub asks again if it still wants to know.
        wantsPast = false
        toPutBack = nil
        looks.begin()
        stage = .attaching
        let commands = send(
            RedisCommands([
                ["SET", keys.epoch, epoch, "NX"], ["GET", keys.epoch], ["XINFO", "STREAM", keys.stream],
                ["XRANGE", keys.stream, "0-\(seq)", "0-\(seq)"],
            ]))
        return StreamStep(commands: commands, news: news)
    }

    /// The connection is lost.
    ///
    /// - Returns: The entries that came before.
    package mutating func disconnect() -> StreamStep {
        stage = .away
        isAskingEpoch = false
        return StreamStep(news: takeEntries())
    }

    /// Reads on after an entry, if the order is for the look that was last.
    package mutating func follow(after seq: UInt64, attempt: Int, now: Int64) {
        guard attempt == looks.attempt, stage == .attached else { return }
        self.seq = seq
        stage = .following
        isEndTold = false
        nextEpochCheck = now + Self.epochCheckNanoseconds
    }

    /// Finds out what is beside the stream of what is not in it any more, now or after the read that is under way.
    ///
    /// - Parameter corrections: What was known before the numbering, and is put back first.
    package mutating func readPast(after corrections: StateCorrections? = nil) -> StreamStep {
        wantsPast = true
        toPutBack = corrections
        return stage == .attached ? askPast(isFollowing: false) : .nothing
    }

    private mutating func askPast(isFollowing: Bool) -> StreamStep {
        wantsPast = false
        stage = .readingPast(isFollowing: isFollowing)
        var commands = toPutBack?.command(keys, epoch: epoch) ?? RedisCommands()
        toPutBack = nil
        let limit = "\(StreamScripts.stateLimitBytes + Self.stateMarginBytes)"
        // In one piece, so that the state is that of the number.
        commands.add(["MULTI"])
        commands.add(["GET", keys.epoch])
        commands.add(["XINFO", "STREAM", keys.stream])
        commands.add(["EVAL", StreamScripts.read, "1", keys.state, limit])
        commands.add(["GET", keys.trimmed])
        commands.add(["EXEC"])
        return StreamStep(commands: send(commands))
    }

    /// Gives the numbering another name, if it still has the one that the hub knows, and corrects the state.
    package mutating func renew(
        from: String, to: String, attempt: Int, _ corrections: StateCorrections = StateCorrections(isPast: true)
    ) -> StreamStep {
        guard attempt == looks.attempt, stage == .attached else { return .nothing }
        stage = .renewing(from: from, to: to)
        self.corrections = corrections
        return StreamStep(commands: send(RedisCommands([["WATCH", keys.epoch], ["GET", keys.epoch]])))
    }

    /// The stream gave events these numbers from the first on: where it has given them before, it has lost what it had,
    /// and is looked at anew.
    package mutating func noteNumber(_ first: UInt64) {
        looks.note(first)
        guard first <= seq else { return }
        switch stage {
        case .following, .readingPast(isFollowing: true): mustAttach = true
        default: break
        }
    }

    /// Asks for the next entries if none are under way and the hub has room for them.
    ///
    /// - Parameter unread: How many bytes of entries the hub has not used.
    package mutating func turn(unread: Int, now: Int64) -> StreamStep {
        let news = takeEntries()
        guard stage == .following, awaited == 0 else { return StreamStep(news: news) }
        if mustAttach { return StreamStep(commands: connect().commands, news: news) }
        if wantsPast { return StreamStep(commands: askPast(isFollowing: true).commands, news: news) }
        guard unread < Self.askedLimitBytes else { return StreamStep(news: news) }
        var commands = RedisCommands(unpackedDepth: 2)
        if now >= nextEpochCheck {
            nextEpochCheck = now + Self.epochCheckNanoseconds
            isAskingEpoch = true
            commands.add(["GET", keys.epoch])
        }
        commands.add([
            "XREAD", "COUNT", "\(Self.readCount)", "BLOCK", "\(Self.blockMilliseconds)", "STREAMS", keys.stream,
            "0-\(seq)",
        ])
        return StreamStep(commands: send(commands), news: news)
    }

    /// Takes an answer that came whole.
    ///
    /// - Throws: ``RedisFault``: the connection is of no use.
    package mutating func receive(_ answer: RESPValue) throws(RedisFault) -> StreamStep {
        if stage != .attaching, let refusal = answer.refusal { throw RedisFault(refusal: refusal) }
        awaited -= 1
        switch stage {
        case .attaching:
            answers.append(answer)
            return awaited == 0 ? try finishAttaching() : .nothing
        case .renewing(let from, let to):
            answers.append(answer)
            return awaited == 0 ? goOnRenewing(from: from, to: to) : .nothing
        case .readingPast(let isFollowing):
            answers.append(answer)
            return awaited == 0 ? try finishPast(isFollowing: isFollowing) : .nothing
        case .following:
            guard isAskingEpoch else { return readToEnd() }
            isAskingEpoch = false
            // The read after it waits for at most a second; then all is looked at anew.
            if answer.string != epoch { mustAttach = true }
            return .nothing
        case .away, .attached: return .nothing
        }
    }

    /// Takes an element of an answer that does not come whole: what XREAD gives is a map of the stream's key to its
    /// entries.
    package mutating func receive(part: RESPValue) -> StreamStep {
        guard part.elements != nil, let entry = StreamEntry(part) else { return .nothing }
        seq = entry.seq
        entries.append(entry)
        // The hub has them while the others are still on their way.
        return entries.count >= Self.readCount ? StreamStep(news: takeEntries()) : .nothing
    }

    /// An answer that did not come whole is over.
    package mutating func finishParts() { awaited -= 1 }

    /// The stream has given nothing: the hub has all that is there.
    private mutating func readToEnd() -> StreamStep {
        guard !isEndTold else { return .nothing }
        isEndTold = true
        return StreamStep(news: [.readToEnd])
    }

    private mutating func takeEntries() -> [StreamNews] {
        guard !entries.isEmpty else { return [] }
        defer { entries = [] }
        return [.entries(entries)]
    }

    private mutating func send(_ commands: RedisCommands) -> RedisCommands {
        answers = []
        awaited = commands.answers
        return commands
    }

    private mutating func finishAttaching() throws(RedisFault) -> StreamStep {
        // Of a stream that is not there yet nothing can be told; any other refusal is a fault.
        let refusals = answers.compactMap(\.refusal).filter { $0 != "ERR no such key" }
        if let refusal = refusals.first { throw RedisFault(refusal: refusal) }
        guard let epoch = answers[1].string, Cursor(epoch: epoch, seq: 0) != nil else {
            throw RedisFault(code: "stream", text: "\(keys.epoch) is no epoch of ours")
        }
        let info = answers[2]
        let (lastID, firstID) = (info["last-generated-id"]?.string, info["recorded-first-entry-id"]?.string)
        guard let last = StreamEntry.seq(lastID ?? "0-0"), let first = StreamEntry.seq(firstID ?? "0-0") else {
            let text = "entries of the stream \(keys.stream) have ids that are not ours: \(lastID ?? "")"
            throw RedisFault(code: "stream", text: text)
        }
        if self.epoch != epoch { looks.forget() }
        self.epoch = epoch
        stage = .attached
        let place = StreamPlace(
            attempt: looks.attempt, epoch: epoch, first: first == 0 ? last + 1 : first, last: last,
            probe: answers[3].elements?.first.flatMap { StreamEntry($0) }, known: looks.known)
        return StreamStep(news: [.attached(place)])
    }

    private mutating func finishPast(isFollowing: Bool) throws(RedisFault) -> StreamStep {
        stage = isFollowing ? .following : .attached
        let results = answers.last?.elements ?? []
        if let refusal = results.compactMap(\.refusal).first(where: { $0 != "ERR no such key" }) {
            throw RedisFault(refusal: refusal)
        }
        guard let past = StreamPast(results) else {
            throw RedisFault(code: "stream", text: "\(keys.state) is no state of ours")
        }
        // Of another numbering: all is looked at as it is now.
        guard past.epoch == epoch else { return connect() }
        return StreamStep(news: [.past(past)])
    }

    private mutating func goOnRenewing(from: String, to: String) -> StreamStep {
        // After the look come the transaction's answers; whichever server wins, the stream is looked at as it is now.
        guard answers.count == 2, answers[1].string == from else { return connect() }
        var commands = RedisCommands([["MULTI"], ["SET", keys.epoch, to], ["DEL", keys.trimmed]])
        let correction = corrections.command(keys, epoch: to)
        commands.add(correction.bytes, count: correction.answers)
        commands.add(["EXEC"])
        corrections = StateCorrections(isPast: true)
        awaited = commands.answers
        return StreamStep(commands: commands)
    }
}
