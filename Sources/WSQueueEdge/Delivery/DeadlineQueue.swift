internal import WSQueueCore

/// Connections that must have got further by some moment; all wait equally long, so the first in is the first due.
package struct DeadlineQueue {
    package init() {}

    private var waiting = Fifo<(token: UInt64, deadline: Int64)>()

    /// Adds a connection by its token. Deadlines never go back.
    package mutating func add(_ token: UInt64, deadline: Int64) { waiting.append((token, deadline)) }

    /// Takes the next connection whose time is over. It may have gone or got further since.
    package mutating func next(now: Int64) -> UInt64? {
        guard let first = waiting.first, first.deadline <= now else { return nil }
        waiting.popFirst()
        return first.token
    }
}
