package import WSQueueCore

/// A message as clients get it for an event, read again: for those few that want it in another form, or not at all.
package struct EventMessageText: Equatable, Sendable {
    /// The event's name as it stands, quotes and escapes included.
    package let event: Range<Int>
    private let payload: Range<Int>
    private let timestamp: Range<Int>
    private let id: Range<Int>
    private let seq: Range<Int>
    /// The channel with its quotes, where it has one, and the key.
    private let channel: Range<Int>?
    private let key: Range<Int>?

    /// Reads a message that ``EventMessageWriter`` has written; its members stand in a fixed order.
    ///
    /// - Returns: `nil` for anything else.
    package static func decode(_ bytes: Span<UInt8>) -> EventMessageText? {
        var values: [Range<Int>] = []
        values.reserveCapacity(5)
        var channel: Range<Int>?
        var key: Range<Int>?
        var reader = JSONObjectReader()
        do throws(JSONFault) {
            while let member = try reader.next(in: bytes) {
                if values.count < 5 {
                    values.append(member.value)
                } else if bytes[member.name.lowerBound] == UInt8(ascii: "c") {
                    channel = member.value
                } else if bytes[member.name.lowerBound] == UInt8(ascii: "k") {
                    key = member.value
                }
            }
        } catch { return nil }
        guard values.count == 5 else { return nil }
        return EventMessageText(
            event: values[0], payload: values[1], timestamp: values[2], id: values[3], seq: values[4],
            channel: channel, key: key)
    }

    /// Its order number, as digits.
    package func sequenceNumber(in bytes: Span<UInt8>) -> String {
        String(decoding: [UInt8](bytes, in: seq), as: UTF8.self)
    }

    /// Whether it goes to a channel.
    package var hasChannel: Bool { channel != nil }

    /// Its channel; its name needs no escapes.
    package func channelName(in bytes: Span<UInt8>) -> String? {
        channel.map { String(decoding: [UInt8](bytes, in: JSONString.contents(of: $0)), as: UTF8.self) }
    }

    /// The event's name without quotes and escapes.
    package func eventName(in bytes: Span<UInt8>) -> [UInt8] {
        JSONString.repaired(JSONString.contents(of: event), in: bytes)
    }

    /// The payload by itself: a string as its text, anything else as its bytes.
    package func payloadAlone(in bytes: Span<UInt8>) -> [UInt8] {
        guard bytes[payload.lowerBound] == UInt8(ascii: "\"") else { return [UInt8](bytes, in: payload) }
        return JSONString.repaired(JSONString.contents(of: payload), in: bytes)
    }

    /// Whether a filter lets it pass.
    package func passes(_ filter: EventFilter, in bytes: Span<UInt8>) -> Bool {
        let name = JSONString.contents(of: event)
        guard JSONString.isEscaped(name, in: bytes) else { return filter.includes(bytes.extracting(name)) }
        let decoded = JSONString.decode(name, in: bytes) ?? []
        return filter.includes(decoded.span)
    }

    /// The same for older chat pages:
    /// `{"action":"message","channel":…,"sender":0,"message":…,"time":…,"event":…,"id":…,"seq":…}`, and the key where there
    /// is one.
    ///
    /// - Parameter bytes: The message that was decoded.
    package func chat(in bytes: Span<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + 64)
        output.append("{\"action\":\"message\"")
        if let channel {
            output.append(",\"channel\":")
            output.append(bytes, channel)
        }
        output.append(",\"sender\":0,\"message\":")
        output.append(bytes, payload)
        output.append(",\"time\":")
        output.append(bytes, timestamp)
        output.append(",\"event\":")
        output.append(bytes, event)
        output.append(",\"id\":")
        output.append(bytes, id)
        output.append(",\"seq\":")
        output.append(bytes, seq)
        if let key {
            output.append(",\"key\":")
            output.append(bytes, key)
        }
        output.append("}")
        return output
    }
}
