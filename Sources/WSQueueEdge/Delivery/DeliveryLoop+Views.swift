internal import WSQueueBroker
internal import WSQueueLog
internal import WSQueueNet
internal import WSQueueOperation

/// Clients that see events in another form than the log holds them.
///
/// What they get is made once for all that get the same. What a socket does not take is not kept, but for the rest of one
/// frame: such a client is behind like any other, and the frames are made again when its socket has room.
extension DeliveryLoop {
    /// What one call makes for a client that is behind.
    private static let stepBytes = 65_536

    private struct Audience: Hashable {
        let group: Int
        let view: EventView
    }

    /// Changes how a client sees events from now on.
    mutating func setView(_ view: EventView, _ slot: Int, _ peer: Peer) {
        // A frame ends as it began.
        finishFrame(slot, peer)
        peer.view = view
        table.setOwnView(!view.isLogs, slot)
        if view.isLogs { viewers.remove(slot) } else { viewers.insert(slot) }
    }

    /// Hands out a pass in which everything is for everyone.
    mutating func sendToViewersOfEverything(_ new: Range<UInt64>, now: Int64) {
        var made: [EventView: ViewedFrames] = [:]
        for slot in viewers where isCaughtUp(slot) {
            guard let view = table[slot]?.view else { continue }
            let frames = made[view] ?? ViewedFrames([new], end: new.upperBound, in: context.publications, as: view)
            made[view] = frames
            sendFrames(frames, since: new.lowerBound, slot, now: now)
        }
    }

    /// Hands out a pass whose receivers have been grouped.
    mutating func sendToViewers(_ new: Range<UInt64>, _ selected: [PublicationLog.Selection], now: Int64) {
        var made: [Audience: ViewedFrames] = [:]
        for slot in viewers where isCaughtUp(slot) {
            guard let view = table[slot]?.view else { continue }
            let audience = Audience(group: groups.group(of: slot), view: view)
            let frames =
                made[audience]
                ?? ViewedFrames(
                    runs(ofGroup: audience.group, in: new, selected), end: new.upperBound, in: context.publications,
                    as: view)
            made[audience] = frames
            sendFrames(frames, since: new.lowerBound, slot, now: now)
        }
    }

    /// Sends a client that is behind what it is owed; see `catchUp`.
    mutating func catchUpViewer(_ slot: Int, _ owed: BehindClient, now: Int64) -> Bool {
        var client = owed
        guard let peer = table[slot] else { return true }
        while client.cursor < position {
            let frames = ViewedFrames(
                runs(for: slot, in: client.cursor..<position), end: position, in: context.publications, as: peer.view,
                limitBytes: Self.stepBytes)
            let count: Int
            switch frames.bytes.isEmpty ? .bytes(0) : Socket.send(frames.bytes.span, to: peer.socket.number) {
            case .bytes(let sent): count = sent
            case .wouldBlock: count = 0
            case .closed(let code):
                lost(slot, errorNumber: code, now: now)
                return false
            }
            guard count == frames.bytes.count else {
                client.cursor = keepRest(of: frames, after: count, peer) ?? client.cursor
                client.frameEnd = client.cursor
                behind[slot] = client
                return false
            }
            client.cursor = frames.position
        }
        behind[slot] = nil
        table.setBehind(false, slot)
        return true
    }

    private func isCaughtUp(_ slot: Int) -> Bool {
        table.entries[slot].isReceiving && !table.entries[slot].isBehind
    }

    private mutating func sendFrames(_ frames: ViewedFrames, since start: UInt64, _ slot: Int, now: Int64) {
        guard !frames.bytes.isEmpty, let peer = table[slot] else { return }
        let count: Int
        switch Socket.send(frames.bytes.span, to: peer.socket.number) {
        case .bytes(let sent): count = sent
        case .wouldBlock: count = 0
        case .closed(let code): return lost(slot, errorNumber: code, now: now)
        }
        guard count < frames.bytes.count else { return }
        let cursor = keepRest(of: frames, after: count, peer) ?? start
        fallBehind(slot, cursor: cursor, frameStart: cursor, now: now)
    }

    /// Keeps what is left of the frame that has begun.
    ///
    /// - Returns: Where the log stands behind it; `nil` when none has.
    private func keepRest(of frames: ViewedFrames, after count: Int, _ peer: Peer) -> UInt64? {
        guard let rest = frames.rest(after: count) else { return nil }
        peer.outbox.append(rest.bytes)
        return rest.position
    }
}
