/// Goes through one connection, and says what of it is not as it should be.
struct TalkJudge {
    /// A channel that was asked for besides, and what of its past.
    private struct Join {
        let channel: String
        let since: HistoryCursor?
        let wantsState: Bool
    }

    private let talk: ModelTalk
    private let record: ModelRecord
    /// Whether there are more channels and users than the server remembers.
    private let isBounded: Bool
    private(set) var counts = ModelCounts()
    private(set) var found: [HistoryFinding] = []
    private var hearing: ModelHearing
    private var epoch = ""
    private var welcomed: UInt64 = 0
    /// Everything of its own up to here has come, or was told to be gone.
    private var base: UInt64 = 0
    private var last: UInt64 = 0
    private var lastChannel: String?
    /// What has come since there, and by which channel; and what has come at all.
    private var heard: [UInt64: (event: EventNumber, channel: String)] = [:]
    private var had: Set<UInt64> = []
    /// What has come otherwise than as state, and by which channel.
    private var sent: [UInt64: String] = [:]
    private var isInState = false
    /// Whether a state was not complete, which is so only where a gap is told besides.
    private var isStatePartial = false
    private var isGapTold = false
    /// Whether a gap comes next that belongs to the state of a channel, and answers nothing.
    private var isStateGapNext = false
    private var isReplaying: Bool
    /// Up to here its state tells of what has a key: of all, or of one channel.
    private var cuts: [String: UInt64] = [:]
    /// Up to here it was told, with the past of a channel, that something is gone.
    private var told: UInt64 = 0
    /// The channel whose past it is getting, and where it says that it stands then.
    private var join: Join?
    private var past: JoinedPast?
    private var echo: HistoryCursor?

    init(_ talk: ModelTalk, _ record: ModelRecord, isBounded: Bool) {
        self.talk = talk
        self.record = record
        self.isBounded = isBounded
        hearing = ModelHearing(talk)
        isReplaying = talk.since != nil
    }

    mutating func judge() {
        counts.talks += 1
        if talk.isStream { counts.streams += 1 }
        for (index, fact) in talk.facts.enumerated() {
            switch fact {
            case .welcome(let cursor): begin(cursor)
            case .rights(let rights): hearing.note(rights)
            case .refused(let channel):
                counts.rightsWithdrawn += 1
                if !hearing.refuse(channel) { report(.altered, "\(channel) is refused") }
            case .event(let seq, let number, let channel): take(seq, number, channel)
            case .mayReturn(let cursor): checkReturn(to: cursor)
            case .stateBegins:
                isInState = true
                past?.beginState(after: last)
                last = 0
                heard = [:]
            case .stateEnds(let cursor, let keys, let isComplete, let end):
                counts.states += 1
                past?.endState()
                endState(cursor.seq, keys: keys, isComplete: isComplete, end, then: next(after: index))
            case .asks(let channel, let since, let wantsState, let place):
                counts.joined += 1
                hearing.begin(channel)
                join = Join(channel: channel, since: since, wantsState: wantsState)
                echo = place
                past = JoinedPast(channel, since: since?.seq, then: place.seq)
                isReplaying = true
            case .listens(let channel): past?.noteAnswer(channel)
            case .joined(let cursor, let answer, let trimmed):
                // It ended without a word before what has gone since, which is told with the answer about all.
                if answer == .complete, case .resumed(_, .gap(let gap), _) = next(after: index), gap.epoch == epoch {
                    told = max(told, gap.seq)
                }
                endJoin(cursor, answer, trimmed: trimmed)
            case .resumed(let cursor, let answer, let trimmed): endReplay(cursor, answer, trimmed: trimmed)
            }
        }
        // One that was cut off may not have been told yet.
        if isStatePartial, !isGapTold, !isReplaying, !record.isDisturbed { report(.gap, "its state is not complete") }
    }

    private mutating func report(_ kind: HistoryFinding.Kind, _ text: String) {
        found.append(HistoryFinding(kind, "\(talk.name): \(text)"))
    }

