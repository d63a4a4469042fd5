/// Where the members of an event lie that says what nearly all say, in few bytes: a batch keeps one for each of its lines.
///
/// Its text begins as our publishers write it (``EventText/endOfOwnBeginning``), its id is a string without an escape, if it
/// has one, and nothing in it is about whom it is for, how long, or of which state it is.
package struct PlainEventText: Equatable, Sendable {
    private let start: UInt32
    private let count: UInt32
    private let lineNumber: UInt32
    private let payloadEnd: UInt32
    private let idStart: UInt32
    private let ignoredStart: UInt32
    private let eventEnd: UInt16
    private let timestampCount: UInt16
    private let idCount: UInt16
    private let ignoredCount: UInt16
    private let queuedAt: Int64

    /// Describes an event; `nil` where it is not as plain as that.
    ///
    /// - Parameters:
    ///   - bytes: The event's text.
    ///   - range: Where that lies in its file.
    ///   - line: The number of that line.
    package init?(_ text: EventText, in bytes: Span<UInt8>, at range: Range<Int>, line: Int) {
        guard let end = text.endOfOwnBeginning, text.delivery == nil, text.queuedAtMicroseconds != 0,
            let start = UInt32(exactly: range.lowerBound), let count = UInt32(exactly: range.count),
            let lineNumber = UInt32(exactly: line), let eventEnd = UInt16(exactly: text.event.upperBound),
            let payload = text.payload,
            let timestampCount = UInt16(exactly: end - payload.upperBound - Self.timestampGap)
        else { return nil }
        if let id = text.id {
            guard bytes[id.lowerBound] == UInt8(ascii: "\""), let idCount = UInt16(exactly: id.count),
                !JSONString.isEscaped(id, in: bytes)
            else { return nil }
            (idStart, self.idCount) = (UInt32(id.lowerBound), idCount)
        } else {
            (idStart, idCount) = (0, 0)
        }
        if let ignored = text.ignored {
            guard !ignored.isEmpty, let ignoredCount = UInt16(exactly: ignored.count) else { return nil }
            (ignoredStart, self.ignoredCount) = (UInt32(ignored.lowerBound), ignoredCount)
        } else {
            (ignoredStart, ignoredCount) = (0, 0)
        }
        self.start = start
        self.count = count
        self.lineNumber = lineNumber
        self.eventEnd = eventEnd
        payloadEnd = UInt32(payload.upperBound)
        self.timestampCount = timestampCount
        queuedAt = text.queuedAtMicroseconds ?? 0
    }

    /// Where the event's text lies in its file.
    package var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
    /// Its line there.
    package var line: Int { Int(lineNumber) }
    /// Where the payload lies in the event's text; what stands before it is its name.
    package var payload: Range<Int> { Int(eventEnd) + Self.payloadGap..<Int(payloadEnd) }
    /// Where the event's name ends.
    package var nameEnd: Int { Int(eventEnd) }
    /// Up to where the text is as clients get it, but for the payload's name where that is another one.
    package var endOfOwnBeginning: Int { Int(payloadEnd) + Self.timestampGap + Int(timestampCount) }
    /// The id as it stands, with its quotes.
    package var id: Range<Int>? { idCount == 0 ? nil : Int(idStart)..<Int(idStart) + Int(idCount) }
    /// When the event was queued, in Unix microseconds.
    package var queuedAtMicroseconds: Int64? { queuedAt == 0 ? nil : queuedAt }
    /// The name of the first member that means nothing, without its quotes.
    package var ignored: Range<Int>? {
        ignoredCount == 0 ? nil : Int(ignoredStart)..<Int(ignoredStart) + Int(ignoredCount)
    }

    /// The event as it was decoded.
    package var text: EventText {
        var text = EventText()
        text.eventPlace = EventText.Place(Self.eventStart..<Int(eventEnd))
        text.payloadPlace = EventText.Place(payload)
        text.timestampPlace = EventText.Place(Int(payloadEnd) + Self.timestampGap..<endOfOwnBeginning)
        if let id { text.idPlace = EventText.Place(id) }
        if let ignored { text.ignoredPlace = EventText.Place(ignored) }
        text.queuedAtMicroseconds = queuedAtMicroseconds
        return text
    }

    /// How many bytes `{"event":`, `,"payload":` and `,"timestamp":` are.
    fileprivate static let eventStart = 9
    fileprivate static let payloadGap = 11
    fileprivate static let timestampGap = 13
}

extension EventText {
    /// Up to where the text begins as our publishers write it: name, payload and timestamp, without white space.
    ///
    /// Between two of these values there is at least the name of the second. Where there are no more bytes than that, it
    /// is all that stands there.
    package var endOfOwnBeginning: Int? {
        guard let payload, let timestamp, !isPayloadData, event.lowerBound == PlainEventText.eventStart,
            payload.lowerBound == event.upperBound + PlainEventText.payloadGap,
            timestamp.lowerBound == payload.upperBound + PlainEventText.timestampGap
        else { return nil }
        return timestamp.upperBound
    }
}
