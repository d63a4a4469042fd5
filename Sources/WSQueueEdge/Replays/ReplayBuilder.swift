internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueSession
internal import WSQueueSystem

/// Builds the frames of a piece of the past for one client, from the journal's records and the events of the state.
struct ReplayBuilder {
    /// How far a client is when it has been sent all frames.
    struct Used {
        /// How many bytes of the records were looked at.
        let offset: Int
        /// The first number after them.
        let next: UInt64
        /// How far it has its state then; `nil` where it has wanted none.
        let state: StateReplay.Progress?
    }

    private let journal: Journal
    /// About how much is built at once.
    private let limitBytes: Int
    /// The frames on their way to a socket.
    private var frames = ReplayFrames()

    init(_ journal: Journal, limitBytes: Int) {
        self.journal = journal
        self.limitBytes = limitBytes
    }

    /// The frames that were built last.
    var bytes: [UInt8] { frames.bytes }
    func count(begunIn count: Int) -> Int { frames.count(begunIn: count) }
    func mark(after count: Int) -> ReplayFrames.Mark? { frames.mark(after: count) }

    /// Builds the frames that a client gets of some records; `nil` where the first of them is none.
    mutating func prepare(
        _ chunk: Journal.Chunk, _ slot: Int, _ replay: inout Replay, _ subscriptions: SubscriptionTable, seq: UInt64,
        _ connections: borrowing Connections
    ) -> Used? {
        frames.removeAll()
        var state = replay.stateProgress
        let inheritedSeq = journal.inheritedSeq
        var (offset, next) = (0, replay.nextSeq)
        var heard = HeardChannels()
        while offset < chunk.records.count {
            guard let text = chunk.text(at: offset) else {
                if offset == 0 { return nil }
                break
            }
            if text.seq > seq {
                // The rest has not been published to this loop, and what comes before it has been looked at.
                if next <= seq { replay.lose(upTo: seq) }
                next = seq + 1
                break
            }
            guard
                addState(before: text.seq, &state, next: next, offset: offset, replay, slot, subscriptions, connections)
            else { break }
            offset = text.end
            if text.seq < next { continue }
            next = text.seq + 1
            // Who is where is told anew to whoever comes; only what was held back was for now.
            if replay.isState(text) || (text.kind == .news && text.seq <= replay.heldSince) { continue }
            let planned = replay
            let copy = connections[slot]?.withSession { session in
                session.copy(
                    of: text, during: planned, inheritedSeq: inheritedSeq, slot: slot, subscriptions, &heard
                ).map { (audience: $0, view: session.view) }
            }
            guard let (audience, view) = copy ?? nil else { continue }
            frames.append(
                chunk.records[text.message], channel: audience.channel, key: text.key.map { chunk.records[$0] },
                as: view, under: subscriptions.access, next: next, offset: offset, state: state)
        }
        return Used(offset: offset, next: next, state: state)
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
            place = place.counted
            frames.append(
                item.event.message[...], channel: channel.isEmpty ? nil : channel, key: item.event.key[...], as: view,
                under: subscriptions.access, next: next, offset: offset, state: place)
        }
        return true
    }

    /// Builds the frames of what comes next of a client's state.
    mutating func prepareState(
        _ slot: Int, _ replay: Replay, _ subscriptions: SubscriptionTable, _ connections: borrowing Connections
    ) -> StateReplay.Progress? {
        frames.removeAll()
        var state = replay.stateProgress
        _ = addState(
            before: replay.nextSeq, &state, next: replay.nextSeq, offset: 0, replay, slot, subscriptions, connections)
        return state
    }
}
