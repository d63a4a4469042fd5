internal import WSQueueBroker
internal import WSQueueConnections
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSession
internal import WSQueueSystem
internal import WSQueueWire

/// All that one loop sends: publications, the past, what belongs to one client alone, and last bytes, in one order for each
/// connection.
struct Delivery: ~Copyable {
    private var sockets: Connections
    private var fanout: Fanout
    private var replays: Replays
    private var farewells = Farewells()
    /// Clients that are owed more of their own than one may be, and get no more of it: they are to be closed.
    private var overfull: [UInt64] = []
    /// How far a client may be behind, and the rest of the event that it is in the middle of.
    private let ownLimitBytes: Int

    init(
        _ handle: LoopHandle, _ publications: PublicationLog, _ journal: Journal, _ gate: Gate, _ rule: SlowClientRule,
        _ room: OwedRoom, eventLimitBytes: Int, _ log: Log
    ) throws(SystemCallError) {
        sockets = try Connections(handle, room)
        ownLimitBytes = rule.limitBytes + eventLimitBytes
        var rule = rule
        // The hub keeps room for one more event, in twice the bytes it may have.
        let roomBytes = publications.ring.capacityBytes - 2 * eventLimitBytes
        rule.roomBytes = max(rule.limitBytes, roomBytes - rule.limitBytes)
        fanout = Fanout(publications, rule)
        replays = Replays(journal, gate, limitNanoseconds: rule.limitNanoseconds, log)
    }

    /// The connections, to look at.
    var connections: Connections { _read { yield sockets } }

    /// Whether something can be sent at once.
    var hasWork: Bool { fanout.hasNews || replays.hasWork }
    /// When there is something to do again, if only replays that rest are left.
    var goesOnAt: Int64? { replays.goesOnAt }
    /// The number of the last event that was handed out.
    var seq: UInt64 { fanout.seq }
    var clientCount: Int { fanout.clientCount }
    var behindCount: Int { fanout.behindCount }
    /// Up to here all clients have been sent everything, and all of those that still take something.
    var passed: (all: UInt64, pacing: UInt64) { fanout.passed }
    /// Deliveries of events, and events of the past, that were sent.
    var counts: (deliveries: UInt64, replayed: UInt64) { (fanout.deliveryCount, replays.eventCount) }
    /// How far the past reaches.
    var bounds: PastBounds { replays.bounds }
    /// Whether the history has begun anew and the loop has not been told: who comes just then comes again.
    var isOutdated: Bool { history.epoch != bounds.epoch }

    /// Waits until something is ready or the time is over.
    mutating func wait(milliseconds: Int32, _ ready: inout [Readiness]) {
        sockets.wait(milliseconds: milliseconds, &ready)
    }

    // MARK: Connections

    /// What is known of how long a client has said nothing.
    subscript(signsOf slot: Int) -> LifeSigns {
        get { sockets[signsOf: slot] }
        set { sockets[signsOf: slot] = newValue }
    }

    /// Begins with a socket, which the loop's count of sockets has already.
    mutating func insert(_ line: Line) throws(SystemCallError) -> Int { try sockets.insert(line) }

    /// A request has made a client of its connection: it is sent what is published from now on, after what it is owed already.
    ///
    /// - Parameter isLocal: Whether it has the rights of this machine.
    mutating func join(_ slot: Int, as connection: Connection, isLocal: Bool, now: Int64) {
        sockets.become(connection, slot)
        sockets.setLocal(isLocal, slot)
        let view = connection.withSession { $0.view } ?? .logged(nil)
        fanout.join(slot, isReader: !view.isDocument)
        if !view.isLogs { show(view, to: slot) }
        if sockets.awaitsSpace(slot) { fanout.fallBehind(slot, now: now, &sockets) }
    }

    /// A request has made a WebSocket of its connection that is no client.
    mutating func replace(_ slot: Int, with connection: Connection) { sockets.replace(slot, with: connection) }

