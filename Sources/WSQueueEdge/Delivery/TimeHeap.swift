internal import WSQueueCore

/// What is due when, the earliest first. What is due may be out of date by then; its owner looks.
package struct TimeHeap {
    private struct Item: HeapElement {
        let time: Int64
        let token: UInt64

        func precedes(_ other: Item) -> Bool { time < other.time }
    }

    private var items = Heap<Item>()

    /// Makes an empty heap.
    package init() {}

    package var count: Int { items.count }

    /// Adds something.
    package mutating func add(_ token: UInt64, at time: Int64) { items.insert(Item(time: time, token: token)) }

    /// Takes the earliest whose time has come.
    package mutating func next(now: Int64) -> UInt64? {
        guard let first = items.first, first.time <= now else { return nil }
        return items.popFirst()?.token
    }
}
