internal import WSQueueConnections
internal import WSQueueNet
internal import WSQueueSession
internal import WSQueueSystem

/// The sockets of one loop: what is to be reported of them, and what of their own they are owed.
///
/// A connection that breaks is dropped when what is being dealt with is done, so nothing has to ask whether it is still
/// there: until then it takes no part in anything, and what is sent to it is thrown away.
struct Connections: ~Copyable {
    /// What became of a connection's own bytes.
    enum Flushed {
        case all
        /// Its socket takes no more now; the poller says when it does.
        case part
        /// The connection is over.
        case none
    }

    /// A connection that is over.
    struct Ended {
        let slot: Int
        /// How it stood until then.
        let standing: Standing
        /// Why, as the kernel says; 0 when it did not.
        let errorNumber: Int32
        /// How many bytes were kept for it, if it was ended to make room for others.
        let crowdedOut: Int?

        /// The reason for the log, where we did not close it.
        var reason: Farewells.Reason {
            if crowdedOut != nil { return .slow }
            guard standing.isReceiving, errorNumber != 0 else { return .none }
            return Farewells.Reason(code: Farewells.Reason.none.code, text: SystemCallError.reason(of: errorNumber))
        }
    }

    private var poller: Poller
    private var table = ConnectionTable<Connection>()
    private var ended: [Ended] = []
    private var owed: OwedBytes
    private let handle: LoopHandle

    static let wakeupToken = UInt64.max
    private static let firstListenerToken = UInt64.max - 64

    init(_ handle: LoopHandle, _ room: OwedRoom) throws(SystemCallError) {
        let poller = try Poller()
        try poller.add(handle.wakeup.number, .readable, token: Self.wakeupToken)
        self.poller = poller
        self.handle = handle
        owed = OwedBytes(room)
    }

    // MARK: Readiness

    /// Waits until something is ready or the time is over.
    mutating func wait(milliseconds: Int32, _ ready: inout [Readiness]) {
        ready.removeAll(keepingCapacity: true)
        let count = (try? poller.wait(milliseconds: milliseconds)) ?? 0
        for index in 0..<count { ready.append(poller.ready(index)) }
    }

    /// Has newcomers at these listeners reported, to one loop each.
    func report(_ listeners: [Listener]) throws(SystemCallError) {
        for (offset, listener) in listeners.enumerated() {
            try poller.add(
                listener.number, [.readable, .exclusive], token: Self.firstListenerToken + UInt64(offset))
        }
    }

    func ignore(_ listeners: [Listener]) {
        for listener in listeners { poller.remove(listener.number) }
    }

    /// Which listener a token stands for.
    static func listener(of token: UInt64) -> Int? {
        token >= firstListenerToken && token != wakeupToken ? Int(token - firstListenerToken) : nil
    }

    private func updateInterest(_ slot: Int, _ line: Line) {
        try? poller.change(line.number, line.interest, token: table.token(of: slot))
    }

    // MARK: Slots

    var count: Int { table.count }
    var slots: Range<Int> { table.slots }
    func token(of slot: Int) -> UInt64 { table.token(of: slot) }
    func slot(of token: UInt64) -> Int? { table.slot(of: token) }
    subscript(slot: Int) -> Connection? { table[slot] }
    func descriptor(of slot: Int) -> Int32 { table.descriptor(of: slot) }
    subscript(signsOf slot: Int) -> LifeSigns {
        get { table[signsOf: slot] }
        set { table[signsOf: slot] = newValue }
    }
    func standing(of slot: Int) -> Standing { table.standing(of: slot) }
    func isLive(_ slot: Int) -> Bool { table.isLive(slot) }
    func hasOwnView(_ slot: Int) -> Bool { table.hasOwnView(slot) }
    mutating func set(_ standing: Standing, _ slot: Int) { table.set(standing, slot) }
    func isLocal(_ slot: Int) -> Bool { table.isLocal(slot) }
    mutating func setLocal(_ isLocal: Bool, _ slot: Int) { table.setLocal(isLocal, slot) }
    mutating func setOwnView(_ hasOwnView: Bool, _ slot: Int) { table.setOwnView(hasOwnView, slot) }

    /// Begins with a socket, which the loop's count of sockets has already.
    mutating func insert(_ line: Line) throws(SystemCallError) -> Int {
        let slot = table.insert(.exchange(HTTPExchange(line)), descriptor: line.number)
        do throws(SystemCallError) {
            try poller.add(line.number, [.readable, .peerClosed], token: table.token(of: slot))
        } catch {
            remove(slot)
            throw error
        }
        return slot
    }

    /// Puts another object in a connection's place.
    mutating func replace(_ slot: Int, with connection: Connection) { table.replace(slot, with: connection) }

    /// The request of a connection has made a client of it.
    mutating func become(_ connection: Connection, _ slot: Int) {
        table.replace(slot, with: connection)
        table.set(.live, slot)
        table[signsOf: slot] = LifeSigns()
    }