    /// A client is sent nothing more but the frame that it is in the middle of, and last bytes.
    mutating func leave(_ slot: Int) {
        fanout.leave(slot, &sockets)
        replays.leave(slot)
        if sockets.standing(of: slot) != .gone { sockets.set(.closing, slot) }
    }

    /// Reads nothing more from a connection before an answer has come from elsewhere, or reads again.
    func pause(_ isPaused: Bool, _ slot: Int) { sockets.pause(isPaused, slot) }

    /// Hears nothing more from a client before its message has been handed out, or written.
    func awaitAnswer(_ slot: Int) {
        guard case .webSocket(let peer)? = sockets[slot], sockets.standing(of: slot).isReceiving else { return }
        peer.awaitAnswer()
        pause(true, slot)
    }

    /// A connection is over; it is dropped when what is being dealt with is done.
    mutating func lose(_ slot: Int, errorNumber: Int32 = 0) { sockets.lose(slot, errorNumber: errorNumber) }

    /// Ends all connections that are no clients yet.
    mutating func loseAsking() {
        for slot in sockets.slots where sockets[slot] != nil && sockets.standing(of: slot) == .asking { lose(slot) }
    }

    /// Takes those that are over.
    mutating func takeEnded() -> [Connections.Ended] { sockets.takeEnded() }

    /// Closes the socket of one that is over.
    ///
    /// - Returns: Why it was closed, if we did it.
    mutating func remove(_ slot: Int) -> Farewells.Reason? {
        sockets.remove(slot)
        return farewells.take(slot)
    }

    // MARK: Publications

    /// Hands everything new to the clients it is for.
    mutating func deliver(_ subscriptions: SubscriptionTable, now: Int64) {
        fanout.deliver(subscriptions, now: now, &sockets)
    }

    /// The events go on after another number.
    mutating func renumber(epoch: String) {
        fanout.renumber()
        replays.renumber(epoch: epoch)
    }

    /// Forgets what no client can need any more.
    mutating func trim() { fanout.trim() }

    /// Changes how a client sees events from now on.
    mutating func show(_ view: EventView, to slot: Int) { fanout.show(view, to: slot, &sockets) }

    /// The clients that are too slow by now: the queue has waited for them, or what they are owed is too old or too much.
    mutating func judge(waited: Int64, clientCount: Int, behindCount: Int, now: Int64) -> [Int] {
        let slots = fanout.judge(
            waited: waited, clientCount: clientCount, behindCount: behindCount, now: now, sockets)
        guard !overfull.isEmpty else { return slots }
        defer { overfull = [] }
        return slots + overfull.compactMap { sockets.slot(of: $0) }
    }

    /// How many bytes a client is owed, of the log and of its own.
    func owedCount(_ slot: Int) -> Int { (fanout.owedCount(slot) ?? 0) + sockets.owedCount(slot) }

    /// How far behind a slow client is, in the words of the log.
    func lag(_ slot: Int) -> (name: String, value: UInt64)? {
        if let bytes = fanout.owedCount(slot) { return ("behind_bytes", UInt64(bytes)) }
        return replays[slot].map { ("behind_events", fanout.seq - min(fanout.seq, $0.nextSeq)) }
    }

    /// Whether a client is in the middle of a frame: what is sent to it alone would have to wait after a copy of the rest.
    func isInsideFrame(_ slot: Int) -> Bool { fanout.restOfFrame(slot) > 0 }

    // MARK: The past

    /// The past, as it is asked for.
    var history: Journal { replays.history }

    /// Whether a client gets nothing but payloads.
    func showsPayloads(to slot: Int) -> Bool {
        sockets.hasOwnView(slot) && sockets[slot]?.withSession { $0.view.isPayload } ?? false
    }

    /// Whether a client is being sent the past.
    func isReplaying(_ slot: Int) -> Bool { replays[slot] != nil }

