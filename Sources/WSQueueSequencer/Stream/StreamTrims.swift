/// What of the stream is to go because a server's history has let go of it, once there is enough after it.
struct StreamTrims {
    private var goneSeq: UInt64
    /// Oldest first.
    private var waiting: [StreamTrim] = []

    /// The stream keeps so many entries whatever a history holds, so that a node that is slow for a moment loses nothing.
    private static let leastEntries: UInt64 = 10_000
    /// So many notes wait at most.
    private static let limit = 16

    init(after seq: UInt64 = 0) { goneSeq = seq }

    /// Up to this number the history has gone, or had when it began.
    var end: UInt64 { goneSeq }

    mutating func add(_ trim: StreamTrim) {
        goneSeq = trim.end
        if waiting.count >= Self.limit { waiting.removeLast() }
        waiting.append(trim)
    }

    /// The newest of those that are far enough behind a number; the older ones go with it.
    mutating func take(behind seq: UInt64) -> StreamTrim? {
        let count = waiting.prefix { $0.end + Self.leastEntries <= seq }.count
        guard count > 0 else { return nil }
        defer { waiting.removeFirst(count) }
        return waiting[count - 1]
    }
}