    private mutating func begin(_ cursor: HistoryCursor) {
        epoch = cursor.epoch
        welcomed = cursor.seq
        base = talk.since.map { $0.epoch == cursor.epoch ? $0.seq : cursor.seq } ?? cursor.seq
        last = talk.since == nil || talk.since?.epoch == cursor.epoch ? base : 0
    }

    // MARK: Events

    private mutating func take(_ seq: UInt64, _ number: EventNumber, _ channel: String?) {
        // Of several channels it comes by another one too where the first was withdrawn between its copies.
        if seq == last, let lastChannel, lastChannel != channel, hearing.wasRefused(lastChannel) { return }
        lastChannel = channel
        let what = "\(number) at \(epoch):\(seq)"
        if past?.begins(with: seq, after: last, isUnsure: hearing.wasRefusedAny) ?? false { last = 0 }
        if seq <= last { report(.disordered, "\(what) after \(last)") }
        last = max(last, seq)
        guard let event = record.events[number] else { return report(.foreign, "\(what) was not published") }
        if let other = record.list[ModelRecord.Place(epoch: epoch, seq: seq)], other != number {
            report(.renumbered, "\(what), which is \(other)")
        }
        if !hearing.wasRefusedAny, past?.isClosed(to: event, at: seq) ?? false {
            report(.disordered, "\(what) in the past of another channel")
        }
        if !hearing.gets(event, isSure: false) { report(.altered, "\(what) is not for it") }
        if !event.places.contains(channel ?? "") || !hearing.hears(channel ?? "", isSure: false) {
            report(.altered, "\(what) comes by \(channel ?? "no channel")")
        }
        heard[seq] = (number, channel ?? "")
        had.insert(seq)
        if !(isInState && event.key != nil), let first = sent.updateValue(channel ?? "", forKey: seq) {
            // Of a subscription that has ended nothing is known: who asks for a past then, of a channel or of all from its
            // place on, gets all of it.
            if (join == nil && echo == nil) || !hearing.wasRefused(first) { report(.doubled, what) }
        }
        guard !isReplaying, !isInState else { return }
        let missed = missing(in: base + 1..<max(base + 1, seq))
        if !missed.isEmpty { report(.skipped, "\(what) without \(Self.text(missed))") }
        base = max(base, seq)
        heard = [:]
    }

    private mutating func checkReturn(to cursor: HistoryCursor) {
        guard cursor.epoch == epoch, !isInState else { return }
        let missed = missing(in: base + 1..<max(base, cursor.seq) + 1)
        if !missed.isEmpty { report(.skipped, "it may come back to \(cursor), without \(Self.text(missed))") }
    }

    /// What the client should have of some numbers, and has not.
    private func missing(
        in numbers: Range<UInt64>, of channel: String? = nil
    ) -> [(seq: UInt64, event: ModelEvent)] {
        record.events(epoch, in: numbers).filter { seq, event in
            seq > told && !had.contains(seq) && hearing.gets(event, isSure: true)
                && !(record.areSeveral && event.expiresAt != nil)
                && (channel.map(event.places.contains) ?? true) && !isState(seq, event, of: channel)
        }
    }

    /// Whether its state tells of an event: by one channel, or by all by which it hears of it.
    private func isState(_ seq: UInt64, _ event: ModelEvent, of channel: String?) -> Bool {
        guard event.key != nil else { return false }
        return event.places.allSatisfy { place in
            let isAsked = channel.map { $0 == place } ?? hearing.hears(place, isSure: true)
            return !isAsked || seq <= cuts[place] ?? cuts[Self.all] ?? 0
        }
    }

    // MARK: The state

    private static let all = "*"

    /// What it was told after something else.
    private func next(after index: Int) -> ModelTalk.Fact? {
        talk.facts.dropFirst(index + 1).first { if case .rights = $0 { false } else { true } }
    }

