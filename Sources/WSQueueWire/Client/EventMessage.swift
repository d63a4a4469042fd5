package import WSQueueCore

/// What goes with an event's own members into the message for clients.
package struct EventMessageFields: Equatable, Sendable {
    /// When the event happened, in Unix seconds, where it does not say so itself.
    package let unixSeconds: Int64
    /// Its id, where it does not say so itself: UTF-8, escaped when it is written.
    package let id: [UInt8]
    /// Its place in the order.
    package let seq: UInt64
    /// The channel under which this copy goes out; `nil` for an event to everybody.
    package let channel: Channel?

    /// Makes the fields of one copy.
    package init(unixSeconds: Int64, id: [UInt8], seq: UInt64, channel: Channel?) {
        self.unixSeconds = unixSeconds
        self.id = id
        self.seq = seq
        self.channel = channel
    }
}

/// Writes the message that clients get for an event, around the bytes of its file.
///
/// Name, payload and timestamp go out as they were written. The message lies whole in one buffer, from where it is copied
/// into the log and the journal. One writer serves all events one after the other and keeps that buffer:
/// ``write(_:_:in:)``, then ``message``.
package struct EventMessageWriter: Sendable {
    /// The message written last.
    package private(set) var message: [UInt8] = []
    private let payloadName: [UInt8]

    /// So much is kept for the next message; an event may be larger.
    private static let keptBytes = 65_536

    /// Makes a writer.
    ///
    /// - Parameter payloadKey: The name of the payload's member; older pages want `data`.
    package init(payloadKey: String = "payload") {
        var name: [UInt8] = [ASCII.comma]
        JSONWriter.write(payloadKey, into: &name)
        name.append(ASCII.colon)
        payloadName = name
    }

    /// Writes `{"event":…,"payload":…,"timestamp":…,"id":…,"seq":…,"channel":…}`; the channel only where there is one.
    ///
    /// - Parameters:
    ///   - event: Where the event's members lie.
    ///   - fields: The rest.
    ///   - bytes: The text that the event was decoded from.
    package mutating func write(_ event: EventText, _ fields: EventMessageFields, in bytes: Span<UInt8>) {
        message.removeAll(keepingCapacity: message.capacity <= Self.keptBytes)
        message.append("{\"event\":")
        message.append(bytes, event.event)
        message.append(contentsOf: payloadName)
        if let payload = event.payload { message.append(bytes, payload) } else { message.append("null") }
        message.append(",\"timestamp\":")
        appendTimestamp(event, fields, bytes)
        message.append(",\"id\":")
        appendID(event, fields, bytes)
        message.append(",\"seq\":")
        JSONWriter.write(Int64(bitPattern: fields.seq), into: &message)
        if let channel = fields.channel {
            message.append(",\"channel\":")
            JSONWriter.write(channel.name, into: &message)
        }
        message.append("}")
    }

    private mutating func appendTimestamp(_ event: EventText, _ fields: EventMessageFields, _ bytes: Span<UInt8>) {
        guard let timestamp = event.timestamp else { return JSONWriter.write(fields.unixSeconds, into: &message) }
        message.append(bytes, timestamp)
    }

    // Ids are strings for clients, even where a publisher wrote a number: they are compared as strings.
    private mutating func appendID(_ event: EventText, _ fields: EventMessageFields, _ bytes: Span<UInt8>) {
        guard let id = event.id else { return JSONWriter.write(fields.id, into: &message) }
        if bytes[id.lowerBound] == UInt8(ascii: "\"") { return message.append(bytes, id) }
        guard let label = event.idLabel(in: bytes) else { return JSONWriter.write(fields.id, into: &message) }
        JSONWriter.write(label.bytes, into: &message)
    }
}
