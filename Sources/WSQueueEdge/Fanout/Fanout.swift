internal import WSQueueBroker
internal import WSQueueConnections
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueNet
internal import WSQueueSession
internal import WSQueueSystem

/// Hands what the log holds to the clients of one loop.
///
/// Nearly all of them stand where the loop stands; only those whose socket was full have a cursor of their own
/// (``BehindClients``).
struct Fanout {
    private let publications: PublicationLog
    /// Up to here everything has been handed to every client that is not behind.
    private var position: UInt64
    /// The order number of the last publication before `position`.
    private var lastSeq: UInt64
    /// How often the numbers had gone on after another one when the clients here were let in.
    private var skips: Int
    private var selections = HeldSelections()
    private var behind: BehindClients
    /// Who gets what of the pass under way, and the receivers of one of its publications; both kept for their memory.
    private var groups = ReceiverGroups()
    private var receivers: [Int] = []
    /// The clients that see events in another form than the log holds them, by their slots.
    private var viewers: Set<Int> = []
    private var clients = 0
    /// Those that nothing is published to: they read the state of a moment.
    private var bystanders: Set<Int> = []
    private var deliveries: UInt64 = 0

    /// What one call makes for a client with its own view that is behind.
    private static let stepBytes = 65_536

    init(_ publications: PublicationLog, _ rule: SlowClientRule) {
        self.publications = publications
        let snapshot = publications.snapshot(since: publications.end)
        (position, lastSeq, skips) = (snapshot.end, snapshot.seq, snapshot.skips)
        behind = BehindClients(rule)
    }

    // MARK: Where it stands

    /// The number of the last event that was handed out.
    var seq: UInt64 { lastSeq }
    /// Whether something has been published that was not handed out.
    var hasNews: Bool { publications.end != position }
    /// How many clients there are, and how many of them are behind.
    var clientCount: Int { clients }
    var behindCount: Int { behind.count }
    /// The clients that an event was for when it was sent, of all events together.
    var deliveryCount: UInt64 { deliveries }
    /// Up to here all clients have been sent everything, and all of those that still take something.
    var passed: (all: UInt64, pacing: UInt64) {
        let oldest = behind.oldestCursors
        return (min(position, oldest.all), min(position, oldest.pacing))
    }

    /// How many bytes of the log a client is owed.
    func owedCount(_ slot: Int) -> Int? { behind[slot].map { Int(publications.end - $0.cursor) } }

    /// How many bytes of the frame that it is in the middle of a client has not been sent.
    func restOfFrame(_ slot: Int) -> Int { behind[slot]?.restOfFrame ?? 0 }

    /// Up to where a client has been handed everything that was for it.
    func reached(by slot: Int, _ subscriptions: SubscriptionTable) -> UInt64 {
        guard let client = behind[slot], client.frameEnd < position else { return lastSeq }
        guard let next = publications.seq(ofFrameAt: client.frameEnd) else { return lastSeq }
        // It may be a further copy of an event that the client has had.
        if client.lastSeq == next { return next }
        return selections.seqReceived(by: slot, before: client.frameEnd, subscriptions) == next ? next : next - 1
    }

    /// The events go on after another number. The clients that were here have been sent away: what was not handed out they
    /// find when they come back.
    mutating func renumber() {
        let snapshot = publications.snapshot(since: publications.end)
        (position, lastSeq, skips) = (snapshot.end, snapshot.seq, snapshot.skips)
    }

    /// Forgets what no client can need any more.
    mutating func trim() { selections.trim(before: passed.all) }

    // MARK: Clients

    /// One more client is live.
    ///
    /// - Parameter isReader: Whether what is published is for it.
    mutating func join(_ slot: Int, isReader: Bool) {
        if isReader { clients += 1 } else { bystanders.insert(slot) }
    }

    /// A client is sent no more publications; it gets the rest of the frame that it is in the middle of.
    mutating func leave(_ slot: Int, _ connections: inout Connections) {
        handOver(slot, &connections)
        viewers.remove(slot)
        if bystanders.remove(slot) == nil { clients -= 1 }
    }

    /// Changes how a client sees events from now on.
    mutating func show(_ view: EventView, to slot: Int, _ connections: inout Connections) {
        // A frame ends as it began.
        finishFrame(slot, &connections)
        connections.setOwnView(!view.isLogs, slot)
        if view.isLogs { viewers.remove(slot) } else { viewers.insert(slot) }
    }

    /// Where a client stands in the middle of a frame, moves the rest of that frame to its own bytes, so that others may
    /// follow.
    mutating func finishFrame(_ slot: Int, _ connections: inout Connections) {
        guard let client = behind[slot], client.restOfFrame > 0 else { return }
        publications.ring.read(at: client.cursor, count: client.restOfFrame) { connections.owe($0, slot) }
        stop(slot, at: client.frameEnd)
    }

    /// A client that is behind has been sent a frame, or will be by its own bytes, up to here.
    private mutating func stop(_ slot: Int, at end: UInt64) {
        behind.move(slot, to: end, frameEnd: end, lastSeq: selections.seq(endingAt: end))
    }

