/// What waits until every loop has passed a position of the log, oldest first.
package struct Settlement<Item> {
    private var waiting: [(item: Item, end: UInt64)] = []
    private var start = 0

    /// Makes an empty settlement.
    package init() {}

    package var isEmpty: Bool { start == waiting.count }
    package var count: Int { waiting.count - start }
    /// The oldest item.
    package var first: Item? { isEmpty ? nil : waiting[start].item }

    /// Adds an item that is settled once everyone has passed `end`; ends never go back.
    package mutating func add(_ item: Item, end: UInt64) { waiting.append((item, end)) }

    /// Whether everyone has passed the oldest item's end.
    package func hasSettled(passed: UInt64) -> Bool { start < waiting.count && waiting[start].end <= passed }

    /// Whether everyone has passed the ends of the oldest `count` items.
    package func hasSettled(_ count: Int, passed: UInt64) -> Bool {
        waiting.count - start >= count && waiting[start + count - 1].end <= passed
    }

    /// Takes the oldest item if everyone has passed its end.
    package mutating func next(passed: UInt64) -> Item? {
        guard start < waiting.count, waiting[start].end <= passed else { return nil }
        defer {
            start += 1
            // Moved to the front only when that is no more than the work already done.
            if start * 2 >= waiting.count {
                waiting.removeFirst(start)
                start = 0
            }
        }
        return waiting[start].item
    }
}
