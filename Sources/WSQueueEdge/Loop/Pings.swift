internal import WSQueueSession
internal import WSQueueWire

/// Pings the clients of one loop, and closes those that do not answer.
struct Pings {
    private var timetable: PingSchedule

    private static let frame: [UInt8] = {
        let nothing: [UInt8] = []
        return FrameEncoder.frame(.ping, nothing.span)
    }()

    init(_ timetable: PingSchedule) { self.timetable = timetable }

    func isDue(now: Int64) -> Bool { timetable.isDue(now: now) }
    func sleepMilliseconds(now: Int64) -> Int32 { timetable.sleepMilliseconds(now: now) }
    mutating func tick(now: Int64) { timetable.tick(now: now) }

    /// Pings the clients whose turn it is, after closing those that have not answered in time.
    func send(now: Int64, _ conversations: inout Conversations, _ delivery: inout Delivery) {
        let count = delivery.connections.slots.count
        for slot in timetable.slotsToAnswer(of: count) {
            guard case .webSocket(let peer)? = delivery.connections[slot], peer.awaitsPong else { continue }
            conversations.close(slot, .goingAway, reason: "no answer to ping", now: now, &delivery)
        }
        for slot in timetable.slotsToPing(of: count) where delivery.connections.standing(of: slot).isReceiving {
            // In the middle of a frame a ping would have to wait after a copy of the rest; how long the client takes nothing
            // is watched anyway.
            guard let connection = delivery.connections[slot], !delivery.isInsideFrame(slot) else { continue }
            if case .webSocket(let peer) = connection {
                guard !peer.awaitsPong else { continue }
                peer.awaitPong()
                // A message says it too, to a client that cannot see a ping.
                let message = conversations.ping(slot, delivery).map { connection.framed($0) } ?? []
                delivery.owe(message + Self.frame, slot)
            } else if case .stream(let peer) = connection {
                delivery.owe(peer.form.comment, slot)
            }
            delivery.send(slot, now: now)
        }
    }
}