    private mutating func endState(
        _ end: UInt64, keys: Int, isComplete: Bool, _ now: Int64, then next: ModelTalk.Fact?
    ) {
        // One that was cut off right behind it was told by that.
        if !isComplete, next != nil { isStatePartial = true }
        isInState = false
        let channel = join?.channel
        let since = join.map(\.since) ?? talk.since
        cuts[channel ?? Self.all] = end
        // It is the state of a moment after the client came, and what came since follows it.
        let begin = min(channel == nil ? welcomed : base, end)
        var moments = [end]
        for (seq, event) in record.events(epoch, in: begin + 1..<end + 1).reversed() where event.key != nil {
            moments += [seq, seq - 1]
        }
        moments.append(begin)
        var wrong: String?
        var settled = hearing
        if let channel { settled.settle(channel) }
        for moment in moments {
            let difference = difference(from: moment, to: end, keys: keys, now, settled)
            wrong = difference.map { wrong ?? $0 }
            if difference == nil { break }
        }
        countExpired(end)
        // After a fault of the machine something may be missing, and that is said.
        if isComplete, let wrong { report(.lost, wrong) }
        guard since == nil else { return }
        if channel != nil, case .resumed(_, let answer, _) = next {
            // What is asked after it wants no state, by which a gap could heal.
            if case .healed = answer { isStateGapNext = true }
            if case .gap = answer { isStateGapNext = !isComplete }
        }
        // A reader of a stream is told only here where it stands.
        var from = talk.isStream && join == nil ? end : base
        // What has gone while it was told of its state is told as a gap right after it; one that was cut off in between was
        // told so far that not all of it is there.
        if case .resumed(_, .gap(let gap), _) = next, gap.epoch == epoch { from = max(from, gap.seq) }
        if !isComplete, next == nil { from = end }
        let missed = missing(in: from + 1..<max(from, end) + 1)
        if !missed.isEmpty { report(.skipped, "at the seam of its state \(Self.text(missed))") }
        base = max(base, end)
        heard = [:]
        if let channel { hearing.settle(channel) }
        join = nil
    }

    private mutating func countExpired(_ end: UInt64) {
        for keys in record.state(epoch, upTo: end).values {
            counts.expired += keys.values.count { $0.event.expiresAt ?? .max <= talk.startMicroseconds }
        }
    }

    /// What is wrong with a state, if it is that of a moment with the events since.
    private func difference(
        from cut: UInt64, to end: UInt64, keys: Int, _ now: Int64, _ hearing: ModelHearing
    ) -> String? {
        let channel = join?.channel
        let came = Set(
            heard.filter { seq, one in
                guard seq <= end, let event = record.events[one.event], event.key != nil else { return false }
                guard let channel else { return true }
                // Until then only what came by that channel is of its state.
                return seq <= cut ? one.channel == channel : event.places.contains(channel)
            }.keys)
        var (sure, possible): (Set<UInt64>, Set<UInt64>) = ([], [])
        let state = record.state(epoch, upTo: cut)
        var unsure: Set<String> = []
        for (seq, event) in record.doubtful(epoch, in: 1..<cut + 1) where event.key != nil {
            for place in event.places where seq > state[place]?[event.key ?? ""]?.seq ?? 0 {
                unsure.insert("\(place) \(event.key ?? "")")
                if hearing.mayHaveHeard(place) { possible.insert(seq) }
            }
        }
        for (place, keys) in state where channel == nil || place == channel {
            for (key, (seq, event)) in keys {
                let isSure = hearing.hears(place, isSure: true) && !unsure.contains("\(place) \(key)")
                if isSure, event.expiresAt ?? .max > now { sure.insert(seq) }
                let wasOver = event.expiresAt ?? .max <= talk.startMicroseconds
                if hearing.mayHaveHeard(place), !wasOver { possible.insert(seq) }
            }
        }
        let inState = came.filter { $0 <= cut }.count
        for (seq, event) in record.events(epoch, in: cut + 1..<end + 1) where event.key != nil {
            guard channel.map(event.places.contains) ?? true else { continue }
            let mayBeOver = record.areSeveral && event.expiresAt != nil
            if hearing.gets(event, isSure: true), !mayBeOver { sure.insert(seq) }
            if event.isFor(talk.user), event.places.contains(where: hearing.mayHaveHeard) { possible.insert(seq) }
        }
        let (lost, wrong) = (sure.subtracting(came).sorted(), came.subtracting(possible).sorted())
        if !lost.isEmpty { return "the state up to \(end) without \(lost)" }
        if !wrong.isEmpty { return "\(wrong) in the state up to \(end)" }
        return inState == keys ? nil : "\(keys) keys told, \(inState) came"
    }

