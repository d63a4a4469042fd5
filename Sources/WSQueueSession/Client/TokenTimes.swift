internal import WSQueueCore

/// When something is due about clients' tokens.
///
/// A client that has gone, or has sent another token, leaves its times behind. They are taken out when there are so many
/// that those of clients who are there can be no more than half.
package struct TokenTimes {
    private struct Entry: HeapElement, Hashable {
        /// Steady Unix nanoseconds.
        let time: Int64
        /// The connection's token.
        let token: UInt64

        func precedes(_ other: Entry) -> Bool { time < other.time }
    }

    private var entries = Heap<Entry>()
    private var limit = leastLimit

    private static let leastLimit = 1_024

    /// Nothing is due.
    package init() {}

    /// How many there are.
    package var count: Int { entries.count }

    /// Adds a time.
    ///
    /// - Parameters:
    ///   - time: Steady Unix nanoseconds.
    ///   - token: The connection's token.
    ///   - isThere: Whether a connection is still there.
    package mutating func insert(_ time: Int64, _ token: UInt64, isThere: (UInt64) -> Bool) {
        entries.insert(Entry(time: time, token: token))
        guard entries.count > limit else { return }
        var kept = Heap<Entry>()
        for entry in Set(entries.elements) where isThere(entry.token) { kept.insert(entry) }
        entries = kept
        limit = max(Self.leastLimit, 2 * kept.count)
    }

    /// Takes the next connection about whose token something is due.
    package mutating func next(at unix: Int64) -> UInt64? {
        guard let first = entries.first, first.time <= unix else { return nil }
        _ = entries.popFirst()
        return first.token
    }
}
