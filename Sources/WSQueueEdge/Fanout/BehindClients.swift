internal import WSQueueBroker

/// A client whose socket would not take all it is owed.
struct BehindClient {
    let slot: Int
    /// What it has been sent: everything before this position.
    let cursor: UInt64
    /// The end of the frame in which the cursor stands, or the cursor itself between two frames.
    let frameEnd: UInt64
    /// The event whose frame, the last that it was sent, ends at the cursor; 0 where that is not known.
    let lastSeq: UInt64

    /// How many bytes of the frame in which the cursor stands have not been sent.
    var restOfFrame: Int { Int(frameEnd - cursor) }
}

/// The clients of one loop that are behind. All others stand at the loop's own position and need no cursor.
struct BehindClients {
    private struct Account {
        let slot: Int
        var cursor: UInt64
        var frameEnd: UInt64
        var lastSeq: UInt64 = 0
        var account: SlowClientAccount
        var own: SlowClientAccount.OwnBytes
        /// Whether it has taken nothing for so long that the queue goes on without it, as far as the log has room.
        var isStalled = false
    }

    private var accounts: [Account] = []
    private var indexBySlot: [Int: Int] = [:]
    private let rule: SlowClientRule

    init(_ rule: SlowClientRule) { self.rule = rule }

    var count: Int { accounts.count }
    var isEmpty: Bool { accounts.isEmpty }

    /// Where the last of them stands, and the last of those that still take something; `.max` where there is none.
    var oldestCursors: (all: UInt64, pacing: UInt64) {
        var (all, pacing) = (UInt64.max, UInt64.max)
        for account in accounts {
            all = min(all, account.cursor)
            if !account.isStalled { pacing = min(pacing, account.cursor) }
        }
        return (all, pacing)
    }

    subscript(slot: Int) -> BehindClient? {
        indexBySlot[slot].map {
            BehindClient(
                slot: slot, cursor: accounts[$0].cursor, frameEnd: accounts[$0].frameEnd, lastSeq: accounts[$0].lastSeq)
        }
    }

    /// Opens the account of a client that stands at `cursor` while the log ends at `end`.
    ///
    /// - Parameter own: What it has taken of its own, modulo 2^32, and what waits.
    mutating func add(
        _ slot: Int, cursor: UInt64, frameEnd: UInt64, end: UInt64, own: (taken: UInt32, left: Int), now: Int64
    ) {
        indexBySlot[slot] = accounts.count
        let own = SlowClientAccount.OwnBytes(taken: UInt64(own.taken), left: own.left)
        accounts.append(
            Account(
                slot: slot, cursor: cursor, frameEnd: frameEnd,
                account: SlowClientAccount(rule: rule, position: cursor, end: end, own: own, now: now), own: own))
    }

    /// It has been sent more.
    ///
    /// - Parameter lastSeq: The event whose frame ends there and was sent to it; 0 where that is not known.
    mutating func move(_ slot: Int, to cursor: UInt64, frameEnd: UInt64, lastSeq: UInt64 = 0) {
        guard let index = indexBySlot[slot] else { return }
        accounts[index].lastSeq = lastSeq
        accounts[index].cursor = cursor
        accounts[index].frameEnd = frameEnd
    }

    /// It is behind no longer.
    mutating func remove(_ slot: Int) {
        guard let index = indexBySlot.removeValue(forKey: slot) else { return }
        let last = accounts.removeLast()
        guard index < accounts.count else { return }
        accounts[index] = last
        indexBySlot[last.slot] = index
    }

    /// Looks at all of them again.
    ///
    /// - Parameters:
    ///   - waited: How long the queue has waited since the last look.
    ///   - clientCount: How many clients all loops have, and `behindCount` how many of them are behind.
    ///   - own: What a client has taken of its own, modulo 2^32, and what waits.
    /// - Returns: The slots of those that are too slow by now.
    mutating func judge(
        end: UInt64, now: Int64, waited: Int64, clientCount: Int, behindCount: Int,
        own: (_ slot: Int) -> (taken: UInt32, left: Int)
    ) -> [Int] {
        var slots: [Int] = []
        for index in accounts.indices {
            let own = own(accounts[index].slot)
            let more = own.taken &- UInt32(truncatingIfNeeded: accounts[index].own.taken)
            accounts[index].own.taken += UInt64(more)
            accounts[index].own.left = own.left
            let verdict = accounts[index].account.judge(
                rule: rule, position: accounts[index].cursor, end: end, own: accounts[index].own, now: now,
                waited: waited, clients: clientCount, behind: behindCount)
            accounts[index].isStalled = verdict != .pacing
            if verdict == .tooSlow { slots.append(accounts[index].slot) }
        }
        return slots
    }
}
