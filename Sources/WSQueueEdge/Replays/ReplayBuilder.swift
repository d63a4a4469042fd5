internal import WSQueueBroker
internal import WSQueueConnections
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueSession
internal import WSQueueSystem

/// Builds the frames of a piece of the past for one client, from the journal's records and the events of the state.
struct ReplayBuilder {
    /// How far a client is when it has been sent all frames.
    struct Used {
        /// Where the records begin; `nil` where there were none.
        let start: Journal.Position?
        /// How many bytes of them were looked at.
        let offset: Int
        /// The first number after them.
        let next: UInt64
        /// How far it has its state then; `nil` where it has wanted none.
        let state: StateReplay.Progress?
    }

    private let journal: Journal
    /// About how much is built at once.
    private let limitBytes: Int
    /// The frames on their way to a socket: those of a number, and of all after it.
    private var frames = ReplayFrames()
    private var first = 0
    /// What was built for others and may be the same for the next.
    private var pieces = ReplayPieces<Journal.Position>()

    init(_ journal: Journal, limitBytes: Int) {
        self.journal = journal
        self.limitBytes = limitBytes
    }

    /// The frames that were found or built last, and where in them those begin that the client lacks.
    var bytes: [UInt8] { frames.bytes }
    var start: Int { first }
    func count(begunIn end: Int) -> Int { frames.count(begunIn: first, end) }
    func mark(after end: Int) -> ReplayFrames.Mark? { frames.mark(after: first, end) }

    /// No client wants anything of the past any more.
    mutating func rest() {
        pieces.removeAll()
        frames.removeAll()
    }

    /// Finds the frames that a client gets next among those that were built for others.
    mutating func find(
        _ slot: Int, _ replay: Replay, _ subscriptions: SubscriptionTable, _ connections: borrowing Connections
    ) -> Used? {
        let pieces = pieces
        let found = connections[slot]?.withSession { session -> ReplayPieces<Journal.Position>.Piece? in
            guard let kind: Kind = session.kind(of: replay, slot: slot, subscriptions) else { return nil }
            return pieces.find(kind, at: replay.nextSeq, settled: session.settled(during: replay))
        }
        guard let piece = found ?? nil else { return nil }
        frames = piece.frames
        first = frames.start(of: replay.nextSeq)
        return Used(start: piece.start, offset: piece.offset, next: piece.numbers.upperBound, state: nil)
    }

    private typealias Kind = ReplayPieces<Journal.Position>.Kind

    /// Builds the frames that a client gets of some records; `nil` where the first of them is none.
    ///
    /// - Parameter isAlone: Whether no other client wants anything of the past.
    mutating func prepare(
        _ chunk: Journal.Chunk, _ slot: Int, _ replay: inout Replay, _ subscriptions: SubscriptionTable, seq: UInt64,
        isAlone: Bool, _ connections: borrowing Connections
    ) -> Used? {
        frames.removeAll()
        first = 0
        var state = replay.stateProgress
        let inheritedSeq = journal.inheritedSeq
        var (offset, next) = (0, replay.nextSeq)
        var heard = HeardChannels()
        let planned = replay
        let likeness =
            isAlone
            ? nil
            : connections[slot]?.withSession { session -> (kind: Kind, settled: UInt64)? in
                session.kind(of: planned, slot: slot, subscriptions).map { ($0, session.settled(during: planned)) }
            }
        // Others may lack what this client has: all that is read is built for them too, as long as it is the same for all.
        var shared = likeness ?? nil
        let begin = shared == nil ? next : chunk.text(at: 0)?.seq ?? next
        next = min(next, begin)
        while offset < chunk.records.count {
            guard let text = chunk.text(at: offset) else {
                if offset == 0 { return nil }
                break
            }
            if text.seq > seq {
                // The rest has not been published to this loop, and what comes before it has been looked at.
                if next <= seq { replay.lose(upTo: seq) }
                next = seq + 1
                shared = nil
                break
            }
            guard
                addState(before: text.seq, &state, next: next, offset: offset, replay, slot, subscriptions, connections)
            else { break }
            offset = text.end
            if text.seq < next { continue }
            next = text.seq + 1
            if shared?.settled ?? 0 < text.seq || text.isPersonal { shared = nil }
            if replay.isPassed(text) || isNext(text, state, replay, slot, subscriptions, connections) { continue }
            let copy = connections[slot]?.withSession { session in
                session.copy(
                    of: text, during: planned, inheritedSeq: inheritedSeq, slot: slot, subscriptions, &heard
                ).map { (audience: $0, view: session.view) }
            }
            guard let (audience, view) = copy ?? nil else { continue }
            guard let message = journal.message(of: text, in: chunk) else {
                replay.lose(upTo: text.seq)
                shared = nil
                continue
            }
            frames.append(
                message, channel: audience.channel, key: text.key.map { chunk.records[$0] },
                as: view, under: subscriptions.access, next: next, offset: offset, state: state,
                hasGap: replay.gap != nil)
        }
        if let shared, begin < next {
            pieces.keep(.init(frames, start: chunk.start, numbers: begin..<next, offset: offset), shared.kind)
        }
        // What was built for others alone; nothing of a state is.
        first = begin < planned.nextSeq ? frames.start(of: planned.nextSeq) : 0
        return Used(start: chunk.start, offset: offset, next: max(next, planned.nextSeq), state: state)
    }

