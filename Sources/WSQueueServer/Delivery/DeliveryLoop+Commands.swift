internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueWire

/// What clients that speak ask for.
extension DeliveryLoop {
    /// Greets a client with its connection id and the cursor from which it gets everything.
    mutating func welcome(_ slot: Int, _ peer: Peer, now: Int64) {
        guard !peer.isWelcomed else { return }
        peer.isWelcomed = true
        subscriptions.name(peer.connection, slot: slot)
    }

    /// Does what a text message asks for.
    mutating func obey(_ text: [UInt8], _ slot: Int, _ peer: Peer, now: Int64) {
    }
}
