internal import WSQueueAccess
internal import WSQueueRoutes
internal import WSQueueSession
internal import WSQueueWire

/// The WebSockets of one loop that are opened only to be told why they may not be (SPEC §4, A refusal is heard): browsers
/// hide the status of an answer.
struct Doorsteps {
    private var ends = TokenTimes()
    private let delays: RefusalDelays

    init(_ delays: RefusalDelays) { self.delays = delays }

    /// Opens a WebSocket and says why it will be closed.
    mutating func refuse(
        _ refusal: DoorRefusal, _ handshake: Handshake, _ line: Line, _ slot: Int, now: Int64,
        _ delivery: inout Delivery
    ) {
        delivery.replace(slot, with: .door(DoorPeer(line, refusal)))
        delivery.owe(handshake.answer() + FrameEncoder.frame(.text, refusal.text.span), slot)
        delivery.send(slot, now: now)
        let time = now + delays.next(for: line.address, now: now)
        ends.insert(time, delivery.connections.token(of: slot)) { delivery.connections.slot(of: $0) != nil }
    }

    /// Closes those whose time is over.
    mutating func close(now: Int64, _ delivery: inout Delivery) {
        while let token = ends.next(at: now) {
            guard let slot = delivery.connections.slot(of: token), case .door(let peer)? = delivery.connections[slot],
                delivery.connections.standing(of: slot) == .asking
            else { continue }
            delivery.end(slot, with: FrameEncoder.close(peer.refusal.code, reason: peer.refusal.advice), now: now)
        }
    }
}