    /// Whether a record is the event of a client's state that is sent it next. One whose time is over is no state any more,
    /// and comes by the client's other channels like any other.
    private func isNext(
        _ record: JournalRecordText, _ progress: StateReplay.Progress?, _ replay: Replay, _ slot: Int,
        _ subscriptions: SubscriptionTable, _ connections: borrowing Connections
    ) -> Bool {
        guard let progress, replay.isState(record),
            let item = replay.nextState(after: progress, before: record.seq + 1),
            item.event.isCurrent(unixNanoseconds: Clock.unixNanoseconds())
        else { return false }
        var heard = HeardChannels()
        let channel = connections[slot]?.withSession {
            $0.channel(of: item, during: replay, slot: slot, subscriptions, &heard)
        }
        return (channel ?? nil) != nil
    }

    /// Builds the frames of those events of a client's state that come before another one; `false` is not all of them.
    private mutating func addState(
        before seq: UInt64, _ progress: inout StateReplay.Progress?, next: UInt64, offset: Int, _ replay: Replay,
        _ slot: Int, _ subscriptions: SubscriptionTable, _ connections: borrowing Connections
    ) -> Bool {
        guard var place = progress else { return true }
        defer { progress = place }
        let unix = Clock.unixNanoseconds()
        var heard = HeardChannels()
        while let item = replay.nextState(after: place, before: seq) {
            guard frames.bytes.count < limitBytes else { return false }
            place = item.passed
            guard item.event.isCurrent(unixNanoseconds: unix) else { continue }
            let copy = connections[slot]?.withSession { session in
                session.channel(of: item, during: replay, slot: slot, subscriptions, &heard)
                    .map { (channel: $0, view: session.view) }
            }
            guard let (channel, view) = copy ?? nil else { continue }
            let isSent = frames.append(
                item.event.message[...], channel: channel.isEmpty ? nil : channel, key: item.event.key[...], as: view,
                under: subscriptions.access, next: next, offset: offset, state: place.counted, isState: true)
            // What the client has left out by its name is none of its keys.
            if isSent { place = place.counted }
        }
        return true
    }

    /// Builds the frames of what comes next of a client's state.
    mutating func prepareState(
        _ slot: Int, _ replay: Replay, _ subscriptions: SubscriptionTable, _ connections: borrowing Connections
    ) -> StateReplay.Progress? {
        frames.removeAll()
        first = 0
        var state = replay.stateProgress
        _ = addState(
            before: replay.nextSeq, &state, next: replay.nextSeq, offset: 0, replay, slot, subscriptions, connections)
        return state
    }
}
