internal import WSQueueCore

/// A text that comes in pieces, of which events are made: cut only at the borders of characters.
struct TextPieces {
    private var bytes: [UInt8] = []

    /// An event of so much text is within the limit, whatever JSON makes of it.
    static let limitBytes = 65_536

    /// Whether at least one character is whole that was not taken.
    var hasWhole: Bool { bytes.count > UTF8Repair.openCount(bytes.span) }

    /// Whether there is enough for an event.
    var isFull: Bool { bytes.count >= Self.limitBytes }

    /// Takes what comes next.
    mutating func append(_ more: ArraySlice<UInt8>) { bytes += more }

    /// Gives the beginning of what has come. A character that is not whole yet stays, unless this is the end.
    mutating func take(isLast: Bool) -> [UInt8] {
        let piece = Array(bytes.prefix(Self.limitBytes))
        let open = isLast && piece.count == bytes.count ? 0 : UTF8Repair.openCount(piece.span)
        bytes.removeFirst(piece.count - open)
        return piece.dropLast(open)
    }
}