    /// How many numbers a client is from the end of its replay.
    func eventsLeft(_ slot: Int) -> Int { replays[slot].map { Int($0.left(upTo: fanout.seq)) } ?? 0 }

    /// Up to where a client has been handed everything that was for it.
    ///
    /// - Parameter request: What it wants of the past, where that waits.
    func reached(by slot: Int, waiting request: PastRequest?, _ subscriptions: SubscriptionTable) -> UInt64 {
        if let replay = replays[slot] { return replay.reached }
        let sent = fanout.reached(by: slot, subscriptions)
        return request.map { replays.bounds.reached(waiting: $0, sent: sent, seq: fanout.seq) } ?? sent
    }

    /// The channels that a client's replay waits for, or will, and up to where it has been sent live what was for it.
    func joining(
        _ slot: Int, waiting request: PastRequest?, _ subscriptions: SubscriptionTable
    ) -> (channels: [String], seq: UInt64)? {
        if let replay = replays[slot] { return replay.isHeld ? (replay.request.awaited, replay.heldSince) : nil }
        guard let request, !request.awaited.isEmpty else { return nil }
        return (request.awaited, fanout.reached(by: slot, subscriptions))
    }

    /// Whether a replay can begin now.
    ///
    /// One that is behind may be sent nothing that comes now before what it has missed. But where it says that it has what it
    /// is still owed here, that is sent it first all the same.
    func canBegin(_ request: PastRequest?, _ slot: Int, _ subscriptions: SubscriptionTable) -> Bool {
        switch sockets.standing(of: slot) {
        case .live: true
        case .behind: request?.since?.seq ?? 0 <= fanout.reached(by: slot, subscriptions)
        default: false
        }
    }

    /// Begins a replay, if that can begin.
    mutating func begin(
        _ request: PastRequest, channels: [String], _ subscriptions: SubscriptionTable, _ slot: Int, now: Int64
    ) {
        // Among payloads nothing says what is the state.
        if request.wantsState, !showsPayloads(to: slot) {
            oweText(ServerMessage.stateBegins(channel: request.channel), slot)
        }
        let seq = fanout.reached(by: slot, subscriptions)
        fanout.handOver(slot, &sockets)
        replays.begin(request, channels: channels, subscriptions, slot, seq: seq, now: now, &sockets)
    }

    /// Sends clients a piece of what they missed.
    ///
    /// - Returns: The replays that have come to their end.
    mutating func replay(_ subscriptions: SubscriptionTable, now: Int64) -> [Replays.Finished] {
        replays.turn(subscriptions, seq: fanout.seq, now: now, &sockets)
    }

    /// The clients that have taken nothing of their replay for too long.
    func stuckReplays(now: Int64) -> [Int] { replays.stuck(now: now, sockets) }

    // MARK: Own bytes

    /// Puts bytes for one connection alone where `send` finds them: before what the log still holds for it.
    mutating func owe(_ bytes: some Sequence<UInt8>, _ slot: Int) {
        guard sockets.owedCount(slot) <= ownLimitBytes else { return noteOverfull(slot) }
        fanout.finishFrame(slot, &sockets)
        sockets.owe(bytes, slot)
    }

    /// Whether a client's messages are answered now, as what it is owed is little or its socket takes it.
    mutating func hears(_ slot: Int, now: Int64) -> Bool {
        if !sockets.isHeard(slot) { send(slot, now: now) }
        return sockets.isHeard(slot)
    }

    /// More is kept for a client than before, or less: what it has said and is not heard yet.
    mutating func recount(_ slot: Int) { sockets.recount(slot) }

    private mutating func noteOverfull(_ slot: Int) {
        let token = sockets.token(of: slot)
        if sockets.standing(of: slot).isReceiving, !overfull.contains(token) { overfull.append(token) }
    }

    /// Puts a JSON text there, in the form that the connection has.
    mutating func oweText(_ text: [UInt8], _ slot: Int) {
        guard let connection = sockets[slot] else { return }
        owe(connection.framed(text), slot)
    }

