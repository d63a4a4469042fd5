package import WSQueueSession

/// The connections of one loop: what the send loop walks lies dense in small values, what is rare lies in the objects.
// Here and not beside the objects: a generic type of another module is not specialised.
package struct ConnectionTable<Connection> {
    private struct Entry {
        /// The socket's number, or -1 where no connection is.
        var descriptor: Int32
        /// Counts the connections that have had this slot, so that a late readiness is not taken for the next one's.
        var registration: UInt32
        var standing = Standing.asking
        var hasOwnView = false
        var isLocal = false
        var signs = LifeSigns()
    }

    private var entries: [Entry] = []
    private var connections: [Connection?] = []
    private var freeSlots: [Int32] = []

    /// Makes an empty table.
    package init() {}

    /// How many connections there are.
    package var count: Int { entries.count - freeSlots.count }

    /// All slots, those without a connection among them.
    package var slots: Range<Int> { entries.indices }

    /// Adds a connection.
    ///
    /// - Returns: Its slot, which is small and reused.
    package mutating func insert(_ connection: Connection, descriptor: Int32) -> Int {
        guard let free = freeSlots.popLast() else {
            entries.append(Entry(descriptor: descriptor, registration: 0))
            connections.append(connection)
            return entries.count - 1
        }
        entries[Int(free)].descriptor = descriptor
        connections[Int(free)] = connection
        return Int(free)
    }

    /// Puts another object in a connection's place.
    package mutating func replace(_ slot: Int, with connection: Connection) { connections[slot] = connection }

    /// Removes a connection; its token is dead from now on.
    package mutating func remove(_ slot: Int) {
        entries[slot] = Entry(descriptor: -1, registration: entries[slot].registration &+ 1)
        connections[slot] = nil
        freeSlots.append(Int32(slot))
    }

    /// The token of a slot's present connection.
    package func token(of slot: Int) -> UInt64 { UInt64(slot) << 32 | UInt64(entries[slot].registration) }

    /// The slot of the connection that a token was made for, or `nil` when that connection has gone.
    package func slot(of token: UInt64) -> Int? {
        let slot = Int(token >> 32)
        guard slot < entries.count, entries[slot].descriptor >= 0 else { return nil }
        return entries[slot].registration == UInt32(truncatingIfNeeded: token) ? slot : nil
    }

    /// What is known of how long the client in a slot has said nothing.
    package subscript(signsOf slot: Int) -> LifeSigns {
        get { entries[slot].signs }
        set { entries[slot].signs = newValue }
    }

    /// The connection in a slot.
    package subscript(slot: Int) -> Connection? { connections[slot] }

    /// The number of a connection's socket.
    package func descriptor(of slot: Int) -> Int32 { entries[slot].descriptor }

    /// How a connection stands to what is published.
    package func standing(of slot: Int) -> Standing { entries[slot].standing }

    /// Changes how a connection stands to what is published.
    package mutating func set(_ standing: Standing, _ slot: Int) { entries[slot].standing = standing }

    /// Whether publications are sent to a connection as the log holds them, at once.
    package func isLive(_ slot: Int) -> Bool { entries[slot].standing == .live && !entries[slot].hasOwnView }

    /// Whether a connection gets publications in a form of its own, and so never the bytes of the log.
    package func hasOwnView(_ slot: Int) -> Bool { entries[slot].hasOwnView }

    /// Whether it has the rights of this machine.
    package func isLocal(_ slot: Int) -> Bool { entries[slot].isLocal }

    /// Says whether it has the rights of this machine.
    package mutating func setLocal(_ isLocal: Bool, _ slot: Int) { entries[slot].isLocal = isLocal }

    /// Says whether a connection gets publications in a form of its own.
    package mutating func setOwnView(_ hasOwnView: Bool, _ slot: Int) { entries[slot].hasOwnView = hasOwnView }
}
