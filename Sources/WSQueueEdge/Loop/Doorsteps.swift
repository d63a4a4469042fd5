internal import WSQueueAccess
internal import WSQueueConnections
internal import WSQueueRoutes
internal import WSQueueSession
internal import WSQueueWire

/// The WebSockets of one loop that are no clients: those that must authenticate first, and those that are only told why they
/// may not be (SPEC §4, A refusal is heard): browsers hide the status of an answer.
struct Doorsteps {
    private var ends = TokenTimes()
    private let delays: RefusalDelays
    /// How long a client may take to authenticate.
    private let patienceNanoseconds: Int64

    init(_ delays: RefusalDelays, patienceNanoseconds: Int64) {
        self.delays = delays
        self.patienceNanoseconds = patienceNanoseconds
    }

    /// Opens a WebSocket that is to authenticate.
    mutating func hold(
        _ applicant: Applicant, _ line: Line, _ slot: Int, now: Int64, _ delivery: inout Delivery
    ) -> ApplicantPeer {
        let peer = ApplicantPeer(line, applicant)
        delivery.replace(slot, with: .applicant(peer))
        delivery.owe(applicant.handshake.answer(), slot)
        delivery.send(slot, now: now)
        comeBack(at: now + patienceNanoseconds, slot, delivery)
        return peer
    }

    /// Takes what such a one says.
    ///
    /// - Returns: The token that it has sent, and where what follows begins.
    func receive(
        _ bytes: [UInt8], _ peer: ApplicantPeer, _ slot: Int, now: Int64, _ delivery: inout Delivery
    ) -> (token: String, end: Int)? {
        var (bytes, position) = (bytes, 0)
        while delivery.connections.standing(of: slot) == .asking, let word = peer.next(in: &bytes, from: &position) {
            switch word {
            case .token(let token): return (token, position)
            case .answered(let frames):
                delivery.owe(frames, slot)
                if !delivery.hears(slot, now: now) { delivery.lose(slot) }
            case .ended(let frames): delivery.end(slot, with: frames, now: now)
            }
        }
        delivery.send(slot, now: now)
        return nil
    }

    /// Opens a WebSocket, unless it is open, and says why it will be closed.
    mutating func refuse(
        _ refusal: DoorRefusal, _ handshake: Handshake?, _ line: Line, _ slot: Int, now: Int64,
        _ delivery: inout Delivery
    ) {
        let time = now + delays.next(for: line.address, now: now)
        delivery.replace(slot, with: .door(DoorPeer(line, refusal, closesAt: time)))
        delivery.owe((handshake?.answer() ?? []) + FrameEncoder.frame(.text, refusal.text.span), slot)
        delivery.send(slot, now: now)
        comeBack(at: time, slot, delivery)
    }

    private mutating func comeBack(at time: Int64, _ slot: Int, _ delivery: borrowing Delivery) {
        ends.insert(time, delivery.connections.token(of: slot)) { delivery.connections.slot(of: $0) != nil }
    }

    /// Closes those whose time is over. Who has not authenticated has waited for as long as others do who are refused.
    mutating func close(_ exchanges: Exchanges, now: Int64, _ delivery: inout Delivery) {
        while let token = ends.next(at: now) {
            guard let slot = delivery.connections.slot(of: token), delivery.connections.standing(of: slot) == .asking
            else { continue }
            switch delivery.connections[slot] {
            case .door(let peer)? where peer.closesAt <= now: end(slot, [], peer.refusal, now: now, &delivery)
            case .applicant(let peer)?:
                let refusal = exchanges.giveUp(peer.applicant)
                end(slot, FrameEncoder.frame(.text, refusal.text.span), refusal, now: now, &delivery)
            default: continue
            }
        }
    }

    private func end(
        _ slot: Int, _ frame: [UInt8], _ refusal: DoorRefusal, now: Int64, _ delivery: inout Delivery
    ) {
        delivery.end(slot, with: frame + FrameEncoder.close(refusal.code, reason: refusal.advice), now: now)
    }
}
