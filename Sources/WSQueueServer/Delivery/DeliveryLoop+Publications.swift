internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueNet

/// Sending what the log holds.
extension DeliveryLoop {
    /// Hands everything new to the clients it is for, in one call each.
    mutating func deliver(now: Int64) {
        guard context.publications.end != position else { return }
        let snapshot = context.publications.snapshot(since: position)
        let new = position..<snapshot.end
        position = snapshot.end
        seq = snapshot.seq
        if clientCount == 0 { return }
        if snapshot.selections.isEmpty {
            sendToEveryone([new], now: now)
        } else {
            selections.append(contentsOf: snapshot.selections)
            sendSelected(new, Array(snapshot.selections), now: now)
        }
    }

    /// Sends a behind client what it is owed, as far as its socket takes it.
    ///
    /// - Returns: Whether it is behind no longer.
    mutating func catchUp(_ slot: Int, now: Int64) -> Bool {
        guard var client = behind[slot] else { return true }
        let runs = runs(for: slot, in: client.cursor..<position)
        var next = runs[...]
        while !next.isEmpty {
            switch send(next, to: slot) {
            case .bytes(let count):
                client.cursor = next.advance(by: count)
            case .wouldBlock:
                client.frameEnd = context.publications.frameEnd(at: client.cursor, from: client.frameEnd)
                behind[slot] = client
                return false
            case .closed(let code):
                lost(slot, errorNumber: code, now: now)
                return false
            }
        }
        behind[slot] = nil
        table.setBehind(false, slot)
        return true
    }

    /// Forgets the selections that nobody who is behind can still need.
    mutating func trimSelections(before passed: UInt64) {
        var count = selections.firstIndex(endingAfter: passed)
        // The copies of one event stay together: who has got the first of them must not get the next.
        while count > 0, count < selections.count, selections[count - 1].seq == selections[count].seq { count -= 1 }
        selections.removeFirst(count)
    }

    /// Notes that a client has been sent everything before `cursor` and that its socket takes no more.
    ///
    /// - Parameter start: Where a frame begins, at or before `cursor`.
    mutating func fallBehind(_ slot: Int, cursor: UInt64, frameStart start: UInt64, now: Int64) {
        let account = SlowClientAccount(
            rule: context.configuration.slowClients, position: cursor, end: position, now: now)
        behind[slot] = BehindClient(
            slot: slot, cursor: cursor, frameEnd: context.publications.frameEnd(at: cursor, from: start),
            account: account)
        table.setBehind(true, slot)
        awaitSpace(slot)
    }

    private mutating func sendToEveryone(_ runs: [Range<UInt64>], now: Int64) {
        guard !runs.isEmpty else { return }
        for slot in table.entries.indices {
            let entry = table.entries[slot]
            guard entry.isReceiving, !entry.isBehind else { continue }
            sendRuns(runs[...], to: slot, now: now)
        }
    }

    /// A pass with publications that are not for everyone: their receivers are found through the table of
    /// subscriptions, so that the others cost nothing.
    private mutating func sendSelected(_ new: Range<UInt64>, _ selected: [PublicationLog.Selection], now: Int64) {
        var concerned: Set<Int> = []
        var isForEveryone = new.count > selected.reduce(0) { $0 + $1.range.count }
        for selection in selected {
            concerned.formUnion(subscriptions.slots(selectedBy: selection.audience))
            if selection.audience.isNearlyEveryone { isForEveryone = true }
        }
        let common = runs(in: new) { $0.audience.isNearlyEveryone }
        var marked: [Int] = []
        for slot in concerned where table.entries[slot].isReceiving && !table.entries[slot].isBehind {
            let own = runs(for: slot, in: new)
            // Marked as behind for a moment, so that the walk below leaves it out.
            table.setBehind(true, slot)
            marked.append(slot)
            if !own.isEmpty { sendRuns(own[...], to: slot, now: now) }
        }
        if isForEveryone { sendToEveryone(common, now: now) }
        for slot in marked where behind[slot] == nil { table.setBehind(false, slot) }
        count(selected)
    }

    /// Counts the receivers of each selection for the log line of its event.
    private func count(_ selected: [PublicationLog.Selection]) {
        for selection in selected {
            let listed = subscriptions.slots(selectedBy: selection.audience).count
            if selection.audience.isNearlyEveryone {
                selection.addReceivers(clientCount - listed)
            } else {
                selection.addReceivers(listed)
            }
        }
    }

    private mutating func sendRuns(_ runs: ArraySlice<Range<UInt64>>, to slot: Int, now: Int64) {
        guard let start = runs.first?.lowerBound else { return }
        var next = runs
        while let first = next.first {
            switch send(next, to: slot) {
            case .bytes(let count):
                _ = next.advance(by: count)
            case .wouldBlock:
                return fallBehind(slot, cursor: first.lowerBound, frameStart: start, now: now)
            case .closed(let code):
                return lost(slot, errorNumber: code, now: now)
            }
        }
    }

    private func send(_ runs: ArraySlice<Range<UInt64>>, to slot: Int) -> Socket.Transfer {
        Socket.send(context.publications.ring, runs, to: table.entries[slot].descriptor)
    }

    /// The parts of `range` that are for one client, adjacent ones joined.
    private func runs(for slot: Int, in range: Range<UInt64>) -> [Range<UInt64>] {
        var lastSeq = seqReceived(by: slot, before: range.lowerBound)
        return runs(in: range) { selection in
            // Of several copies of an event a client gets the first that is for him.
            guard selection.seq != lastSeq, subscriptions.isReceiver(slot, of: selection.audience) else { return false }
            lastSeq = selection.seq
            return true
        }
    }

    /// The event of which a client that stands at `position` has had a copy already, if there may be more of it.
    func seqReceived(by slot: Int, before position: UInt64) -> UInt64 {
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

    private func runs(
        in range: Range<UInt64>, including isIncluded: (PublicationLog.Selection) -> Bool
    ) -> [Range<UInt64>] {
        var result: [Range<UInt64>] = []
        var start = range.lowerBound
        for selection in selections[selections.firstIndex(endingAfter: range.lowerBound)...] {
            guard selection.range.lowerBound < range.upperBound else { break }
            // A cursor in the middle of a selection stands there because the client is getting it.
            if selection.range.lowerBound < range.lowerBound || isIncluded(selection) { continue }
            if selection.range.lowerBound > start { result.append(start..<selection.range.lowerBound) }
            start = selection.range.upperBound
        }
        if start < range.upperBound { result.append(start..<range.upperBound) }
        return result
    }
}

extension ArraySlice<Range<UInt64>> {
    /// Takes `count` bytes off the front.
    ///
    /// - Returns: The position behind them.
    fileprivate mutating func advance(by count: Int) -> UInt64 {
        var left = UInt64(count)
        while let first {
            let length = first.upperBound - first.lowerBound
            guard left >= length else {
                self[startIndex] = (first.lowerBound + left)..<first.upperBound
                return first.lowerBound + left
            }
            left -= length
            removeFirst()
            if left == 0 { return self.first?.lowerBound ?? first.upperBound }
        }
        return 0
    }
}