    /// A client that is live has been sent everything, but its own bytes wait for its socket, for which the poller looks: it
    /// is behind from now on.
    mutating func fallBehind(_ slot: Int, now: Int64, _ connections: inout Connections) {
        note(slot, cursor: position, frameEnd: position, now: now, &connections)
    }

    /// What a client that is behind is owed of the log it is sent otherwise, but for the rest of the frame that it is in the
    /// middle of.
    mutating func handOver(_ slot: Int, _ connections: inout Connections) {
        finishFrame(slot, &connections)
        behind.remove(slot)
    }

    /// Those that are too slow by now: the queue waits for them, or what they are owed has become too old.
    mutating func judge(
        waited: Int64, clientCount: Int, behindCount: Int, now: Int64, _ connections: borrowing Connections
    ) -> [Int] {
        guard !behind.isEmpty else { return [] }
        return behind.judge(
            end: publications.end, now: now, waited: waited, clientCount: clientCount, behindCount: behindCount
        ) { connections.ownBytes($0) }
    }

    // MARK: Sending

    /// Hands everything new to the clients it is for, in one call each.
    mutating func deliver(_ subscriptions: SubscriptionTable, now: Int64, _ connections: inout Connections) {
        guard hasNews else { return }
        let snapshot = publications.snapshot(since: position)
        // The clients here are of the numbers before, and are sent away with the news that is on its way.
        guard snapshot.skips == skips else { return }
        let pass = Pass(range: position..<snapshot.end, selected: Array(snapshot.selections))
        // A numbering that has begun anew says nothing of how many there were.
        let eventCount =
            snapshot.seq >= lastSeq ? snapshot.seq - lastSeq : UInt64(snapshot.selections.count)
        (position, lastSeq) = (snapshot.end, snapshot.seq)
        if clients == 0 { return }
        deliveries += eventCount * UInt64(clients)
        if pass.selected.isEmpty {
            let runs = [pass.range]
            for slot in connections.slots where connections.isLive(slot) {
                send(runs, to: slot, now: now, &connections)
            }
        } else {
            selections.append(pass.selected)
            sendSelected(pass, subscriptions, now: now, &connections)
        }
        if !viewers.isEmpty { sendToViewers(pass, subscriptions.access, now: now, &connections) }
    }

    /// Sends a client that is behind what it is owed, as far as its socket takes it.
    ///
    /// - Returns: Whether it is behind no longer.
    mutating func catchUp(
        _ slot: Int, _ subscriptions: SubscriptionTable, _ connections: inout Connections
    ) -> Bool {
        guard let client = behind[slot] else { return true }
        let isDone =
            connections.hasOwnView(slot)
            ? catchUpViewer(slot, client, subscriptions, &connections)
            : catchUp(slot, client, subscriptions, &connections)
        guard isDone else { return false }
        behind.remove(slot)
        connections.set(.live, slot)
        return true
    }

    private mutating func catchUp(
        _ slot: Int, _ client: BehindClient, _ subscriptions: SubscriptionTable, _ connections: inout Connections
    ) -> Bool {
        var next = selections.runs(for: slot, in: client.cursor..<position, after: client.lastSeq, subscriptions)[...]
        var cursor = client.cursor
        while !next.isEmpty {
            switch Socket.send(publications.ring, next, to: connections.descriptor(of: slot)) {
            case .bytes(let count): cursor = next.advance(by: count)
            case .wouldBlock:
                behind.move(slot, to: cursor, frameEnd: publications.frameEnd(at: cursor))
                return false
            case .closed(let code):
                connections.lose(slot, errorNumber: code)
                return false
            }
        }
        return true
    }

    /// Publications that are not for everyone: their receivers are found through the table of subscriptions, so that the
    /// others cost nothing.
    private mutating func sendSelected(
        _ pass: Pass, _ subscriptions: SubscriptionTable, now: Int64, _ connections: inout Connections
    ) {
        group(pass.selected, subscriptions, slotCount: connections.slots.count)
        var runsByGroup = [[Range<UInt64>]?](repeating: nil, count: groups.count)
        for slot in groups.slots where connections.isLive(slot) {
            let group = groups.group(of: slot)
            let runs = runsByGroup[group] ?? pass.runs(ofGroup: group, groups)
            runsByGroup[group] = runs
            send(runs, to: slot, now: now, &connections)
        }
        guard pass.isForEveryone else { return }
        let runs = pass.runs(ofGroup: 0, groups)
        guard !runs.isEmpty else { return }
        for slot in connections.slots where connections.isLive(slot) && groups.group(of: slot) == 0 {
            send(runs, to: slot, now: now, &connections)
        }
    }

