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
    private let eventName = Array("{\"event\":".utf8)
    private let payloadName: [UInt8]
    /// Whether the payload has the name in a message that it has in an event.
    private let isPayloadNameOwn: Bool
    private let timestampName = Array(",\"timestamp\":".utf8)
    private let idName = Array(",\"id\":".utf8)
    private let seqName = Array(",\"seq\":".utf8)

    /// How much memory is kept for the next message; an event may be larger.
    private static let keptBytes = 65_536

    /// Makes a writer.
    ///
    /// - Parameter payloadKey: The name of the payload's member; older pages want `data`.
    package init(payloadKey: String = "payload") {
        var name: [UInt8] = [ASCII.comma]
        JSONWriter.write(payloadKey, into: &name)
        name.append(ASCII.colon)
        payloadName = name
        isPayloadNameOwn = payloadKey == "payload"
    }

    /// Writes `{"event":…,"payload":…,"timestamp":…,"id":…,"seq":…,"traceparent":…,"copies":…,"channel":…,"key":…}`; the
    /// last four only where there is one. Copies are told where an event goes to several channels: a reader that wants
    /// the one no longer that its copy names may want it by another.
    ///
    /// - Parameters:
    ///   - event: Where the event's members lie.
    ///   - fields: The rest.
    ///   - bytes: The text that the event was decoded from.
    package mutating func write(_ event: EventText, _ fields: EventMessageFields, in bytes: Span<UInt8>) {
        // Moved out while it grows, so that the names beside it can be read meanwhile.
        var output: [UInt8] = []
        swap(&output, &message)
        defer { swap(&output, &message) }
        output.removeAll(keepingCapacity: output.capacity <= Self.keptBytes)
        if isPayloadNameOwn, let end = event.endOfOwnBeginning {
            output.append(bytes, 0..<end)
        } else {
            output.append(copying: eventName.span)
            output.append(bytes, event.event)
            output.append(copying: payloadName.span)
            if let payload = event.payload { output.append(bytes, payload) } else { output.append("null") }
            output.append(copying: timestampName.span)
            append(timestamp: event, fields, bytes, to: &output)
        }
        output.append(copying: idName.span)
        append(id: event, fields, bytes, to: &output)
        output.append(copying: seqName.span)
        JSONWriter.write(Int64(bitPattern: fields.seq), into: &output)
        if let traceparent = event.traceparent {
            // Before the channel, which a replay puts in: what stands before that is the same for every copy.
            output.append(",\"traceparent\":")
            output.append(bytes, traceparent)
        }
        if event.channels.count > 1 {
            output.append(",\"copies\":")
            JSONWriter.write(Int64(event.channels.count), into: &output)
        }
        if let channel = fields.channel {
            output.append(",\"channel\":")
            JSONWriter.write(channel.name, into: &output)
        }
        if let key = event.key {
            output.append(",\"key\":")
            JSONWriter.write(key.bytes, into: &output)
        }
        output.append(UInt8(ascii: "}"))
    }

    private func append(
        timestamp event: EventText, _ fields: EventMessageFields, _ bytes: Span<UInt8>, to output: inout [UInt8]
    ) {
        if let timestamp = event.timestamp { return output.append(bytes, timestamp) }
        guard let other = event.timestampMicroseconds else {
            return JSONWriter.write(fields.unixSeconds, into: &output)
        }
        JSONWriter.write(secondsOf: other, into: &output)
    }

    // Ids are strings for clients, even where a publisher wrote a number: they are compared as strings.
    private func append(
        id event: EventText, _ fields: EventMessageFields, _ bytes: Span<UInt8>, to output: inout [UInt8]
    ) {
        guard let id = event.id else { return JSONWriter.write(fields.id, into: &output) }
        if bytes[id.lowerBound] == UInt8(ascii: "\"") { return output.append(bytes, id) }
        guard let label = event.idLabel(in: bytes) else { return JSONWriter.write(fields.id, into: &output) }
        JSONWriter.write(label.bytes, into: &output)
    }
}
