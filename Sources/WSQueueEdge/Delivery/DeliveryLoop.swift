internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueRedis
internal import WSQueueSystem
internal import WSQueueWire

/// One thread's share of the clients: reads what they say, and sends them what the log holds for them.
///
/// Nearly all clients stand where the loop stands; only those whose socket was full have a cursor of their own
/// (``BehindClients``).
struct DeliveryLoop: ~Copyable {
    let index: Int
    let context: LoopContext
    var poller: Poller
    var table = ConnectionTable<Peer>()
    var behind = BehindClients()
    var subscriptions = SubscriptionTable()
    /// When something is due about clients' tokens.
    var tokenTimes = TimeHeap()
    /// Up to here everything has been handed to every client that is not behind.
    var position: UInt64
    /// The order number of the last publication before `position`.
    var seq: UInt64
    /// Publications for part of the clients, as long as one that is behind may still need them.
    var selections: [PublicationLog.Selection] = []
    /// Who gets what of the pass under way, and who hears one of its publications; both kept for their memory.
    var groups = ReceiverGroups()
    var receivers: [Int] = []
    /// The clients that see events in another form than the log holds them, by their slots.
    var viewers: Set<Int> = []
    /// Messages of own clients that other loops have not all handed out.
    var messagesUnderWay = MessagesUnderWay()
    /// How many clients have an open WebSocket.
    var clientCount = 0
    /// The clients that can be sent more of the past, by their tokens, in the order of their turns.
    var replays: [UInt64] = []
    /// Whether none of them could be sent anything: what they want is not here yet.
    var isReplayIdle = false
    /// The frames of a replay on their way to a socket.
    var replayFrames = ReplayFrames()
    /// Who waits to be told how the server stands, and since when.
    var statusRequests: [StatusRequest] = []
    var counters = LoopCounters()
    /// When this loop said last how its clients are.
    var statusAt = Int64.min
    var handshakes = DeadlineQueue()
    /// Connections that have been sent their last bytes, and those that must first take what they are behind with.
    var closings = DeadlineQueue()
    var slowClosings = DeadlineQueue()
    /// What is kept for slow clients that are being closed.
    var farewellBytes = 0
    /// What is read from sockets; one buffer for all.
    var buffer = [UInt8](repeating: 0, count: 65_536)
    /// While it is full, a spare descriptor lets us refuse clients that no descriptor is left for.
    var spare: FileDescriptor?
    /// Whether newcomers are reported; not for a moment after one could not be accepted.
    var isListening = true

    /// The moment of the present turn (monotonic nanoseconds).
    private(set) var now: Int64
    private var nextTick: Int64
    private var tickNumber = 0
    private var heldBefore: Int64 = 0
    private var isReportedEmpty = true
    private var reported: (passed: UInt64, pace: UInt64) = (.max, .max)
    /// Until when clients may take what they are owed, once the end has begun: nobody is let in any more.
    private(set) var drainDeadline: Int64?

    private static let pingFrame: [UInt8] = {
        let nothing: [UInt8] = []
        return FrameEncoder.frame(.ping, nothing.span)
    }()

    /// For who cannot see a ping: a message says it too, and whatever comes back shows that the client is there. A client
    /// that speaks is told its cursor, so that one that hears of nothing for long does not come back with an old one.
    private func pingMessageFrames(_ slot: Int, _ peer: Peer) -> [UInt8] {
        let cursor = peer.speaksProtocol ? Cursor(epoch: context.epoch, seq: seqReached(by: slot, peer)) : nil
        return FrameEncoder.frame(.text, ServerMessage.ping(cursor: cursor).span) + Self.pingFrame
    }

    /// How often it looks at what has become due. Waking up costs more than looking, so it is seldom where nothing is due
    /// in less than seconds.
    private let tickNanoseconds: Int64
    /// What is still taken from a connection that has had our last bytes: closing a socket that holds unread bytes
    /// would reset it, and the other end might never see the answer.
    static let discardLimitBytes = 1_048_576
    /// What is kept for slow clients that are being closed, all together.
    static let farewellLimitBytes = 8 * 1_048_576
    /// While the queue waits for clients, those who are behind are looked at more often.
    private static let judgeMilliseconds: Int32 = 10
    static let wakeupToken = UInt64.max
    private static let firstListenerToken = UInt64.max - 64

