internal import WSQueueBroker
internal import WSQueueConnections
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSession
internal import WSQueueSystem

/// Sends clients that come back what they missed, a piece at a time.
///
/// A client with a replay reads the journal up to where its loop stands, whatever the others do. It holds up nothing: the
/// queue waits only for those in the ring.
struct Replays {
    /// A replay that has come to its end.
    struct Finished {
        let slot: Int
        let replay: Replay
    }

    private let journal: Journal
    private var loopEpoch: String
    private let gate: Gate
    private let log: Log
    /// So long a client may take nothing.
    private let limitNanoseconds: Int64
    private var running: [Int: Replay] = [:]
    /// The clients that can be sent more, by their tokens, in the order of their turns.
    private var turns: [UInt64] = []
    /// Whether none of them could be sent anything: what they want is not here yet.
    private var isIdle = false
    private var builder: ReplayBuilder
    private var sentEvents: UInt64 = 0
    private var shares = ReplayShares()
    /// Whether some only rest for having taken much.
    private var isResting = false

    /// What one turn may read for all together, and for one of them. A thousand clients share the
    /// time evenly, and live events wait for about a millisecond.
    private static let turnBytes = 262_144
    private static let stepBytes = 32_768

    init(_ journal: Journal, _ gate: Gate, limitNanoseconds: Int64, _ log: Log) {
        (self.journal, loopEpoch) = (journal, journal.epoch)
        builder = ReplayBuilder(journal, limitBytes: Self.stepBytes)
        (self.gate, self.log, self.limitNanoseconds) = (gate, log, limitNanoseconds)
    }

    /// Whether there is something to do at once.
    var hasWork: Bool { !(turns.isEmpty || isIdle) }
    /// When there is something to do again, if all that is left only rests (monotonic nanoseconds).
    var goesOnAt: Int64? { isIdle && isResting ? shares.goesOnAt : nil }
    /// How many events of the past were sent.
    var eventCount: UInt64 { sentEvents }
    /// How far the past reaches.
    var bounds: PastBounds { PastBounds(journal, numbersOf: loopEpoch) }
    /// The loop's numbers are of this numbering from now on.
    mutating func renumber(epoch: String) { loopEpoch = epoch }
    /// The past itself.
    var history: Journal { journal }

    /// The replay of a client.
    subscript(slot: Int) -> Replay? { running[slot] }

    /// Begins a replay; from now on the client is left out of what is sent live.
    mutating func begin(
        _ request: PastRequest, channels: [String], _ subscriptions: SubscriptionTable, _ slot: Int, seq: UInt64,
        now: Int64, _ connections: inout Connections
    ) {
        let isWhole = request.awaited.isEmpty
        let state = isWhole && request.wantsState ? state(request, channels, subscriptions, slot) : nil
        running[slot] = Replay(request, channels: channels, bounds: bounds, seq: seq, now: now, state: state)
        connections.set(.replaying, slot)
        if !connections.awaitsSpace(slot) { turns.append(connections.token(of: slot)) }
    }

    /// The state of what a client listens to, as it is now.
    private func state(
        _ request: PastRequest, _ channels: [String], _ subscriptions: SubscriptionTable, _ slot: Int
    ) -> StateReplay {
        let areNames = channels.allSatisfy(Channel.isValid)
        let names = request.channel == nil ? channels + [KeptEvents.channelless] : channels
        return StateReplay(journal.state, names: areNames ? names : nil) { subscriptions.hears(slot, $0) }
    }

    /// A socket takes bytes again.
    ///
    /// - Returns: Whether its client has a replay.
    mutating func goOn(_ slot: Int, now: Int64, _ connections: borrowing Connections) -> Bool {
        guard running[slot] != nil else { return false }
        running[slot]?.noteProgress(now: now)
        turns.append(connections.token(of: slot))
        return true
    }

    /// A client is sent no more of the past.
    mutating func leave(_ slot: Int) { forget(slot) }

    private mutating func forget(_ slot: Int) {
        running[slot] = nil
        if running.isEmpty { builder.rest() }
    }

    /// Those whose sockets have taken nothing for too long.
    func stuck(now: Int64, _ connections: borrowing Connections) -> [Int] {
        var slots: [Int] = []
        for (slot, replay) in running
        where replay.isStuck(now: now, limitNanoseconds: limitNanoseconds) && connections.awaitsSpace(slot) {
            slots.append(slot)
        }
        return slots.sorted()
    }

