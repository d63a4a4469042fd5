internal import WSQueueCore

/// What waits until every loop has passed a position of the log, oldest first.
package struct Settlement<Item> {
    private var waiting = Fifo<(item: Item, end: UInt64)>()

    /// Makes an empty settlement.
    package init() {}

    package var isEmpty: Bool { waiting.isEmpty }
    package var count: Int { waiting.count }
    /// The oldest item.
    package var first: Item? { waiting.first?.item }

    /// Adds an item that is settled once everyone has passed `end`; ends never go back.
    package mutating func add(_ item: Item, end: UInt64) { waiting.append((item, end)) }

    /// Whether everyone has passed the oldest item's end.
    package func hasSettled(passed: UInt64) -> Bool { hasSettled(1, passed: passed) }

    /// Whether everyone has passed the ends of the oldest `count` items.
    package func hasSettled(_ count: Int, passed: UInt64) -> Bool {
        waiting.count >= count && waiting[count - 1].end <= passed
    }

    /// Takes the oldest item if everyone has passed its end.
    package mutating func next(passed: UInt64) -> Item? {
        guard let oldest = waiting.first, oldest.end <= passed else { return nil }
        waiting.popFirst()
        return oldest.item
    }
}
