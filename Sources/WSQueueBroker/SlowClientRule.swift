/// How long the queue waits for a client that does not take what it is owed (SPEC §4, slow clients).
package struct SlowClientRule: Equatable, Sendable {
    /// How far behind a client may be before the queue waits for it.
    package var limitBytes: Int
    /// How old what it is owed may become.
    package var limitNanoseconds: Int64
    /// How long the queue waits for it.
    package var patienceNanoseconds: Int64

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
/// as long as most clients are behind, they set the pace and nobody holds up the others. Whoever takes bytes earns
/// patience back, so a steady reader of a long backlog is never closed, and one that stopped is, after one patience
/// in all. A client alone holds up nobody and has until what it is owed is too old.
package struct SlowClientAccount: Equatable {
    private var patienceNanoseconds: Int64
    private var lastPosition: UInt64
    private var markedEnd: UInt64
    private var markedAt: Int64

    /// Opens the account of a client that stands at `position` while the log ends at `end`.
    package init(rule: SlowClientRule, position: UInt64, end: UInt64, now: Int64) {
        patienceNanoseconds = rule.patienceNanoseconds
        lastPosition = position
        markedEnd = end
        markedAt = now
    }

    /// Looks at the client again, and decides whether it is too slow.
    ///
    /// - Parameters:
    ///   - position: Where it stands now.
    ///   - end: Where the log ends.
    ///   - now: The monotonic clock, nanoseconds.
    ///   - waited: How long the queue has waited for clients since the last look.
    ///   - clients: How many clients there are, this one among them.
    ///   - behind: How many of them are behind.
    package mutating func isTooSlow(
        rule: SlowClientRule, position: UInt64, end: UInt64, now: Int64, waited: Int64, clients: Int, behind: Int
    ) -> Bool {
        let taken = position - lastPosition
        lastPosition = position
        if position >= markedEnd {
            markedEnd = end
            markedAt = now
        }
        if now - markedAt > rule.limitNanoseconds { return true }
        guard end - position >= UInt64(rule.limitBytes) else { return false }
        let earned = Double(taken) / Double(rule.limitBytes) * Double(rule.patienceNanoseconds)
        patienceNanoseconds = min(rule.patienceNanoseconds, patienceNanoseconds + Int64(earned))
        let isHoldingUpOthers = clients > 1 && (taken == 0 || behind * 2 <= clients)
        if isHoldingUpOthers { patienceNanoseconds -= waited }
        return patienceNanoseconds <= 0
    }
}
