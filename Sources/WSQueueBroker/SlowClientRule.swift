/// How long the queue waits for a client that does not take what it is owed (SPEC §4, slow clients).
package struct SlowClientRule: Equatable, Sendable {
    /// How far behind a client may be before the queue waits for it.
    package var limitBytes: Int
    /// How old what it is owed may become.
    package var limitNanoseconds: Int64
    /// How long the queue waits for it.
    package var patienceNanoseconds: Int64
    /// How far the queue goes on without a client that takes nothing: behind that, the log has nearly no more room.
    package var roomBytes = Int.max
    /// How long the queue really stands still for a client that takes nothing; for the rest of its patience the queue
    /// goes on, as far as the log has room. Where that ends, it stands still once more and as long.
    package var noticeNanoseconds: Int64 { patienceNanoseconds / 10 }

    package init(
        limitBytes: Int = 1_048_576, limitNanoseconds: Int64 = 10_000_000_000,
        patienceNanoseconds: Int64 = 250_000_000
    ) {
        self.limitBytes = limitBytes
        self.limitNanoseconds = limitNanoseconds
        self.patienceNanoseconds = patienceNanoseconds
    }
}

/// One client's account with a ``SlowClientRule``: made when its socket first refuses something.
///
/// The queue's waiting is charged to a client that takes nothing at all while there are others, or that is one of few:
/// as long as most clients are behind, they set the pace and no one holds up the others. A client that takes bytes earns
/// patience back, so a steady reader of a long backlog is never closed, and one that stopped is, after one patience
/// in all. A client alone holds up no one and has until what it is owed is too old.
///
/// Clients that have stopped are at different distances, because their sockets took different amounts. What the queue
/// waits for the first of them counts for all that take nothing meanwhile, so that ten cost no more than one.
package struct SlowClientAccount: Equatable {
    /// What becomes of a client.
    package enum Verdict: Equatable {
        /// The queue may have to wait for it.
        case pacing
        /// It has taken nothing for so long that the queue need not wait for it; it may still catch up.
        case stalled
        /// It is to be closed.
        case tooSlow
    }

    private var patienceNanoseconds: Int64
    /// How long the queue has waited, for whomever, since this client took something; and since it had no more room.
    private var stallNanoseconds: Int64 = 0
    private var roomlessNanoseconds: Int64 = 0
    private var lastPosition: UInt64
    private var markedEnd: UInt64
    private var markedAt: Int64
    private var lastOwn: UInt64
    /// How many of its own bytes it must have taken until its time begins anew.
    private var markedOwn: UInt64

    /// What a client is owed besides the log: answers, messages of others, pings.
    package struct OwnBytes: Equatable, Sendable {
        /// How many of them its socket has taken, ever.
        package var taken: UInt64
        /// How many wait.
        package var left: Int

        package init(taken: UInt64 = 0, left: Int = 0) {
            self.taken = taken
            self.left = left
        }
    }

    /// Opens the account of a client that stands at `position` while the log ends at `end`.
    package init(rule: SlowClientRule, position: UInt64, end: UInt64, own: OwnBytes = OwnBytes(), now: Int64) {
        patienceNanoseconds = rule.patienceNanoseconds
        lastPosition = position
        markedEnd = end
        markedAt = now
        lastOwn = own.taken
        markedOwn = own.taken + UInt64(own.left)
    }

    /// Looks at the client again, and decides what becomes of it.
    ///
    /// - Parameters:
    ///   - position: Where it stands now.
    ///   - end: Where the log ends.
    ///   - own: What it is owed besides the log.
    ///   - now: The monotonic clock, nanoseconds.
    ///   - waited: How long the queue has waited for clients since the last look, or would have waited if those it goes
    ///     on without had not stalled.
    ///   - clients: How many clients there are, this one among them.
    ///   - behind: How many of them are behind.
    package mutating func judge(
        rule: SlowClientRule, position: UInt64, end: UInt64, own: OwnBytes = OwnBytes(), now: Int64, waited: Int64,
        clients: Int, behind: Int
    ) -> Verdict {
        let taken = position - lastPosition + (own.taken - lastOwn)
        lastPosition = position
        lastOwn = own.taken
        // While nothing is published a client may still be owed something: its time goes on until it has taken that too.
        if position >= markedEnd, own.taken >= markedOwn {
            markedEnd = end
            markedOwn = own.taken + UInt64(own.left)
            markedAt = now
        }
        if now - markedAt > rule.limitNanoseconds { return .tooSlow }
        let isRoomless = stallNanoseconds >= rule.noticeNanoseconds && end - position >= UInt64(rule.roomBytes)
        stallNanoseconds = taken > 0 || clients == 1 ? 0 : stallNanoseconds + waited
        roomlessNanoseconds = isRoomless && stallNanoseconds > 0 ? roomlessNanoseconds + waited : 0
        let verdict: Verdict = stallNanoseconds >= rule.noticeNanoseconds ? .stalled : .pacing
        guard end - position >= UInt64(rule.limitBytes) else { return verdict }
        let earned = Double(taken) / Double(rule.limitBytes) * Double(rule.patienceNanoseconds)
        patienceNanoseconds = min(rule.patienceNanoseconds, patienceNanoseconds + Int64(earned))
        let isHoldingUpOthers = clients > 1 && (taken == 0 || behind * 2 <= clients)
        if isHoldingUpOthers { patienceNanoseconds -= waited }
        let isOver =
            patienceNanoseconds <= 0 || stallNanoseconds >= rule.patienceNanoseconds
            || roomlessNanoseconds >= rule.noticeNanoseconds
        return isOver ? .tooSlow : verdict
    }
}
