/// An event as it lies in a file: where its members are in the bytes, and what those of them mean that must be understood.
///
/// It holds offsets and copies nothing it need not: the payload's bytes reach the clients as they were written. The
/// methods that take `bytes` want the same bytes that were decoded.
package struct EventText: Equatable, Sendable {
    /// The event's name as it stands, quotes and escapes included: what goes on the wire.
    package internal(set) var event = 0..<0
    /// The payload as it stands; `nil` where there is none, which means `null`.
    package internal(set) var payload: Range<Int>?
    /// When the event happened, as it stands: a number of Unix seconds.
    package internal(set) var timestamp: Range<Int>?
    /// When the event happened, in Unix microseconds.
    package internal(set) var timestampMicroseconds: Int64?
    /// When the event was queued, in Unix microseconds.
    package internal(set) var queuedAtMicroseconds: Int64?
    /// The id as it stands: a string with its quotes, or an integer.
    package internal(set) var id: Range<Int>?
    /// The channels it goes to, each once, in the order in which they stand; none: to every client.
    package internal(set) var channels: [Channel] = []
    /// The users it goes to; `nil`: to all. An empty list is nobody, and never everybody.
    package internal(set) var recipients: [Label]?
    /// The connection that shall not get it.
    package internal(set) var except: Int64?
    /// When it is too late to send it, in Unix microseconds.
    package internal(set) var expiresAtMicroseconds: Int64?

    init() {}

    /// Reads the text of one event: a JSON object with the members of the contract, in one pass.
    ///
    /// Names of members are compared decoded. `null` is as good as absent, but for `event`, and for `payload`, where it
    /// is the value.
    ///
    /// - Parameter bytes: The whole file, or the line of a batch.
    package static func decode(_ bytes: Span<UInt8>) throws(EventFault) -> EventText {
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

    private static func next(
        _ reader: inout JSONObjectReader, in bytes: Span<UInt8>
    ) throws(EventFault) -> JSONMember? {
        do throws(JSONFault) { return try reader.next(in: bytes) } catch { throw EventFault(error) }
    }
}