    /// Makes a loop that will run on the thread that calls `run`.
    init(index: Int, context: LoopContext) throws(SystemCallError) {
        let poller = try Poller()
        try poller.add(context.loops[index].wakeup.number, .readable, token: Self.wakeupToken)
        try Self.listen(to: context.listeners, poller)
        self.index = index
        self.context = context
        self.poller = poller
        let snapshot = context.publications.snapshot(since: context.publications.end)
        subscriptions.access = context.control.access
        position = snapshot.end
        seq = snapshot.seq
        now = Clock.monotonicNanoseconds()
        tickNanoseconds = context.configuration.pingMilliseconds < 10_000 ? 100_000_000 : 250_000_000
        nextTick = now + tickNanoseconds
        spare = try? FileDescriptor.spare()
    }

    /// Has a poller report who comes in.
    static func listen(to listeners: [Listener], _ poller: borrowing Poller) throws(SystemCallError) {
        for (offset, listener) in listeners.enumerated() {
            try poller.add(listener.number, [.readable, .exclusive], token: firstListenerToken + UInt64(offset))
        }
    }

    /// Runs until the drain is over.
    mutating func run() {
        // Something may have been published before this thread came to life: it stands behind that, and must say so.
        report()
        while !isDrained {
            turn()
        }
        for slot in table.entries.indices where table.entries[slot].descriptor >= 0 { drop(slot, now: now) }
        report()
        context.loops[index].end()
        context.hubWakeup.signal()
    }

    /// One pass. The order matters: what arrived is read before the log is sent, so that a client that has just
    /// joined gets what is published next; and everything is sent before we sleep.
    private mutating func turn() {
        let readyCount = wait()
        now = Clock.monotonicNanoseconds()
        obey()
        for index in 0..<readyCount { handle(poller.ready(index)) }
        deliver(now: now)
        replay(now: now)
        judge()
        // Not with the ticks: a loop without clients has none.
        reportStatus(now: now)
        if !statusRequests.isEmpty { answerStatus(now: now) }
        if now >= nextTick { tick() }
        report()
        // Last, because only a whole pass shows that the loop works.
        if context.loops[index].isAsked {
            context.loops[index].answer()
            context.hubWakeup.signal()
        }
    }

    private mutating func wait() -> Int {
        let handle = context.loops[index]
        handle.wakeup.willSleep()
        // Looked at after the announcement: whoever publishes or posts now will see that we sleep.
        let hasWork =
            context.publications.end != position || !handle.mailbox.isEmpty || !(replays.isEmpty || isReplayIdle)
            || handle.isAsked
        let count = (try? poller.wait(milliseconds: hasWork ? 0 : sleepMilliseconds)) ?? 0
        handle.wakeup.didWake()
        return count
    }

    private var sleepMilliseconds: Int32 {
        if table.count == 0 && isListening && drainDeadline == nil { return -1 }
        if context.held.isHeld && !behind.isEmpty { return Self.judgeMilliseconds }
        // Rounded up: waking a moment early would be for nothing.
        let left = min(tickNanoseconds, nextTick - Clock.monotonicNanoseconds())
        return Int32(max(1, (left + 999_999) / 1_000_000))
    }

    private mutating func obey() {
        for command in context.loops[index].mailbox.take() {
            switch command {
            case .adopt(let number, let address):
                adopt(Socket(FileDescriptor(owning: number)), from: address, now: now)
            case .pass(let message, let other, let ticket):
                let count = hand(message, now: now)
                if let other {
                    context.loops[other].mailbox.post(.passed(ticket: ticket, count: count))
                } else {
                    context.nodes?.post(.passed(ticket: ticket, count: count))
                }
            case .passed(let ticket, let count):
                notePassed(ticket, count: count, now: now)
            case .drain(let deadline):
                drain(deadline: deadline)
            case .renumber:
                dismiss()
                // What is not handed out yet brings the number with it.
                let snapshot = context.publications.snapshot(since: position)
                if snapshot.end == position { seq = snapshot.seq }
            case .answer(let response, let token):
                guard let slot = table.slot(of: token) else { continue }
                respond(response, to: .post, slot, now: now)
            case .authorized(let request, let isAllowed, let token):
                resume(request, isAllowed: isAllowed, token, now: now)
            case .accessChanged:
                reviewAccess(now: now)
            }
        }
    }

    private mutating func handle(_ ready: Readiness) {
        if ready.token == Self.wakeupToken {
            context.loops[index].wakeup.clear()
        } else if ready.token >= Self.firstListenerToken {
            // Told before the listeners were taken out of the poller: who waits there is for the next server.
            guard drainDeadline == nil else { return }
            accept(from: context.listeners[Int(ready.token - Self.firstListenerToken)], now: now)
        } else if let slot = table.slot(of: ready.token) {
            if ready.isWritable { flush(slot, now: now) }
            // The first half may have ended the connection.
            if ready.isReadable, table.slot(of: ready.token) != nil { receive(slot, now: now) }
        }
    }