    /// Closes the socket of a connection.
    mutating func remove(_ slot: Int) {
        if let line = table[slot]?.line {
            poller.remove(line.number)
            giveUp(line)
        }
        table.remove(slot)
        handle.addSockets(-1)
    }

    /// Notes that a connection is over; it is dropped when what is being dealt with is done.
    mutating func lose(_ slot: Int, errorNumber: Int32 = 0) { lose(slot, errorNumber, crowdedOut: nil) }

    private mutating func lose(_ slot: Int, _ errorNumber: Int32, crowdedOut: Int?) {
        let standing = table.standing(of: slot)
        guard standing != .gone else { return }
        table.set(.gone, slot)
        if let line = table[slot]?.line { giveUp(line) }
        ended.append(Ended(slot: slot, standing: standing, errorNumber: errorNumber, crowdedOut: crowdedOut))
    }

    /// Takes those that are over.
    mutating func takeEnded() -> [Ended] {
        guard !ended.isEmpty else { return [] }
        defer { ended = [] }
        return ended
    }

    // MARK: Their own bytes

    /// Puts bytes for one connection alone where `flush` finds them. Nothing else adds to what waits for a single one, so
    /// here it is bounded.
    mutating func owe(_ bytes: some Sequence<UInt8>, _ slot: Int) {
        guard let line = table[slot]?.line, table.standing(of: slot) != .gone else { return }
        line.append(bytes)
        recount(slot)
    }

    mutating func owe(_ bytes: Span<UInt8>, _ slot: Int) {
        guard let line = table[slot]?.line, table.standing(of: slot) != .gone else { return }
        line.append(bytes)
        recount(slot)
    }

    /// Counts again what is kept for a connection. Where it is too much for all together, those that are owed the most end.
    mutating func recount(_ slot: Int) {
        guard let connection = table[slot], table.standing(of: slot) != .gone else { return }
        let growth = connection.line.countMemory(and: connection.unheardCount)
        guard growth != 0 else { return }
        owed.change(by: growth)
        if growth > 0, owed.excess > 0 { makeRoom() }
    }

    /// Ends those for which the most is kept, of those whose sockets take nothing: the others are rid of it in this turn.
    /// There is no room for a word to them, either; they may come back with their cursors.
    private mutating func makeRoom() {
        let excess = owed.excess
        var stuck: [(slot: Int, bytes: Int)] = []
        for slot in table.slots where table.standing(of: slot) != .gone {
            guard let line = table[slot]?.line, line.heldBytes > 0, line.awaitsSpace else { continue }
            stuck.append((slot, line.heldBytes))
        }
        stuck.sort { $0.bytes > $1.bytes }
        var freed = 0
        for (slot, bytes) in stuck {
            guard freed < excess else { return }
            freed += bytes
            lose(slot, 0, crowdedOut: bytes)
        }
    }

    private mutating func giveUp(_ line: Line) {
        line.clear()
        owed.change(by: -line.heldBytes)
        _ = line.countMemory(and: 0)
    }

    func owedCount(_ slot: Int) -> Int { table[slot]?.line.owedCount ?? 0 }

    /// How many bytes of its own a client has taken, modulo 2^32, and how many wait.
    func ownBytes(_ slot: Int) -> (taken: UInt32, left: Int) {
        table[slot].map { ($0.line.takenCount, $0.line.owedCount) } ?? (0, 0)
    }

    /// Whether a connection is owed so little that it is read from.
    func isHeard(_ slot: Int) -> Bool { table[slot]?.line.isHeard ?? false }

    /// Whether the poller says when a socket takes bytes again.
    func awaitsSpace(_ slot: Int) -> Bool { table[slot]?.line.awaitsSpace ?? false }

    /// Sends what a connection is owed of its own.
    mutating func flush(_ slot: Int) -> Flushed {
        guard let line = table[slot]?.line, table.standing(of: slot) != .gone else { return .none }
        let result = line.flush()
        recount(slot)
        switch result {
        case .bytes: return .all
        case .wouldBlock:
            awaitSpace(slot)
            return .part
        case .closed(let code):
            lose(slot, errorNumber: code)
            return .none
        }
    }

    /// Asks to be told when a socket takes bytes again.
    func awaitSpace(_ slot: Int) { awaitSpace(true, slot) }

    /// A socket takes bytes, and is owed nothing.
    func endAwaitingSpace(_ slot: Int) { awaitSpace(false, slot) }

    /// Reads nothing more from a connection before an answer has come from elsewhere, or reads again.
    func pause(_ isPaused: Bool, _ slot: Int) {
        guard let line = table[slot]?.line else { return }
        line.pause(isPaused)
        updateInterest(slot, line)
    }

    /// Looks again whether a connection is owed too much to be read from.
    func reviewHearing(_ slot: Int) {
        if let line = table[slot]?.line { updateInterest(slot, line) }
    }

    private func awaitSpace(_ isAwaiting: Bool, _ slot: Int) {
        guard let line = table[slot]?.line else { return }
        line.awaitSpace(isAwaiting)
        updateInterest(slot, line)
    }
}