    /// Sends those whose turn it is a piece of what they missed.
    mutating func turn(
        _ subscriptions: SubscriptionTable, seq: UInt64, now: Int64, _ connections: inout Connections
    ) -> [Finished] {
        isResting = false
        guard !turns.isEmpty else {
            isIdle = true
            return []
        }
        var resting: [UInt64] = []
        var finished: [Finished] = []
        var budget = Self.turnBytes
        var left = turns.count
        var taken = 0
        isIdle = true
        while budget > 0, left > 0 {
            let token = turns[taken]
            taken += 1
            left -= 1
            guard let slot = connections.slot(of: token), connections.standing(of: slot) == .replaying,
                var replay = running[slot], !connections.awaitsSpace(slot)
            else { continue }
            let address = connections[slot]?.line.address.block ?? Array("\(token)".utf8)
            if shares.mustRest(address, now: now) {
                resting.append(token)
                continue
            }
            let begin = Clock.monotonicNanoseconds()
            let used = step(slot, &replay, subscriptions, seq: seq, now: now, &connections)
            let end = Clock.monotonicNanoseconds()
            shares.charge(end - begin, to: address, now: end)
            if let used {
                running[slot] = replay
                budget -= used
                if used > 0 { isIdle = false }
            } else {
                forget(slot)
                connections.set(.live, slot)
                finished.append(Finished(slot: slot, replay: replay))
                budget -= 1_024
                isIdle = false
            }
        }
        if left > 0 { isIdle = false }
        turns.removeFirst(taken)
        turns += resting
        isResting = !resting.isEmpty
        return finished
    }

    /// Sends one client a piece.
    ///
    /// - Returns: About how many bytes had to be read for it, and 0 when there is nothing for it yet; `nil` when it has
    ///   come to its end.
    private mutating func step(
        _ slot: Int, _ replay: inout Replay, _ subscriptions: SubscriptionTable, seq: UInt64, now: Int64,
        _ connections: inout Connections
    ) -> Int? {
        guard connections.owedCount(slot) == 0 || connections.flush(slot) == .all else { return 1 }
        if replay.isHeld, !release(slot, &replay, subscriptions, connections) {
            turns.append(connections.token(of: slot))
            return 0
        }
        let before = replay.nextSeq
        let step = replay.step(seq: seq, isFollowing: gate.isFollowing, now: now)
        if step == .finish { return nil }
        if step == .state { return sendState(slot, &replay, subscriptions, now: now, &connections) }
        if step == .read, let used = builder.find(slot, replay, subscriptions, connections) {
            let count = builder.bytes.count - builder.start
            if send(used, slot, &replay, now: now, &connections) { turns.append(connections.token(of: slot)) }
            // Nothing had to be read for it.
            return max(1_024, count / 4)
        }
        guard step == .read, let chunk = read(slot, &replay, subscriptions, seq: seq, connections) else {
            turns.append(connections.token(of: slot))
            return replay.nextSeq == before ? 0 : 1_024
        }
        let isAlone = running.count == 1
        if let used = builder.prepare(chunk, slot, &replay, subscriptions, seq: seq, isAlone: isAlone, connections) {
            if send(used, slot, &replay, now: now, &connections) {
                turns.append(connections.token(of: slot))
            }
        } else {
            skipDamage(&replay, seq: seq, reason: "a record that is not what was written")
            turns.append(connections.token(of: slot))
        }
        return max(1_024, chunk.records.count)
    }

    /// Lets a replay begin that has waited for channels; gives whether the application has answered about all of them.
    private func release(
        _ slot: Int, _ replay: inout Replay, _ subscriptions: SubscriptionTable, _ connections: borrowing Connections
    ) -> Bool {
        let request = replay.request
        let awaited = connections[slot]?.withSession { $0.awaited } ?? []
        guard request.awaited.allSatisfy({ !awaited.contains($0) }) else { return false }
        let wanted = replay.channels.union(request.awaited)
        let channels = subscriptions.channels(of: slot).filter(wanted.contains)
        replay.join(channels, state: request.wantsState ? state(request, channels, subscriptions, slot) : nil)
        return true
    }

    /// Reads on for a replay, and notes what is gone meanwhile.
    private func read(
        _ slot: Int, _ replay: inout Replay, _ subscriptions: SubscriptionTable, seq: UInt64,
        _ connections: borrowing Connections
    ) -> Journal.Chunk? {
        // What is trimmed while this is read may still be in what was read.
        let trimmed = journal.trimmed
        guard let start = replay.position ?? journal.position(after: replay.reached) else { return nil }
        replay.find(start)
        do throws(SystemCallError) {
            guard let chunk = try chunk(from: start, limitBytes: start.step(Self.stepBytes)) else {
                let gone = max(journal.precedingSeq, try leftOut(behind: start))
                leave(upTo: min(seq, gone), trimmed, slot, &replay, subscriptions, connections)
                return nil
            }
            leave(upTo: min(seq, chunk.start.precedingSeq), trimmed, slot, &replay, subscriptions, connections)
            return chunk
        } catch {
            skipDamage(&replay, seq: seq, reason: error.description)
            return nil
        }
    }

