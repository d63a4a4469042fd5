/// Connections that must have got further by some moment; all wait equally long, so the first in is the first due.
package struct DeadlineQueue {
    package init() {}

    private var waiting: [(token: UInt64, deadline: Int64)] = []
    private var first = 0

    /// Adds a connection by its token. Deadlines never go back.
    package mutating func add(_ token: UInt64, deadline: Int64) { waiting.append((token, deadline)) }

    /// Takes the next connection whose time is over. It may have gone or got further since.
    package mutating func next(now: Int64) -> UInt64? {
        guard first < waiting.count, waiting[first].deadline <= now else { return nil }
        defer {
            first += 1
            if first * 2 >= waiting.count {
                waiting.removeFirst(first)
                first = 0
            }
        }
        return waiting[first].token
    }
}
