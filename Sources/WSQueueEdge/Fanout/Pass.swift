internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog

/// What was published since the last turn, and who gets what of it.
struct Pass {
    /// All of it.
    let range: Range<UInt64>
    /// The part that not everyone gets, in order.
    let selected: [PublicationLog.Selection]

    /// Whether something of it is for all clients, or for all but one.
    var isForEveryone: Bool {
        range.count > selected.reduce(0) { $0 + $1.range.count }
            || selected.contains { $0.audience.isNearlyEveryone }
    }

    /// The parts that one group gets: what is for everyone, turned round by the group's selections.
    func runs(ofGroup group: Int, _ groups: ReceiverGroups) -> [Range<UInt64>] {
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
}

extension ArraySlice<Range<UInt64>> {
    /// Takes `count` bytes off the front.
    ///
    /// - Returns: The position after them.
    mutating func advance(by count: Int) -> UInt64 {
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
