/// An event as it lies in a file: where its members are in the bytes, and what those of them mean that must be understood.
///
/// It holds offsets and copies nothing it need not: the payload's bytes reach the clients as they were written. The
/// methods that take `bytes` want the same bytes that were decoded.
package struct EventText: Equatable, Sendable {
    /// The event's name as it stands, quotes and escapes included: what goes on the wire.
    package var event: Range<Int> { eventPlace.range ?? 0..<0 }
    /// The payload as it stands; `nil` where there is none, which means `null`.
    package var payload: Range<Int>? { payloadPlace.range }
    /// When the event happened, as it stands, where that is a number of Unix seconds; otherwise
    /// ``timestampMicroseconds`` says it.
    package var timestamp: Range<Int>? { timestampPlace.range }
    /// The id as it stands: a string with its quotes, or an integer.
    package var id: Range<Int>? { idPlace.range }
    /// When the event was queued, in Unix microseconds; `nil` also where that is said in a way that no one can mean.
    package internal(set) var queuedAtMicroseconds: Int64?
    /// Whom it is for, how long, and more that few events say; `nil` for nearly all.
    package internal(set) var delivery: EventDelivery?
    /// Whether what stands as the payload is the member `data`.
    package internal(set) var isPayloadData = false

    // Few bytes, which a batch has for each of its lines.
    var eventPlace = Place()
    var payloadPlace = Place()
    var timestampPlace = Place()
    var idPlace = Place()
    var ignoredPlace = Place()

    init() {}

    /// The channels it goes to, each once, in the order in which they stand; none: to every client.
    package var channels: [Channel] { delivery?.details.channels ?? [] }
    /// The users it goes to; `nil`: to all. An empty list is no one, and never everybody.
    package var recipients: [Label]? { delivery?.details.recipients }
    /// Who shall not get it.
    package var exceptions: Exceptions { delivery?.details.exceptions ?? Exceptions() }
    /// When it is too late to send it, in Unix microseconds.
    package var expiresAtMicroseconds: Int64? { delivery?.details.expiresAtMicroseconds }
    /// The state that it is, in its channels, until another event has the same key.
    package var key: Label? { delivery?.details.key }
    /// Whether it ends the state of its key.
    package var clearsKey: Bool { delivery?.details.clearsKey ?? false }
    /// When the event happened, in Unix microseconds, where it says so in another way than in a number of seconds.
    package var timestampMicroseconds: Int64? { delivery?.details.timestampMicroseconds }
    /// Its trace context (W3C, `traceparent`) as it stands, with its quotes.
    package var traceparent: Range<Int>? { delivery?.details.traceparentPlace.range }
    /// The name of the first member that means nothing, as it stands, without its quotes.
    package var ignored: Range<Int>? { ignoredPlace.range }

    /// Where a value lies in a text of less than 4 GiB; nowhere, where there is none.
    struct Place: Equatable {
        private var start: UInt32 = 0
        private var end: UInt32 = 0

        init() {}

        init(_ range: Range<Int>) {
            start = UInt32(range.lowerBound)
            end = UInt32(range.upperBound)
        }

        /// No value is empty.
        var range: Range<Int>? { end == 0 ? nil : Int(start)..<Int(end) }
    }

    /// Reads the text of one event: a JSON object with the members of the contract, in one pass.
    ///
    /// Names of members are compared decoded. `null` is as good as absent, but for `event`, and for `payload`, where it
    /// is the value.
    ///
    /// - Parameter bytes: The whole file, or the line of a batch.
    package static func decode(_ bytes: Span<UInt8>) throws(EventFault) -> EventText {
        guard bytes.count <= UInt32.max else { throw EventFault(reason: "more than 4 GiB", offset: 0) }
        var decoder = EventDecoder()
        var reader = JSONObjectReader()
        while let member = try next(&reader, in: bytes) { try decoder.take(member, in: bytes) }
        return try decoder.finish()
    }

    /// The event's name without quotes and escapes.
    package func eventName(in bytes: Span<UInt8>) -> Label {
        Label(checked: JSONString.decode(JSONString.contents(of: event), in: bytes) ?? [])
    }

    /// The id without quotes and escapes; that of an integer is its digits.
    package func idLabel(in bytes: Span<UInt8>) -> Label? { id.flatMap { EventValue.label($0, in: bytes) } }

    /// When the event happened, in Unix microseconds; `nil` where it does not say so.
    package func happenedMicroseconds(in bytes: Span<UInt8>) -> Int64? {
        timestamp.flatMap { JSONNumber.millionths($0, in: bytes) } ?? timestampMicroseconds
    }

    private static func next(
        _ reader: inout JSONObjectReader, in bytes: Span<UInt8>
    ) throws(EventFault) -> JSONMember? {
        do throws(JSONFault) { return try reader.next(in: bytes) } catch { throw EventFault(error) }
    }
}