    /// Sends what a connection is owed of its own.
    mutating func send(_ slot: Int, now: Int64) {
        guard sockets.owedCount(slot) > 0 else { return }
        if sockets.awaitsSpace(slot) { return sockets.reviewHearing(slot) }
        _ = flush(slot, now: now)
    }

    /// Sends a control frame from where it lies, to a client to which nothing is owed.
    ///
    /// - Returns: Whether there is nothing more to do: it has gone, or the connection has.
    mutating func sendAtOnce(_ frame: [UInt8], _ slot: Int, now: Int64) -> Bool {
        // What a client that is live is owed of its own are whole frames, before or after which another may stand.
        guard sockets.standing(of: slot) == .live else { return false }
        switch Socket.send(frame.span, to: sockets.descriptor(of: slot)) {
        case .bytes(let count):
            guard count < frame.count else { return true }
            owe(frame.dropFirst(count), slot)
            send(slot, now: now)
            return true
        case .wouldBlock: return false
        case .closed(let code):
            lose(slot, errorNumber: code)
            return true
        }
    }

    /// A socket takes bytes again.
    ///
    /// - Returns: Whether its client is live and could be sent the past.
    mutating func goOn(_ slot: Int, _ subscriptions: SubscriptionTable, now: Int64) -> Bool {
        let isHeard = sockets.isHeard(slot)
        guard flush(slot, now: now), fanout.catchUp(slot, subscriptions, &sockets) else {
            if !isHeard { sockets.reviewHearing(slot) }
            return false
        }
        sockets.endAwaitingSpace(slot)
        return !replays.goOn(slot, now: now, sockets) && sockets.standing(of: slot) == .live
    }

    private mutating func flush(_ slot: Int, now: Int64) -> Bool {
        let flushed = sockets.flush(slot)
        if flushed == .part, sockets.standing(of: slot) == .live { fanout.fallBehind(slot, now: now, &sockets) }
        return flushed == .all
    }

    // MARK: Last bytes

    /// Sends a connection its last bytes, and from then on waits only for the other end to close.
    ///
    /// - Parameter reason: Why a client is closed.
    mutating func end(_ slot: Int, with bytes: [UInt8], reason: Farewells.Reason? = nil, now: Int64) {
        guard let connection = sockets[slot], sockets.standing(of: slot) != .gone else { return }
        sockets.set(.closing, slot)
        if let reason { farewells.name(slot, reason.code, reason.text) }
        sockets.owe(bytes, slot)
        connection.line.end()
        send(slot, now: now)
        // Only now is it known whether they wait for a full socket, and so how long they may take.
        farewells.begin(sockets.token(of: slot), isSlow: sockets.awaitsSpace(slot), now: now)
    }

    /// Has a slow client's rest kept until it is closed.
    ///
    /// - Returns: Whether there is room for that; if not, the connection ends without another word.
    mutating func keepRest(_ slot: Int) -> Bool {
        farewells.keep(fanout.restOfFrame(slot) + sockets.owedCount(slot), slot)
    }

    /// Names the reason of a client's end.
    mutating func name(_ slot: Int, _ reason: Farewells.Reason) { farewells.name(slot, reason.code, reason.text) }

    /// Throws away what has arrived after a connection's last bytes.
    mutating func discard(_ count: Int, _ slot: Int) {
        if !farewells.discard(count, slot) { lose(slot) }
    }

    /// Ends the connections whose time for their last bytes is over.
    mutating func endOverdue(now: Int64) {
        while let token = farewells.next(now: now) {
            guard let slot = sockets.slot(of: token), sockets.standing(of: slot) == .closing else { continue }
            lose(slot)
        }
    }

    // MARK: Listeners

    func report(_ listeners: [Listener]) throws(SystemCallError) { try sockets.report(listeners) }
    func ignore(_ listeners: [Listener]) { sockets.ignore(listeners) }
}
