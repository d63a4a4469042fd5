internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueNet
internal import WSQueueOperation

/// Sending what the log holds.
extension DeliveryLoop {
    /// Hands everything new to the clients it is for, in one call each.
    mutating func deliver(now: Int64) {
        guard context.publications.end != position else { return }
        let snapshot = context.publications.snapshot(since: position)
        let new = position..<snapshot.end
        // A numbering that has begun anew says nothing of how many there were.
        let eventCount = snapshot.seq >= seq ? snapshot.seq - seq : UInt64(snapshot.selections.count)
        position = snapshot.end
        seq = snapshot.seq
        if clientCount == 0 { return }
        counters.deliveries += eventCount * UInt64(clientCount)
        if snapshot.selections.isEmpty {
            sendToEveryone([new], now: now)
            if !viewers.isEmpty { sendToViewersOfEverything(new, now: now) }
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
        if table.entries[slot].hasOwnView { return catchUpViewer(slot, client, now: now) }
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
            guard entry.isReceiving, !entry.isBehind, !entry.hasOwnView else { continue }
            sendRuns(runs[...], to: slot, now: now)
        }
    }

    /// A pass with publications that are not for everyone: their receivers are found through the table of
    /// subscriptions, so that the others cost nothing.
    private mutating func sendSelected(_ new: Range<UInt64>, _ selected: [PublicationLog.Selection], now: Int64) {
        group(selected)
        var runsByGroup = [[Range<UInt64>]?](repeating: nil, count: groups.count)
        for slot in groups.slots {
            let entry = table.entries[slot]
            guard entry.isReceiving, !entry.isBehind, !entry.hasOwnView else { continue }
            let group = groups.group(of: slot)
            let runs = runsByGroup[group] ?? runs(ofGroup: group, in: new, selected)
            runsByGroup[group] = runs
            sendRuns(runs[...], to: slot, now: now)
        }
        let isForEveryone =
            new.count > selected.reduce(0) { $0 + $1.range.count }
            || selected.contains { $0.audience.isNearlyEveryone }
        if isForEveryone { sendToRest(runs(ofGroup: 0, in: new, selected), now: now) }
        if !viewers.isEmpty { sendToViewers(new, selected, now: now) }
    }

    /// Finds who gets what of a pass, and counts receivers for the log line of each event.
    private mutating func group(_ selected: [PublicationLog.Selection]) {
        groups.begin(slotCount: table.entries.count)
        var lastSeq: UInt64 = 0
        for (index, selection) in selected.enumerated() {
            let count: Int
            if index > 0, groups.canRepeat, selection.audience == selected[index - 1].audience {
                // A burst into one channel.
                count = groups.addAgain(index, seq: selection.seq)
            } else {
                receivers.removeAll(keepingCapacity: true)
                subscriptions.append(selectedBy: selection.audience, to: &receivers)
                count = groups.add(index, seq: selection.seq, receivers: receivers)
            }
            let receivers = selection.audience.isNearlyEveryone ? clientCount - count : count
            selection.addReceivers(receivers)
            // Each event was counted as one for everyone, and has come as one that is not, in one or several copies.
            if selection.seq != lastSeq { counters.deliveries -= UInt64(clientCount) }
            counters.deliveries += UInt64(receivers)
            lastSeq = selection.seq
        }
    }

    /// The parts of a pass that one group gets: what is for everyone, turned round by the group's selections.
    func runs(
        ofGroup group: Int, in range: Range<UInt64>, _ selected: [PublicationLog.Selection]
    ) -> [Range<UInt64>] {
        var own = groups.selections(of: group)[...]
        var result: [Range<UInt64>] = []
        var start = range.lowerBound
        for (index, selection) in selected.enumerated() {
            let isOwn = own.first == index
            if isOwn { own.removeFirst() }
            if isOwn != selection.audience.isNearlyEveryone { continue }
            if selection.range.lowerBound > start { result.append(start..<selection.range.lowerBound) }
            start = selection.range.upperBound
        }
        if start < range.upperBound { result.append(start..<range.upperBound) }
        return result
    }

    /// Hands out what everyone gets who is in no group.
    private mutating func sendToRest(_ runs: [Range<UInt64>], now: Int64) {
        guard !runs.isEmpty else { return }
        for slot in table.entries.indices {
            let entry = table.entries[slot]
            guard entry.isReceiving, !entry.isBehind, !entry.hasOwnView, groups.group(of: slot) == 0 else { continue }
            sendRuns(runs[...], to: slot, now: now)
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
    func runs(for slot: Int, in range: Range<UInt64>) -> [Range<UInt64>] {
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
