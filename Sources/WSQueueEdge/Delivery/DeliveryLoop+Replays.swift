internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// Clients that come back: what they missed, then live again.
///
/// A client with a replay reads the journal up to where its loop stands, whatever the others do. It holds up nobody: the
/// queue waits for those in the ring only.
extension DeliveryLoop {
    /// What one turn may read for all replays together, and for one of them: so much that a thousand clients share the
    /// time evenly and live events wait for about a millisecond.
    private static let turnBytes = 262_144
    private static let stepBytes = 32_768

    /// Sends the clients whose turn it is a piece of what they missed.
    mutating func replay(now: Int64) {
        var budget = Self.turnBytes
        var left = replays.count
        var taken = 0
        isReplayIdle = true
        while budget > 0, left > 0 {
            let token = replays[taken]
            taken += 1
            left -= 1
            guard let slot = table.slot(of: token), let peer = table[slot], let replay = peer.replay,
                !peer.isAwaitingSpace
            else { continue }
            let used = step(slot, peer, replay, now: now)
            budget -= used
            if used > 0 { isReplayIdle = false }
        }
        if left > 0 { isReplayIdle = false }
        replays.removeFirst(taken)
    }

    /// Begins a replay, or puts it behind what the client is still owed.
    mutating func request(_ request: Replay.Request, _ slot: Int, _ peer: Peer, now: Int64) {
        peer.replayRequests.append(request)
        continueReplay(slot, peer, now: now)
    }

    /// Goes on with a client whose socket takes bytes.
    mutating func continueReplay(_ slot: Int, _ peer: Peer, now: Int64) {
        if let replay = peer.replay {
            replay.progressAt = now
            return replays.append(table.token(of: slot))
        }
        // What it is owed from the ring comes first.
        guard table[slot] === peer, behind[slot] == nil, !peer.replayRequests.isEmpty else { return }
        begin(peer.replayRequests.removeFirst(), slot, peer, now: now)
    }

    /// Closes those who have taken nothing for too long.
    mutating func closeSlowReplays(now: Int64) {
        for slot in table.entries.indices where table.entries[slot].isBehind {
            guard let peer = table[slot], let replay = peer.replay, peer.isAwaitingSpace else { continue }
            guard now - replay.progressAt > context.configuration.slowClients.limitNanoseconds else { continue }
            closeSlow(slot, now: now)
        }
    }

    /// Up to where a client has been handed everything that was for it.
    func seqReached(by slot: Int, _ peer: Peer) -> UInt64 {
        if let replay = peer.replay { return replay.next - 1 }
        if let request = peer.replayRequests.first {
            return Replay.start(after: request.since, in: context.journal, seq: seq)
        }
        guard let client = behind[slot], client.frameEnd < position else { return seq }
        guard let next = context.publications.seq(ofFrameAt: client.frameEnd) else { return seq }
        // It may be a further copy of an event that the client has had.
        return seqReceived(by: slot, before: client.frameEnd) == next ? next : next - 1
    }

    private mutating func begin(_ request: Replay.Request, _ slot: Int, _ peer: Peer, now: Int64) {
        let channels = request.channel.map { [$0] } ?? subscriptions.channels(of: slot)
        peer.replay = Replay(request, channels: channels, journal: context.journal, seq: seq, now: now)
        // Left out of what is sent live.
        table.setBehind(true, slot)
        if !peer.isAwaitingSpace { replays.append(table.token(of: slot)) }
    }

