package import WSQueueCore
package import WSQueueLog

/// What a client asks for of the past.
package struct PastRequest: Equatable, Sendable {
    /// Where it has got to; `nil` where only the state is wanted.
    package let since: Cursor?
    /// The channel whose past is wanted; `nil` is all that it listens to.
    package let channel: String?

    /// Whether the state is wanted too.
    package let wantsState: Bool
    /// Channels that it has asked for in the same breath, about which the application is asked. Nothing is sent before the
    /// answers: a place behind the others' past would be one behind theirs.
    package let awaited: [String]

    /// Makes a request.
    package init(since: Cursor?, channel: String?, wantsState: Bool = false, awaited: [String] = []) {
        self.since = since
        self.channel = channel
        self.wantsState = wantsState
        self.awaited = awaited
    }
}

/// How far the past reaches at one moment.
package struct PastBounds: Equatable, Sendable {
    /// The identity of the numbering.
    package let epoch: String
    /// The last number before the oldest record.
    package let precedingSeq: UInt64
    /// The number of the last record.
    package let lastSeq: UInt64
    /// Whether other servers number their events in the same order, and may be further than this one.
    package let isShared: Bool
    /// Numbers in between that no event of this history bears, though clients may have some that do.
    package let left: [ClosedRange<UInt64>]

    /// Makes bounds.
    package init(
        epoch: String, precedingSeq: UInt64, lastSeq: UInt64, isShared: Bool = false, left: [ClosedRange<UInt64>] = []
    ) {
        self.left = left
        self.epoch = epoch
        self.precedingSeq = precedingSeq
        self.lastSeq = lastSeq
        self.isShared = isShared
    }

    /// The bounds of a journal now.
    ///
    /// - Parameter epoch: The numbering of the loop's numbers. Where the journal has begun anew and the loop has not been told
    ///   yet, nothing there has one of them: its clients are sent away soon, and told of the gap when they come back.
    package init(_ journal: Journal, numbersOf epoch: String) {
        let found = journal.epoch
        guard found == epoch else {
            self.init(epoch: epoch, precedingSeq: 0, lastSeq: 0, left: [0...UInt64.max])
            return
        }
        self.init(
            epoch: found, precedingSeq: journal.precedingSeq, lastSeq: journal.lastSeq,
            isShared: journal.isShared, left: journal.left)
    }

    /// Where a client will stand that comes with `cursor`: there, or after what is lost to it.
    ///
    /// - Parameter seq: Where its loop stands. A number that this loop has not reached yet may be one that another loop
    ///   has sent.
    package func start(after cursor: Cursor?, seq: UInt64) -> UInt64 {
        guard let cursor else { return seq }
        if isAwaited(cursor) { return cursor.seq }
        guard isOfHistory(cursor) else { return seq }
        return max(cursor.seq, min(seq, precedingSeq))
    }

    /// Up to where a client has everything whose request waits.
    ///
    /// - Parameters:
    ///   - sent: Up to where it has been sent what was for it.
    ///   - seq: Where its loop stands.
    package func reached(waiting request: PastRequest, sent: UInt64, seq: UInt64) -> UInt64 {
        // A place in one channel says nothing of the others.
        request.channel == nil ? start(after: request.since, seq: seq) : sent
    }

    /// Whether a place is one in this history: not in another numbering, ahead of it, or in another course of events.
    func isOfHistory(_ cursor: Cursor) -> Bool {
        cursor.epoch == epoch && cursor.seq <= lastSeq && !left.contains { $0.contains(cursor.seq) }
    }

    /// Whether a place lies ahead of all records, where only another server can have been.
    package func isAwaited(_ cursor: Cursor) -> Bool {
        isShared && cursor.epoch == epoch && cursor.seq > lastSeq && cursor.seq < .max
    }
}