    /// Finds who gets what of a pass, and counts receivers for the log line of each event.
    private mutating func group(
        _ selected: [PublicationLog.Selection], _ subscriptions: SubscriptionTable, slotCount: Int
    ) {
        groups.begin(slotCount: slotCount)
        var seq: UInt64 = 0
        for (index, selection) in selected.enumerated() {
            let count: Int
            if index > 0, groups.canRepeat, selection.audience == selected[index - 1].audience {
                // A burst into one channel.
                count = groups.addAgain(index, seq: selection.seq)
            } else {
                receivers.removeAll(keepingCapacity: true)
                subscriptions.append(selectedBy: selection.audience, to: &receivers)
                count = groups.add(index, seq: selection.seq, receivers: receivers)
            }
            let receiverCount = selection.audience.isNearlyEveryone ? clients - count : count
            selection.addReceivers(receiverCount)
            // Each event was counted as one for everyone, and has come as one that is not, in one or several copies.
            if selection.seq != seq { deliveries -= UInt64(clients) }
            deliveries += UInt64(receiverCount)
            seq = selection.seq
        }
    }

    private mutating func send(
        _ runs: [Range<UInt64>], to slot: Int, now: Int64, _ connections: inout Connections
    ) {
        var next = runs[...]
        while let first = next.first {
            switch Socket.send(publications.ring, next, to: connections.descriptor(of: slot)) {
            case .bytes(let count): _ = next.advance(by: count)
            case .wouldBlock:
                let frameEnd = publications.frameEnd(at: first.lowerBound)
                return fallBehind(
                    slot, cursor: first.lowerBound, frameEnd: frameEnd, now: now, &connections)
            case .closed(let code): return connections.lose(slot, errorNumber: code)
            }
        }
    }

    private mutating func fallBehind(
        _ slot: Int, cursor: UInt64, frameEnd: UInt64, now: Int64, _ connections: inout Connections
    ) {
        note(slot, cursor: cursor, frameEnd: frameEnd, now: now, &connections)
        connections.awaitSpace(slot)
    }

    private mutating func note(
        _ slot: Int, cursor: UInt64, frameEnd: UInt64, now: Int64, _ connections: inout Connections
    ) {
        behind.add(
            slot, cursor: cursor, frameEnd: frameEnd, end: position, own: connections.ownBytes(slot), now: now)
        connections.set(.behind, slot)
    }

    // MARK: Views

    /// Hands a pass to the clients with a view of their own. What they get is made once for all that get the same.
    private mutating func sendToViewers(_ pass: Pass, _ access: Access, now: Int64, _ connections: inout Connections) {
        var made: [ViewedFrames.Audience: ViewedFrames] = [:]
        for slot in viewers where connections.standing(of: slot) == .live {
            guard let view = connections[slot]?.withSession({ $0.view }) else { continue }
            let audience = ViewedFrames.Audience(group: pass.selected.isEmpty ? 0 : groups.group(of: slot), view: view)
            let runs = { [groups] in pass.selected.isEmpty ? [pass.range] : pass.runs(ofGroup: audience.group, groups) }
            let frames =
                made[audience]
                ?? ViewedFrames(runs(), end: pass.range.upperBound, in: publications, as: view, under: access)
            made[audience] = frames
            guard let (count, stop) = send(frames, to: slot, &connections), count < frames.bytes.count else { continue }
            let cursor = stop ?? pass.range.lowerBound
            fallBehind(slot, cursor: cursor, frameEnd: cursor, now: now, &connections)
            if let stop { self.stop(slot, at: stop) }
        }
    }

    private mutating func catchUpViewer(
        _ slot: Int, _ client: BehindClient, _ subscriptions: SubscriptionTable, _ connections: inout Connections
    ) -> Bool {
        guard let view = connections[slot]?.withSession({ $0.view }) else { return true }
        var cursor = client.cursor
        while cursor < position {
            let known = cursor == client.cursor ? client.lastSeq : 0
            let runs = selections.runs(for: slot, in: cursor..<position, after: known, subscriptions)
            let frames = ViewedFrames(
                runs, end: position, in: publications, as: view, under: subscriptions.access,
                limitBytes: Self.stepBytes)
            guard let (count, stop) = send(frames, to: slot, &connections) else { return false }
            guard count == frames.bytes.count else {
                if let stop {
                    self.stop(slot, at: stop)
                } else if cursor != client.cursor {
                    behind.move(slot, to: cursor, frameEnd: cursor)
                }
                return false
            }
            cursor = frames.position
        }
        return true
    }

    /// Sends frames, and keeps what is left of the one that has begun.
    ///
    /// - Returns: How many bytes have gone, and where the log stands after the frame that has begun last; `nil` when the
    ///   connection is over.
    private func send(
        _ frames: ViewedFrames, to slot: Int, _ connections: inout Connections
    ) -> (count: Int, position: UInt64?)? {
        guard !frames.bytes.isEmpty else { return (0, nil) }
        let count: Int
        switch Socket.send(frames.bytes.span, to: connections.descriptor(of: slot)) {
        case .bytes(let sent): count = sent
        case .wouldBlock: count = 0
        case .closed(let code):
            connections.lose(slot, errorNumber: code)
            return nil
        }
        guard count < frames.bytes.count, let rest = frames.rest(after: count) else { return (count, nil) }
        connections.owe(rest.bytes, slot)
        return (count, rest.position)
    }
}