    /// Sends one client a piece.
    ///
    /// - Returns: About how many bytes had to be read for it; 0 when there is nothing for it yet.
    private mutating func step(_ slot: Int, _ peer: Peer, _ replay: Replay, now: Int64) -> Int {
        guard peer.outbox.isEmpty || flushOutbox(slot, peer, now: now) else { return 1 }
        if replay.next == seq + 1 {
            finish(slot, peer, replay, now: now)
            return 1_024
        }
        if replay.next > seq + 1 {
            if !context.gate.isFollowing { replay.awaitLonger(now: now) }
            if now >= replay.awaitedUntil { replay.lose(upTo: seq, reason: .epoch) }
        }
        let before = replay.next
        guard replay.next <= seq, let chunk = read(replay) else {
            replays.append(table.token(of: slot))
            return replay.next == before ? 0 : 1_024
        }
        if let used = prepare(chunk, slot, peer, replay) {
            if send(chunk, used, slot, peer, replay, now: now) { replays.append(table.token(of: slot)) }
        } else {
            skipDamage(replay, reason: "a record that is not what was written")
            replays.append(table.token(of: slot))
        }
        return max(1_024, chunk.records.count)
    }

    /// Reads on for a replay, and notes what is gone meanwhile.
    private func read(_ replay: Replay) -> Journal.Chunk? {
        guard let start = replay.position ?? context.journal.position(after: replay.next - 1) else { return nil }
        replay.position = start
        do {
            guard let chunk = try context.journal.read(from: start, limitBytes: Self.stepBytes) else {
                let gone = context.journal.precedingSeq
                if gone >= replay.next { replay.lose(upTo: min(seq, gone)) }
                return nil
            }
            if chunk.start.precedingSeq >= replay.next { replay.lose(upTo: min(seq, chunk.start.precedingSeq)) }
            return chunk
        } catch {
            skipDamage(replay, reason: error.description)
            return nil
        }
    }

    /// Builds the frames that a client gets of some records.
    ///
    /// - Returns: How many bytes of the records were looked at, and the first number behind them; `nil` where the first
    ///   of them is none.
    private mutating func prepare(
        _ chunk: Journal.Chunk, _ slot: Int, _ peer: Peer, _ replay: Replay
    ) -> (offset: Int, next: UInt64)? {
        replayFrames.removeAll()
        var (offset, next) = (0, replay.next)
        while offset < chunk.records.count {
            guard let text = JournalRecordText.decode(chunk.records.span, at: offset) else {
                if offset == 0 { return nil }
                break
            }
            if text.seq > seq {
                // The rest has not been published to this loop, and what comes before it has been looked at.
                if next <= seq { replay.lose(upTo: seq) }
                next = seq + 1
                break
            }
            offset = text.end
            if text.seq < next { continue }
            next = text.seq + 1
            guard let audience = audience(of: text, slot, peer, replay) else { continue }
            replayFrames.append(
                chunk.records[text.message], channel: audience.channel, as: peer.view, next: next, offset: offset)
        }
        return (offset, next)
    }

    /// Sends the frames that were built, and moves the replay behind what has gone.
    ///
    /// - Returns: Whether the socket takes more.
    private mutating func send(
        _ chunk: Journal.Chunk, _ used: (offset: Int, next: UInt64), _ slot: Int, _ peer: Peer, _ replay: Replay,
        now: Int64
    ) -> Bool {
        var sent = 0
        if !replayFrames.bytes.isEmpty {
            switch Socket.send(replayFrames.bytes.span, to: peer.socket.number) {
            case .bytes(let count): sent = count
            case .wouldBlock: break
            case .closed(let code):
                lost(slot, errorNumber: code, now: now)
                return false
            }
        }
        if sent > 0 || replayFrames.bytes.isEmpty { replay.progressAt = now }
        counters.replayed += UInt64(replayFrames.count(begunIn: sent))
        if sent == replayFrames.bytes.count {
            replay.next = used.next
            replay.position = chunk.position(at: used.offset)
            return true
        }
        if let mark = replayFrames.mark(after: sent) {
            // Only what is left of one frame is kept for a client; the others are built again when their time has come.
            peer.outbox.append(replayFrames.bytes[sent..<mark.end])
            replay.next = mark.next
            replay.position = chunk.position(at: mark.offset)
        }
        awaitSpace(slot)
        return false
    }

