/// What waits until every loop has passed a position of the log, oldest first.
package struct Settlement<Item> {
    private var waiting: [(item: Item, end: UInt64)] = []
    private var first = 0

    /// Makes an empty settlement.
    package init() {}

    package var isEmpty: Bool { first == waiting.count }
    package var count: Int { waiting.count - first }

    /// Adds an item that is settled once everyone has passed `end`; ends never go back.
    package mutating func add(_ item: Item, end: UInt64) { waiting.append((item, end)) }

    /// Whether everyone has passed the oldest item's end.
    package func hasSettled(passed: UInt64) -> Bool { first < waiting.count && waiting[first].end <= passed }

    /// Takes the oldest item if everyone has passed its end.
    package mutating func next(passed: UInt64) -> Item? {
        guard first < waiting.count, waiting[first].end <= passed else { return nil }
        defer {
            first += 1
            // Moved to the front only when that is no more than the work already done.
            if first * 2 >= waiting.count {
                waiting.removeFirst(first)
                first = 0
            }
        }
        return waiting[first].item
    }
}
