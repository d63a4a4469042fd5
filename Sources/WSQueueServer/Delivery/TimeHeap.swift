/// What is due when, the earliest first: a heap. What is due may be out of date by then; its owner looks.
package struct TimeHeap {
    private var items: [(time: Int64, token: UInt64)] = []

    /// Makes an empty heap.
    package init() {}

    package var count: Int { items.count }

    /// Adds something.
    package mutating func add(_ token: UInt64, at time: Int64) {
        items.append((time, token))
        var index = items.count - 1
        while index > 0, items[(index - 1) / 2].time > items[index].time {
            items.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    /// Takes the earliest whose time has come.
    package mutating func next(now: Int64) -> UInt64? {
        guard let first = items.first, first.time <= now else { return nil }
        let last = items.removeLast()
        guard !items.isEmpty else { return first.token }
        items[0] = last
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < items.count && items[child].time < items[least].time { least = child }
            guard least != index else { return first.token }
            items.swapAt(index, least)
            index = least
        }
    }
}
