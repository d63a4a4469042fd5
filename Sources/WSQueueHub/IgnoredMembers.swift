internal import WSQueueCore
internal import WSQueueOperation

/// Says which members of events mean nothing, each name once: what a publisher hopes for does not happen.
struct IgnoredMembers {
    private let log: Log
    private var told: Set<[UInt8]> = []
    /// The one that was noted last: often all events have the same.
    private var last: [UInt8] = []

    /// Publishers may make names up; so many are told.
    private static let limit = 100
    private static let shownBytes = 64

    init(log: Log) { self.log = log }

    /// Notes a member of an event.
    ///
    /// - Parameter name: Where it stands in the event's text, without its quotes.
    mutating func note(_ name: Range<Int>, in text: Span<UInt8>, id: () -> String) {
        guard told.count < Self.limit else { return }
        let shown = text.extracting(name.lowerBound..<min(name.upperBound, name.lowerBound + Self.shownBytes))
        guard !isLast(shown) else { return }
        let bytes = [UInt8](shown)
        last = bytes
        guard told.insert(bytes).inserted else { return }
        log.write(
            LogLine(.warning, "event.member").with("member", String(decoding: bytes, as: UTF8.self)).with("id", id())
                .with("hint", "it means nothing here and is ignored; said once"))
    }

    private func isLast(_ name: Span<UInt8>) -> Bool {
        name.count == last.count && name.indices.allSatisfy { name[$0] == last[$0] }
    }
}
