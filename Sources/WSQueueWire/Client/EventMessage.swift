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
/// Name, payload and timestamp go out as they were written. The length is known before the first byte is written, so
/// that the message can be framed and written straight into the log. One writer serves all events one after the other
/// and keeps its buffers: ``prepare(_:_:in:)``, then ``write(from:to:)``.
package struct EventMessageWriter: Sendable {
    private let payloadName: [UInt8]
    /// What stands before and behind the payload.
    private var head: [UInt8] = []
    private var tail: [UInt8] = []
    private var payload: Range<Int>?

    private static let null = Array("null".utf8)

    /// Makes a writer.
    ///
    /// - Parameter payloadKey: The name of the payload's member; older pages want `data`.
    package init(payloadKey: String = "payload") {
        var name: [UInt8] = [ASCII.comma]
        JSONWriter.write(payloadKey, into: &name)
        name.append(ASCII.colon)
        payloadName = name
    }

    /// How many bytes ``write(from:to:)`` will write.
    package var length: Int { head.count + (payload?.count ?? Self.null.count) + tail.count }

    /// Prepares `{"event":…,"payload":…,"timestamp":…,"id":…,"seq":…,"channel":…}`; the channel only where there is one.
    ///
    /// - Parameters:
    ///   - event: Where the event's members lie.
    ///   - fields: The rest.
    ///   - bytes: The text that the event was decoded from.
    package mutating func prepare(_ event: EventText, _ fields: EventMessageFields, in bytes: Span<UInt8>) {
        begin(event)
        head.append("{\"event\":")
        head.append(bytes, event.event)
        head.append(contentsOf: payloadName)
        tail.append(",\"timestamp\":")
        appendTimestamp(event, fields, bytes)
        tail.append(",\"id\":")
        appendID(event, fields, bytes)
        tail.append(",\"seq\":")
        tail.append(String(fields.seq))
        if let channel = fields.channel {
            tail.append(",\"channel\":")
            JSONWriter.write(channel.name, into: &tail)
        }
        tail.append("}")
    }

    /// Writes the message prepared last.
    ///
    /// - Parameters:
    ///   - bytes: The text that was given when it was prepared.
    ///   - output: Has room for ``length`` bytes.
    package func write(from bytes: Span<UInt8>, to output: inout OutputSpan<UInt8>) {
        Self.write(head.span, to: &output)
        if let payload {
            Self.write(bytes.extracting(payload), to: &output)
        } else {
            Self.write(Self.null.span, to: &output)
        }
        Self.write(tail.span, to: &output)
    }

    /// Appends the message prepared last, ``length`` bytes.
    package func append(from bytes: Span<UInt8>, to output: inout [UInt8]) {
        output.append(addingCapacity: length) { write(from: bytes, to: &$0) }
    }

    private mutating func begin(_ event: EventText) {
        head.removeAll(keepingCapacity: true)
        tail.removeAll(keepingCapacity: true)
        payload = event.payload
    }

    private mutating func appendTimestamp(_ event: EventText, _ fields: EventMessageFields, _ bytes: Span<UInt8>) {
        guard let timestamp = event.timestamp else { return tail.append(String(fields.unixSeconds)) }
        tail.append(bytes, timestamp)
    }

    // Ids are strings for clients, even where a publisher wrote a number: they are compared as strings.
    private mutating func appendID(_ event: EventText, _ fields: EventMessageFields, _ bytes: Span<UInt8>) {
        guard let id = event.id else { return JSONWriter.write(fields.id, into: &tail) }
        if bytes[id.lowerBound] == UInt8(ascii: "\"") { return tail.append(bytes, id) }
        guard let label = event.idLabel(in: bytes) else { return JSONWriter.write(fields.id, into: &tail) }
        JSONWriter.write(label.bytes, into: &tail)
    }

    private static func write(_ bytes: Span<UInt8>, to output: inout OutputSpan<UInt8>) {
        for index in bytes.indices { output.append(bytes[index]) }
    }
}
