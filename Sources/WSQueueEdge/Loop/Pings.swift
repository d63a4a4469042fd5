internal import WSQueueConnections
internal import WSQueueSession
internal import WSQueueWire

/// Pings the clients of one loop that have not been heard for a while, and closes those that do not answer.
struct Pings {
    private var schedule: PingSchedule

    private static let frame: [UInt8] = {
        let nothing: [UInt8] = []
        return FrameEncoder.frame(.ping, nothing.span)
    }()

    init(_ schedule: PingSchedule) { self.schedule = schedule }

    func isDue(now: Int64) -> Bool { schedule.isDue(now: now) }
    func sleepMilliseconds(now: Int64) -> Int32 { schedule.sleepMilliseconds(now: now) }
    mutating func tick(now: Int64) { schedule.tick(now: now) }

    /// Pings the clients whose turn it is, after closing those that have not answered in time.
    func send(now: Int64, _ conversations: inout Conversations, _ delivery: inout Delivery) {
        let count = delivery.connections.slots.count
        for slot in schedule.slotsToJudge(of: count) where schedule.isOverdue(delivery[signsOf: slot]) {
            conversations.close(slot, .goingAway, reason: "no answer to ping", now: now, &delivery)
        }
        for slot in schedule.slotsInTurn(of: count)
        where schedule.takeTurn(&delivery[signsOf: slot], slot: slot)
            && delivery.connections.standing(of: slot).isReceiving
        {
            ping(slot, now: now, conversations, &delivery)
        }
    }

    private func ping(_ slot: Int, now: Int64, _ conversations: borrowing Conversations, _ delivery: inout Delivery) {
        // What is known of nearly all lies dense, and their objects are not looked at: of ten thousand, each is cold by now.
        if delivery[signsOf: slot].takesBarePings, delivery.sendAtOnce(Self.frame, slot, now: now) {
            return delivery[signsOf: slot].notePing()
        }
        // In the middle of a frame a ping would have to wait after a copy of the rest; how long the client takes nothing
        // is watched anyway.
        guard let connection = delivery.connections[slot], !delivery.isInsideFrame(slot) else { return }
        if case .webSocket = connection {
            // A message says it too, to a client that cannot see a ping.
            let message = conversations.ping(slot, delivery)
            delivery[signsOf: slot].takesBarePings = message == nil
            delivery[signsOf: slot].notePing()
            delivery.owe((message.map { connection.framed($0) } ?? []) + Self.frame, slot)
        } else if case .stream(let peer) = connection {
            delivery[signsOf: slot].noteSent()
            delivery.owe(peer.form.comment, slot)
        }
        delivery.send(slot, now: now)
    }
}
