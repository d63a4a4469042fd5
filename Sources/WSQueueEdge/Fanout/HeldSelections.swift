internal import WSQueueBroker
internal import WSQueueLog

/// The publications for part of the clients, as long as a client that is behind may still need them.
struct HeldSelections {
    private var selections: [PublicationLog.Selection] = []

    mutating func append(_ new: some Sequence<PublicationLog.Selection>) { selections.append(contentsOf: new) }

    /// Forgets those that no client that is behind can still need.
    mutating func trim(before passed: UInt64) {
        var count = selections.firstIndex(endingAfter: passed)
        // The copies of one event stay together: a client that has got the first of them must not get the next.
        while count > 0, count < selections.count, selections[count - 1].seq == selections[count].seq { count -= 1 }
        selections.removeFirst(count)
    }

    /// The parts of `range` that are for one client, adjacent ones joined.
    ///
    /// - Parameter known: The event whose frame it was sent last; 0 where that is not known.
    func runs(
        for slot: Int, in range: Range<UInt64>, after known: UInt64 = 0, _ subscriptions: SubscriptionTable
    ) -> [Range<UInt64>] {
        // What it was sent it has, though it may be subscribed no more to what that came by.
        var lastSeq = known > 0 ? known : seqReceived(by: slot, before: range.lowerBound, subscriptions)
        var heard: [String: Bool] = [:]
        var result: [Range<UInt64>] = []
        var start = range.lowerBound
        for selection in selections[selections.firstIndex(endingAfter: range.lowerBound)...] {
            guard selection.range.lowerBound < range.upperBound else { break }
            // A cursor in the middle of a selection stands there because the client is getting it.
            if selection.range.lowerBound < range.lowerBound { continue }
            // Of several copies of an event a client gets the first that is for it.
            if selection.seq != lastSeq, subscriptions.isReceiver(slot, of: selection.audience, &heard) {
                lastSeq = selection.seq
                continue
            }
            if selection.range.lowerBound > start { result.append(start..<selection.range.lowerBound) }
            start = selection.range.upperBound
        }
        if start < range.upperBound { result.append(start..<range.upperBound) }
        return result
    }

    /// The event of which a copy ends at a position; 0 where none does that is for part of the clients.
    func seq(endingAt position: UInt64) -> UInt64 {
        let index = selections.firstIndex(endingAfter: position)
        guard index > 0, selections[index - 1].range.upperBound == position else { return 0 }
        return selections[index - 1].seq
    }

    /// The event of which a client that stands at `position` has had a copy already, if there may be more of it.
    func seqReceived(by slot: Int, before position: UInt64, _ subscriptions: SubscriptionTable) -> UInt64 {
        var index = selections.firstIndex(endingAfter: position)
        // In the middle of a copy it stands because it is getting that one.
        if index < selections.count, selections[index].range.lowerBound < position { return selections[index].seq }
        guard index < selections.count else { return 0 }
        let seq = selections[index].seq
        while index > 0, selections[index - 1].seq == seq {
            index -= 1
            if subscriptions.isReceiver(slot, of: selections[index].audience) { return seq }
        }
        return 0
    }
}