    /// The copy of a past event that a client gets: what it would have been sent live, and has not been.
    private func audience(
        of text: JournalRecordText, _ slot: Int, _ peer: Peer, _ replay: Replay
    ) -> Audience? {
        // A connection of a server that has ended is nobody's any more; its number may be another's.
        let except = text.seq > context.journal.inheritedSeq ? text.except : nil
        let addressing = Broker.Addressing(channels: text.channels, recipients: text.recipients, except: except)
        let matching = Broker.audiences(of: addressing).filter { subscriptions.isReceiver(slot, of: $0) }
        let ways = matching.map { $0.channel.map { subscriptions.subscriptions(of: slot, hearing: $0) } }
        // What is for a user has been sent live since the client is that user.
        let identifiedSince = text.recipients == nil ? 0 : peer.identifiedSince
        let isLive = ways.contains { max(liveSince($0, peer), identifiedSince) < text.seq }
        if text.seq > replay.heldSince { return isLive ? matching.first : nil }
        return !isLive && ways.contains(where: replay.includes) ? matching.first : nil
    }

    /// Since when a client has been sent live what comes through one of these subscriptions; `nil` is no subscription.
    private func liveSince(_ subscriptions: [String]?, _ peer: Peer) -> UInt64 {
        guard let subscriptions else { return peer.liveSince }
        return subscriptions.lazy.compactMap { peer.channelsLiveSince[$0] }.min() ?? .max
    }

    /// Goes on behind what cannot be read.
    private func skipDamage(_ replay: Replay, reason: String) {
        context.log.write(
            LogLine(.error, "journal.damaged").with("after", replay.next - 1).with("reason", reason)
                .with("hint", "left out; clients that need it are told of the gap"))
        guard let position = replay.position, let next = context.journal.nextSegment(behind: position) else {
            return replay.lose(upTo: seq)
        }
        replay.position = next
        replay.lose(upTo: min(seq, next.precedingSeq))
    }

    /// Tells a client that it has everything, or what it has not, and sends it live events again.
    private mutating func finish(_ slot: Int, _ peer: Peer, _ replay: Replay, now: Int64) {
        if replay.request.channel == nil { peer.liveSince = min(peer.liveSince, replay.start) }
        for channel in replay.channels {
            guard let since = peer.channelsLiveSince[channel] else { continue }
            peer.channelsLiveSince[channel] = min(since, replay.start)
        }
        peer.replay = nil
        if let cursor = Cursor(epoch: context.epoch, seq: seq) {
            if replay.gap == nil { counters.resumes += 1 } else { counters.gaps += 1 }
            if let gap = replay.gap {
                sendText(ServerMessage.resumed(cursor, gap: gap), slot)
            } else if replay.request.channel == nil, !peer.isStream {
                sendText(ServerMessage.resumed(cursor), slot)
            }
            if peer.isStream { owe(ServerSentEvent.position(cursor.text), slot) }
        }
        table.setBehind(false, slot)
        guard flushOutbox(slot, peer, now: now) else { return }
        continueReplay(slot, peer, now: now)
    }
}

extension PublicationLog {
    /// The order number in the message of the frame that begins at `position`: its last or last but one member.
    func seq(ofFrameAt position: UInt64) -> UInt64? {
        let length = Int(frameLength(at: position))
        return ring.read(at: position, count: length) { frame -> UInt64? in
            let name = Array(",\"seq\":".utf8)
            // Nothing behind the number can look like its name: a channel's name has no quotation marks.
            var start = length - name.count
            while start > 0, !name.indices.allSatisfy({ frame[start + $0] == name[$0] }) { start -= 1 }
            guard start > 0 else { return nil }
            var value: UInt64 = 0
            for index in (start + name.count)..<length {
                let digit = frame[index] &- UInt8(ascii: "0")
                guard digit <= 9 else { break }
                value = value * 10 + UInt64(digit)
            }
            return value
        }
    }
}