    // MARK: Answers about the past

    private mutating func endJoin(_ cursor: HistoryCursor, _ answer: ModelTalk.Answer, trimmed: UInt64) {
        guard let join, let since = join.since else { return }
        hearing.settle(join.channel)
        counts.answers += 1
        if case .gap = answer { isGapTold = true }
        judge(answer, cursor, since: since, of: join.channel, wantsState: join.wantsState, trimmed: trimmed)
        self.join = nil
    }

    private mutating func endReplay(_ cursor: HistoryCursor, _ answer: ModelTalk.Answer, trimmed: UInt64) {
        if isStateGapNext, echo != nil {
            isStateGapNext = false
            if case .gap(let end) = answer {
                isGapTold = true
                if end.epoch == epoch { told = max(told, end.seq) }
            }
            return
        }
        counts.answers += 1
        if case .gap = answer { isGapTold = true }
        if let since = echo ?? talk.since, since.epoch == cursor.epoch {
            let wantsState = echo == nil && talk.wantsState
            judge(answer, cursor, since: since, of: nil, wantsState: wantsState, trimmed: trimmed)
        } else if answer == .complete {
            report(.skipped, "complete in another numbering")
        }
        if let join { hearing.settle(join.channel) }
        (join, echo, past) = (nil, nil, nil)
        isReplaying = false
        base = max(base, cursor.seq)
        heard = [:]
    }

    /// Whether an answer about the past, of one channel or of all, says what is so.
    private mutating func judge(
        _ answer: ModelTalk.Answer, _ cursor: HistoryCursor, since: HistoryCursor, of channel: String?,
        wantsState: Bool, trimmed: UInt64
    ) {
        var start = since.seq
        if case .gap(let end) = answer, end.epoch == cursor.epoch { start = max(start, end.seq) }
        let missed = missing(in: start + 1..<max(start, cursor.seq) + 1, of: channel)
        let what = "since \(since.seq)\(channel.map { " in \($0)" } ?? "")"
        if !missed.isEmpty {
            report(.skipped, "\(answer) \(what) up to \(cursor.seq) without \(Self.text(missed))")
        }
        var end = trimmed
        if case .gap = answer { end = start }
        let gone = record.events(cursor.epoch, in: since.seq + 1..<max(since.seq, end) + 1)
        if !gone.isEmpty { counts.trimmed += 1 }
        // What it has had by another way counts: of each channel the server remembers the last that is gone.
        // So does what was its own until a right was withdrawn, since the loss may have been found before.
        let own = gone.filter { gone in
            gone.event.isFor(talk.user) && gone.event.places.contains(where: hearing.mayHaveHeard)
        }
        switch answer {
        case .complete: if !gone.isEmpty { counts.foreignLoss += 1 }
        case .healed:
            counts.healed += 1
            if own.isEmpty, !record.isDisturbed, !isBounded {
                report(.gap, "healed, and nothing of its own is gone \(what)")
            }
        case .gap:
            if channel != nil { told = max(told, start) }
            let isLoss = own.contains { !wantsState || isStatePartial || $0.event.key == nil }
            if isLoss { counts.ownLoss += 1 }
            guard !isLoss, !record.isDisturbed else { return }
            if isBounded {
                counts.beyondBound += 1
            } else {
                report(.gap, "\(what) up to \(start), and nothing of its own is gone")
            }
        }
    }

    private static func text(_ events: [(seq: UInt64, event: ModelEvent)]) -> String {
        events.prefix(4).map { "\($0.event.number) at \($0.seq)" }.joined(separator: ", ")
    }
}
