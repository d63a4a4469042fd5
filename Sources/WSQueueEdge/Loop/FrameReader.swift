internal import WSQueueBroker
internal import WSQueueConnections
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSession
internal import WSQueueWire

/// Reads sockets, and what comes in the frames of WebSockets.
struct FrameReader {
    private let limits: WebSocketLimits
    /// How many frames a client may send; `nil` is no limit.
    private let rate: RateRule?
    /// Whether messages go back as they are.
    private let isEcho: Bool
    private let log: Log
    /// What is read; one buffer for all.
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    init(_ limits: WebSocketLimits, _ rate: RateRule?, isEcho: Bool, _ log: Log) {
        self.limits = limits
        self.rate = rate
        self.isEcho = isEcho
        self.log = log
    }

    /// Reads what has come on a socket, once.
    mutating func read(_ number: Int32) -> Socket.Transfer {
        var span = buffer.mutableSpan
        return Socket.receive(into: &span, from: number)
    }

    /// What was read last, or a part of it.
    func bytes(_ range: Range<Int>) -> [UInt8] { Array(buffer[range]) }

    /// Takes the frames of a client out of what was read.
    mutating func receive(
        _ range: Range<Int>, _ peer: WebSocketPeer, _ slot: Int, now: Int64, _ conversations: inout Conversations,
        _ delivery: inout Delivery
    ) {
        if takesPong(range, peer, slot, &delivery) { return }
        var position = range.lowerBound
        while delivery.connections.standing(of: slot).isReceiving, !peer.awaitsAnswer, delivery.hears(slot, now: now),
            let event = next(peer, &position, end: range.upperBound)
        {
            if peer.count(rate, now: now) {
                answer(event, peer, slot, now: now, &conversations, &delivery)
            } else {
                note(peer, .rateLimited, "frame rate")
                conversations.close(slot, .rateLimited, reason: "too many frames", now: now, &delivery)
            }
        }
        peer.rest()
        // However much has arrived, its answers leave in one call: a flood costs no more calls than a word.
        delivery.send(slot, now: now)
        guard position < range.upperBound, delivery.connections.standing(of: slot).isReceiving else { return }
        // It is heard again when the answer has come, or when it has taken what it is owed.
        peer.keep(buffer[position..<range.upperBound])
        delivery.recount(slot)
    }

    /// An answer has come from elsewhere: goes on with what a client has said before that.
    mutating func resume(
        _ slot: Int, now: Int64, _ conversations: inout Conversations, _ delivery: inout Delivery
    ) {
        guard case .webSocket(let peer)? = delivery.connections[slot] else { return }
        peer.endAwaitingAnswer()
        delivery.pause(false, slot)
        goOn(slot, now: now, &conversations, &delivery)
    }

    /// Goes on with what a client has said while it was not heard.
    mutating func goOn(
        _ slot: Int, now: Int64, _ conversations: inout Conversations, _ delivery: inout Delivery
    ) {
        guard case .webSocket(let peer)? = delivery.connections[slot], peer.unheardCount > 0, !peer.awaitsAnswer,
            delivery.hears(slot, now: now)
        else { return delivery.send(slot, now: now) }
        let unheard = peer.takeUnheard()
        delivery.recount(slot)
        var start = 0
        while start < unheard.count, delivery.connections.standing(of: slot).isReceiving {
            let count = min(buffer.count, unheard.count - start)
            buffer.replaceSubrange(0..<count, with: unheard[start..<(start + count)])
            start += count
            receive(0..<count, peer, slot, now: now, &conversations, &delivery)
        }
        delivery.send(slot, now: now)
    }

    private mutating func next(_ peer: WebSocketPeer, _ position: inout Int, end: Int) -> WebSocketEvent? {
        let limits = limits
        var span = buffer.mutableSpan
        var part = span._mutatingExtracting(..<end)
        return peer.next(in: &part, from: &position, limits: limits)
    }

    /// Takes what is nothing but the answer to our ping, as nearly all is that clients say which only listen.
    private func takesPong(
        _ range: Range<Int>, _ peer: WebSocketPeer, _ slot: Int, _ delivery: inout Delivery
    ) -> Bool {
        guard delivery[signsOf: slot].awaitsPong else { return false }
        // Whatever arrives shows that it is alive.
        delivery[signsOf: slot].noteLife()
        // It has no payload, so its mask, whatever that is, changes nothing.
        return range.count == 6 && buffer[range.lowerBound] == 0x8A && buffer[range.lowerBound + 1] == 0x80
            && peer.isResting
    }

    private func answer(
        _ event: WebSocketEvent, _ peer: WebSocketPeer, _ slot: Int, now: Int64,
        _ conversations: inout Conversations, _ delivery: inout Delivery
    ) {
        switch event {
        case .message(let kind, let payload):
            delivery[signsOf: slot].noteLife()
            let bytes = payload.bytes(in: buffer.span)
            if isEcho {
                delivery.owe(FrameEncoder.frame(kind == .text ? .text : .binary, bytes.span), slot)
            } else if kind == .text {
                conversations.receive(bytes, slot, now: now, &delivery)
            } else {
                conversations.close(slot, .unsupportedData, reason: "send text, not binary", now: now, &delivery)
            }
        case .ping(let payload):
            delivery[signsOf: slot].noteLife()
            delivery.owe(FrameEncoder.frame(.pong, payload.bytes(in: buffer.span).span), slot)
        case .pong: return
        case .close(let code, _):
            conversations.leave(slot, now: now, &delivery)
            delivery.end(
                slot, with: FrameEncoder.close(code),
                reason: Farewells.Reason(code: code?.rawValue ?? 1_005, text: ""), now: now)
        case .failure(let error):
            note(peer, error.closeCode, error.reason)
            conversations.close(slot, error.closeCode, reason: error.reason, now: now, &delivery)
        }
    }

    private func note(_ peer: WebSocketPeer, _ code: CloseCode, _ reason: String) {
        log.write(
            LogLine(.warning, "client.error").with("conn", peer.session.connection)
                .with("addr", peer.line.address.description).with("code", code.rawValue).with("reason", reason))
    }
}
