/// What the hub has done since the start. It belongs to the hub's thread, which writes a copy where it is asked for.
package struct HubCounters: Sendable {
    /// Why the queue's directory was listed.
    package enum ScanCause: String, CaseIterable {
        /// The server has begun to work in this directory.
        case start
        /// A look found it changed.
        case change
        /// inotify has lost notices.
        case overflow
        /// The last listing had no room for all.
        case backlog
        /// More files are due than are known.
        case due
        /// A file was not what it should have been, or the last listing failed.
        case retry
    }

    package var rejected: UInt64 = 0
    package var expired: UInt64 = 0
    package var duplicates: UInt64 = 0
    /// Files that had to wait because no client was connected.
    package var held: UInt64 = 0
    /// What was appended for clients, each message once.
    package var bytes: UInt64 = 0
    /// How often inotify has lost notices.
    package var overflows: UInt64 = 0
    /// Events that are only in a line that sums them up.
    package var summedLines: UInt64 = 0
    package var scans = [UInt64](repeating: 0, count: ScanCause.allCases.count)
    /// From the publisher's time until an event was handed to the loops.
    package var waits = Histogram()
    /// From then until the last byte for the last client was with the kernel.
    package var sends = Histogram()

    /// Makes counters of nothing yet.
    package init() {}
}
