// What runs for each event is `@inlinable`: elsewhere the compiler would ask the runtime what a `Peer` is at each call.

/// The connections of one loop: what the send loop walks lies dense in small values, what is rare lies in the objects.
package struct ConnectionTable<Peer: AnyObject> {
    /// What the send loop needs of a connection.
    package struct Entry {
        /// The socket's number, or -1 where no connection is.
        @usableFromInline package internal(set) var descriptor: Int32
        /// Counts the connections that have had this slot, so that a late readiness is not taken for the next one's.
        @usableFromInline package internal(set) var registration: UInt32
        /// Whether publications for everyone are sent to it.
        package var isReceiving = false
        /// Whether it is still owed something that its socket would not take.
        package var isBehind = false
        /// Whether it gets publications in a form of its own, and so never the bytes of the log.
        package var hasOwnView = false
    }

    /// All slots, in no order, those without a connection among them.
    @usableFromInline package internal(set) var entries: [Entry] = []
    @usableFromInline var peers: [Peer?] = []
    private var freeSlots: [Int32] = []

    /// Makes an empty table.
    package init() {}

    /// How many connections there are.
    @inlinable
    package var count: Int { entries.count - freeSlots.count }

    /// Adds a connection.
    ///
    /// - Returns: Its slot, which is small and reused, and the token for the poller.
    package mutating func insert(_ peer: Peer, descriptor: Int32) -> (slot: Int, token: UInt64) {
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = Int(free)
            entries[slot].descriptor = descriptor
            peers[slot] = peer
        } else {
            slot = entries.count
            entries.append(Entry(descriptor: descriptor, registration: 0))
            peers.append(peer)
        }
        return (slot, token(of: slot))
    }

    /// Removes a connection; its token is dead from now on.
    package mutating func remove(_ slot: Int) {
        entries[slot] = Entry(descriptor: -1, registration: entries[slot].registration &+ 1)
        peers[slot] = nil
        freeSlots.append(Int32(slot))
    }

    /// The token of a slot's present connection.
    @inlinable
    package func token(of slot: Int) -> UInt64 { UInt64(slot) << 32 | UInt64(entries[slot].registration) }

    /// The slot of the connection that a token was made for, or `nil` when that connection has gone.
    @inlinable
    package func slot(of token: UInt64) -> Int? {
        let slot = Int(token >> 32)
        guard slot < entries.count, entries[slot].descriptor >= 0 else { return nil }
        return entries[slot].registration == UInt32(truncatingIfNeeded: token) ? slot : nil
    }

    /// The connection in a slot.
    @inlinable
    package subscript(slot: Int) -> Peer? { peers[slot] }

    /// Says whether publications for everyone go to a connection.
    @inlinable
    package mutating func setReceiving(_ isReceiving: Bool, _ slot: Int) { entries[slot].isReceiving = isReceiving }

    /// Says whether a connection is owed something.
    @inlinable
    package mutating func setBehind(_ isBehind: Bool, _ slot: Int) { entries[slot].isBehind = isBehind }

    /// Says whether a connection gets publications in a form of its own.
    @inlinable
    package mutating func setOwnView(_ hasOwnView: Bool, _ slot: Int) { entries[slot].hasOwnView = hasOwnView }
}