    /// What the journal has from a place on. An error that comes once takes nothing from a client.
    private func chunk(
        from start: Journal.Position, limitBytes: Int
    ) throws(SystemCallError) -> Journal.Chunk? {
        for _ in 1..<Self.readAttempts {
            do { return try journal.read(from: start, limitBytes: limitBytes) } catch { continue }
        }
        return try journal.read(from: start, limitBytes: limitBytes)
    }

    private static let readAttempts = 3

    /// Up to which number no record follows a place because a start has left the numbers out, and nothing has been recorded
    /// since; 0 where that is not so.
    private func leftOut(behind start: Journal.Position) throws(SystemCallError) -> UInt64 {
        var end = start
        while let next = journal.nextSegment(behind: end) { end = next }
        // Looked at once more: what has come meanwhile into a segment before that one is not left out.
        return try chunk(from: start, limitBytes: Self.stepBytes) == nil ? end.precedingSeq : 0
    }

    /// Goes on after records that are gone: what of them was for the client is lost to it.
    ///
    /// - Parameter before: What had been trimmed before the journal was read.
    private func leave(
        upTo seq: UInt64, _ before: HistoryMarks, _ slot: Int, _ replay: inout Replay,
        _ subscriptions: SubscriptionTable,
        _ connections: borrowing Connections
    ) {
        guard seq >= replay.nextSeq else { return }
        let trimmed = seq <= before.end ? before : journal.trimmed
        let planned = replay
        // Others are gone by damage, and no one knows for whom they were.
        guard seq <= trimmed.end,
            let loss = connections[slot]?.withSession({ session in
                session.loss(of: trimmed, during: planned, slot: slot, subscriptions)
            })
        else { return replay.lose(upTo: seq) }
        // A state without room for all of its keys makes up for nothing: what is gone may be of one that is not in it.
        if loss.plain || (loss.any && replay.isStateComplete != true) {
            replay.lose(upTo: seq, isUnsure: loss.isUnsure)
        } else if loss.any {
            replay.heal(upTo: seq)
        } else {
            replay.pass(upTo: seq)
        }
    }

    /// Sends a client a piece of its state, behind all that it has missed; gives about how many bytes that were.
    private mutating func sendState(
        _ slot: Int, _ replay: inout Replay, _ subscriptions: SubscriptionTable, now: Int64,
        _ connections: inout Connections
    ) -> Int {
        let state = builder.prepareState(slot, replay, subscriptions, connections)
        let count = builder.bytes.count
        let used = ReplayBuilder.Used(start: nil, offset: 0, next: replay.nextSeq, state: state)
        if send(used, slot, &replay, now: now, &connections) {
            turns.append(connections.token(of: slot))
        }
        return max(1_024, count)
    }

    /// Sends the frames that were found or built, and moves the replay past what has gone.
    ///
    /// - Returns: Whether the socket takes more.
    private mutating func send(
        _ used: ReplayBuilder.Used, _ slot: Int, _ replay: inout Replay, now: Int64, _ connections: inout Connections
    ) -> Bool {
        let (bytes, start) = (builder.bytes, builder.start)
        var sent = start
        if start < bytes.count {
            switch Socket.send(bytes.span.extracting(start...), to: connections.descriptor(of: slot)) {
            case .bytes(let count): sent += count
            case .wouldBlock: break
            case .closed(let code):
                connections.lose(slot, errorNumber: code)
                return false
            }
        }
        if sent > start || start == bytes.count { replay.noteProgress(now: now) }
        sentEvents += UInt64(builder.count(begunIn: sent))
        if sent == bytes.count {
            advance(&replay, used)
            return true
        }
        if let mark = builder.mark(after: sent) {
            // Only what is left of one frame is kept for a client; the others are built again when their time has come.
            connections.owe(bytes[sent..<mark.end], slot)
            let begun = ReplayBuilder.Used(start: used.start, offset: mark.offset, next: mark.next, state: mark.state)
            advance(&replay, begun)
        }
        connections.awaitSpace(slot)
        return false
    }

    private func advance(_ replay: inout Replay, _ used: ReplayBuilder.Used) {
        if let start = used.start { replay.advance(to: used.next, at: start.advanced(by: used.offset)) }
        if let state = used.state { replay.noteState(state) }
    }

    /// Goes on after what cannot be read.
    private func skipDamage(_ replay: inout Replay, seq: UInt64, reason: String) {
        log.write(
            LogLine(.error, "journal.damaged").with("after", replay.reached).with("reason", reason)
                .with("hint", "left out; clients that need it are told of the gap"))
        guard let position = replay.position, let next = journal.nextSegment(behind: position) else {
            return replay.lose(upTo: seq)
        }
        replay.find(next)
        replay.lose(upTo: min(seq, next.precedingSeq))
    }
}
