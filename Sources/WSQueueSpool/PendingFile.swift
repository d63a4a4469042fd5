internal import WSQueueCore
package import WSQueueSystem

/// A file that waits in the spool, with its place among the others.
package struct PendingFile: Equatable, HeapElement {
    package let name: FileName
    /// Whether it is a `.jsonl` batch.
    package let isBatch: Bool
    /// Whether its writer is known to have finished: a notice said that it was renamed or closed.
    package let isNoticed: Bool
    /// The time by which it is ordered: that of its name, else its mtime; Unix nanoseconds.
    package var nanoseconds: Int64 { order.nanoseconds }
    /// Whether it is not to be sent before that time.
    package let isScheduled: Bool
    private let order: SpoolOrder
    private let stemCount: Int

    init(name: FileName, parsed: SpoolName, order: SpoolOrder, isNoticed: Bool) {
        self.name = name
        self.order = order
        self.isNoticed = isNoticed
        isBatch = parsed.kind == .batch
        isScheduled = parsed.isScheduled
        stemCount = parsed.stemCount
    }

    /// The name without its suffix, which is the event's id unless the event has its own; any bytes.
    package var stem: ArraySlice<UInt8> { name.bytes.prefix(stemCount) }

    /// Whether the name is one that the contract's publishers make, `<19 digits>-<pid>-<counter>-<random>`: who follows
    /// the contract that far renames, and what he wrote is whole.
    package var isNamedByContract: Bool {
        let bytes = name.terminated.span.extracting(..<stemCount)
        let first = isScheduled ? SpoolPlace.duePrefix.utf8.count : 0
        var position = first
        for part in 0..<3 {
            let start = position
            while position < stemCount, bytes[position] &- UInt8(ascii: "0") <= 9 { position += 1 }
            guard position > start, position < stemCount, bytes[position] == UInt8(ascii: "-") else { return false }
            guard part > 0 || position == first + 19 else { return false }
            position += 1
        }
        for index in position..<stemCount where bytes[index] == UInt8(ascii: "-") { return false }
        return position < stemCount
    }

    /// Whether no other file has had this name, or will: the contract's, or `<10 digits>[.<fraction>]_<uniqid>`.
    package var isNameUsedOnce: Bool {
        if isNamedByContract { return true }
        var rest = stem[...]
        if isScheduled { rest = rest.dropFirst(SpoolPlace.duePrefix.utf8.count) }
        guard rest.prefix(while: { $0 &- UInt8(ascii: "0") <= 9 }).count == 10 else { return false }
        rest = rest.dropFirst(10)
        if rest.first == UInt8(ascii: ".") { rest = rest.dropFirst().drop { $0 &- UInt8(ascii: "0") <= 9 } }
        return rest.first == UInt8(ascii: "_") && rest.count > 1
    }

    /// Whether this file comes first.
    package func precedes(_ other: PendingFile) -> Bool {
        order.precedes(
            other.order, name: name.terminated.span.extracting(..<name.count),
            otherName: other.name.terminated.span.extracting(..<other.name.count))
    }

    /// Whether this file comes before another one that is not taken in.
    func precedes(_ otherOrder: SpoolOrder, _ otherName: borrowing Span<UInt8>) -> Bool {
        order.precedes(otherOrder, name: name.terminated.span.extracting(..<name.count), otherName: otherName)
    }
}
