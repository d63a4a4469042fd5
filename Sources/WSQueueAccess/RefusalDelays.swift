package import WSQueueNet
internal import WSQueueSystem

/// How long a WebSocket that is refused stays open once it has been told: a page that comes back at once, for ever, is kept
/// from that, and the next of its address longer. All loops share it.
package final class RefusalDelays: Sendable {
    private struct Entry {
        var nanoseconds: Int64
        var at: Int64
    }

    private let entries = Guarded<[[UInt8]: Entry]>([:])

    private static let least: Int64 = 1_000_000_000
    private static let most: Int64 = 10_000_000_000
    /// An address that has not been refused for so long begins anew.
    private static let memory: Int64 = 60_000_000_000
    private static let limit = 4_096

    package init() {}

    /// The delay for one more refusal of an address: a second, and twice as long as the one before, up to ten.
    package func next(for address: Address, now: Int64) -> Int64 {
        let block = address.block ?? []
        return entries.withLock { entries in
            if entries.count >= Self.limit { entries = entries.filter { now - $0.value.at < Self.memory } }
            let before = entries[block].flatMap { now - $0.at < Self.memory ? $0.nanoseconds : nil }
            let delay = before.map { min(2 * $0, Self.most) } ?? Self.least
            if entries.count < Self.limit || entries[block] != nil {
                entries[block] = Entry(nanoseconds: delay, at: now)
            }
            return delay
        }
    }
}
