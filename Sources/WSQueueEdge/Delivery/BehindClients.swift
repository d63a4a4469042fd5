internal import WSQueueBroker
internal import WSQueueLog
internal import WSQueueOperation
internal import WSQueueSystem

/// A client whose socket would not take all it is owed.
struct BehindClient {
    let slot: Int
    /// What it has been sent: everything before this position.
    var cursor: UInt64
    /// The end of the frame in which the cursor stands, or the cursor itself between two frames.
    var frameEnd: UInt64
    var account: SlowClientAccount
    /// Whether it has taken nothing for so long that the queue goes on without it, as far as the log has room.
    var isStalled = false

    /// How many bytes of the frame in which the cursor stands have not been sent.
    var restOfFrame: Int { Int(frameEnd - cursor) }
}

/// The clients of one loop that are behind. Everyone else stands at the loop's own position and needs no cursor.
struct BehindClients {
    private(set) var clients: [BehindClient] = []
    private var indexBySlot: [Int: Int] = [:]

    var count: Int { clients.count }
    var isEmpty: Bool { clients.isEmpty }

    /// Where the last of them stands, and the last of those that still take something; `.max` where there is none.
    var oldestCursors: (all: UInt64, pacing: UInt64) {
        var (all, pacing) = (UInt64.max, UInt64.max)
        for client in clients {
            all = min(all, client.cursor)
            if !client.isStalled { pacing = min(pacing, client.cursor) }
        }
        return (all, pacing)
    }

    subscript(slot: Int) -> BehindClient? {
        get { indexBySlot[slot].map { clients[$0] } }
        set {
            guard let index = indexBySlot[slot] else {
                guard let newValue else { return }
                indexBySlot[slot] = clients.count
                clients.append(newValue)
                return
            }
            if let newValue {
                clients[index] = newValue
            } else {
                remove(at: index)
            }
        }
    }

    /// Looks at all of them again.
    ///
    /// - Returns: The slots of those that are too slow by now.
    mutating func judge(
        rule: SlowClientRule, end: UInt64, now: Int64, waited: Int64, clientCount: Int, behindCount: Int
    ) -> [Int] {
        var slots: [Int] = []
        for index in clients.indices {
            let verdict = clients[index].account.judge(
                rule: rule, position: clients[index].cursor, end: end, now: now, waited: waited,
                clients: clientCount, behind: behindCount)
            clients[index].isStalled = verdict != .pacing
            if verdict == .tooSlow { slots.append(clients[index].slot) }
        }
        return slots
    }

    private mutating func remove(at index: Int) {
        indexBySlot[clients[index].slot] = nil
        let last = clients.removeLast()
        guard index < clients.count else { return }
        clients[index] = last
        indexBySlot[last.slot] = index
    }
}

extension PublicationLog {
    /// The end of the frame in which `position` stands, or `position` itself where a frame begins.
    ///
    /// - Parameter start: Where a frame begins, at or before `position`.
    func frameEnd(at position: UInt64, from start: UInt64) -> UInt64 {
        var boundary = start
        while boundary < position { boundary += frameLength(at: boundary) }
        return boundary
    }

    /// The length of the server's frame that begins at `position` (RFC 6455, section 5.2).
    func frameLength(at position: UInt64) -> UInt64 {
        ring.read(at: position, count: 10) { header in
            let short = header[1] & 0x7F
            if short < 126 { return 2 + UInt64(short) }
            let count = short == 126 ? 2 : 8
            var length: UInt64 = 0
            for index in 2..<(2 + count) { length = length << 8 | UInt64(header[index]) }
            return length + 2 + UInt64(count)
        }
    }
}
