internal import WSQueueCore
internal import WSQueueOperation

/// Says which members of events mean nothing, each name once: what a publisher hopes for does not happen.
struct IgnoredMembers {
    private let log: Log
    private var told: Set<[UInt8]> = []

    /// Publishers may make names up; so many are told.
    private static let limit = 100
    private static let shownBytes = 64

    init(log: Log) { self.log = log }

    /// Notes a member of an event.
    ///
    /// - Parameter name: Where it stands in the event's text, without its quotes.
    mutating func note(_ name: Range<Int>, in text: Span<UInt8>, id: @autoclosure () -> String) {
        guard told.count < Self.limit else { return }
        let bytes = [UInt8](text, in: name.lowerBound..<min(name.upperBound, name.lowerBound + Self.shownBytes))
        guard told.insert(bytes).inserted else { return }
        log.write(
            LogLine(.warning, "event.member").with("member", String(decoding: bytes, as: UTF8.self)).with("id", id())
                .with("hint", "it means nothing here and is ignored; said once"))
    }
}