    /// Closes those who are too slow: when the queue waits for them, or when what they are owed has become too old.
    private mutating func judge() {
        let held = context.held.sum(now)
        defer { heldBefore = held }
        guard !behind.isEmpty else { return }
        let slow = behind.judge(
            rule: context.configuration.slowClients, end: context.publications.end, now: now,
            waited: held - heldBefore, clientCount: context.marks.clients, behindCount: context.marks.behind)
        for slot in slow { closeSlow(slot, now: now) }
    }

    private mutating func tick() {
        nextTick = max(nextTick + tickNanoseconds, now)
        tickNumber += 1
        if drainDeadline == nil { resumeListening() }
        closeSlowReplays(now: now)
        checkTokens(now: now)
        ping()
        while let token = handshakes.next(now: now) {
            guard let slot = table.slot(of: token), table[slot]?.stage == .request else { continue }
            refuseLateRequest(slot, now: now)
        }
        while let token = closings.next(now: now) ?? slowClosings.next(now: now) {
            guard let slot = table.slot(of: token), table[slot]?.stage == .closing else { continue }
            drop(slot, now: now)
        }
    }

    /// Pings the clients whose turn it is. A slot's number is its place on the wheel, so nobody keeps a timer.
    private mutating func ping() {
        guard context.configuration.pingMilliseconds > 0 else { return }
        let tickMilliseconds = Int(tickNanoseconds / 1_000_000)
        let period = max(1, context.configuration.pingMilliseconds / tickMilliseconds)
        let answer = min(period - 1, max(1, context.configuration.pongMilliseconds / tickMilliseconds))
        // First those whose answer is due: with a period of one tick both are the same slots.
        let due = (tickNumber % period + period - answer) % period
        for slot in stride(from: due, to: table.entries.count, by: period) {
            guard let peer = table[slot], peer.stage == .open, peer.isAwaitingPong else { continue }
            close(slot, .goingAway, reason: "no answer to ping", now: now)
        }
        for slot in stride(from: tickNumber % period, to: table.entries.count, by: period) {
            guard let peer = table[slot], peer.stage == .open, !peer.isAwaitingPong else { continue }
            // A ping in the middle of a frame would have to wait behind a copy of the rest; how long it takes nothing is
            // watched anyway.
            if let client = behind[slot], client.restOfFrame > 0 { continue }
            if peer.isStream {
                sendOwn(ServerSentEvent.comment, slot, now: now)
                continue
            }
            peer.isAwaitingPong = true
            sendOwn(peer.wantsPingMessages ? pingMessageFrames(slot, peer) : Self.pingFrame, slot, now: now)
        }
    }

    private mutating func report() {
        let oldest = behind.oldestCursors
        let (passed, pace) = (min(position, oldest.all), min(position, oldest.pacing))
        context.marks.report(clients: clientCount, behind: behind.count, by: index)
        if (clientCount == 0) != isReportedEmpty {
            // The hub may be keeping its files until somebody is here.
            isReportedEmpty = clientCount == 0
            context.hubWakeup.signal()
        }
        guard (passed, pace) != reported else { return }
        reported = (passed, pace)
        // Read anew: the bytes have gone since the turn began.
        context.marks.passed(passed, pace: pace, by: index, now: Clock.monotonicNanoseconds())
        trimSelections(before: passed)
        context.hubWakeup.signal()
    }

    private mutating func drain(deadline: Int64) {
        drainDeadline = deadline
        for listener in context.listeners { poller.remove(listener.number) }
        for slot in table.entries.indices {
            guard let peer = table[slot], peer.stage == .request || peer.stage == .answering else { continue }
            drop(slot, now: now)
        }
        dismiss()
    }

    /// Says goodbye to all clients; they may come back, here or elsewhere.
    private mutating func dismiss() {
        // Spread over as long as the server's clients need to come back one by one, so that they do not all return in
        // the same moment.
        let spread = max(1_000, min(20_000, context.marks.clients * 2))
        for slot in table.entries.indices {
            guard let peer = table[slot], peer.stage == .open else { continue }
            let milliseconds = Int.random(in: 0..<spread)
            close(slot, .goingAway, reason: "retry_ms=\(milliseconds)", now: now)
        }
    }

    private var isDrained: Bool {
        guard let drainDeadline else { return false }
        return table.count == 0 || now >= drainDeadline
    }
}
