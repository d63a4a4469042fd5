internal import WSQueueSpool
internal import WSQueueCore
internal import WSQueueWire

/// An event as the clients get it: one unmasked text frame with the JSON of SPEC §3, written once for all of them.
///
/// What the publisher wrote (name, payload, timestamp, id) is copied byte for byte from the file.
struct PublicationFrame {
    /// Text of our own between what is copied.
    private let beforePayload: [UInt8]
    private let timestamp: [UInt8]
    private let id: [UInt8]
    private let end: [UInt8]
    private let text: EventText
    private let messageBytes: Int

    /// Measures the frame of `event`.
    ///
    /// - Parameters:
    ///   - seq: The event's order number.
    ///   - channel: The channel that this copy names, if any.
    ///   - payloadKey: The payload's name on the wire.
    ///   - bytes: What the event was decoded from; the same is given to `write`.
    init(_ event: SpooledEvent, seq: UInt64, channel: String?, payloadKey: [UInt8], in bytes: Span<UInt8>) {
        text = event.text
        beforePayload = payloadKey
        timestamp = text.timestamp == nil ? Array(String(event.file.nanoseconds / 1_000_000_000).utf8) : []
        id = Self.id(of: event, in: bytes)
        end = Self.end(seq: seq, channel: channel)
        messageBytes =
            Self.start.count + text.event.count + beforePayload.count + (text.payload?.count ?? Self.null.count)
            + Self.beforeTimestamp.count + (text.timestamp?.count ?? timestamp.count) + Self.beforeId.count
            + (id.isEmpty ? text.id?.count ?? 0 : id.count) + end.count
    }

    /// The length of the whole frame.
    var byteCount: Int { FrameEncoder.headerLength(payloadLength: messageBytes) + messageBytes }

    /// Writes the frame, exactly ``byteCount`` bytes.
    func write(_ bytes: Span<UInt8>, to output: inout OutputSpan<UInt8>) {
        FrameEncoder.writeHeader(.text, payloadLength: messageBytes, to: &output)
        output.append(Self.start)
        output.append(bytes, text.event)
        output.append(beforePayload)
        if let payload = text.payload { output.append(bytes, payload) } else { output.append(Self.null) }
        output.append(Self.beforeTimestamp)
        if let range = text.timestamp { output.append(bytes, range) } else { output.append(timestamp) }
        output.append(Self.beforeId)
        if id.isEmpty, let range = text.id { output.append(bytes, range) } else { output.append(id) }
        output.append(end)
    }

    /// `,"payload":` with the name that the operator chose; made once.
    static func payloadKey(_ name: String) -> [UInt8] {
        var key: [UInt8] = [UInt8(ascii: ",")]
        JSONWriter.write(name, into: &key)
        key.append(UInt8(ascii: ":"))
        return key
    }

    private static let start = Array("{\"event\":".utf8)
    private static let null = Array("null".utf8)
    private static let beforeTimestamp = Array(",\"timestamp\":".utf8)
    private static let beforeId = Array(",\"id\":".utf8)

    /// The id as JSON where it cannot be copied: a number becomes a string, and without one the file's name is it.
    private static func id(of event: SpooledEvent, in bytes: Span<UInt8>) -> [UInt8] {
        if let range = event.text.id {
            guard bytes[range.lowerBound] != UInt8(ascii: "\"") else { return [] }
            return [UInt8(ascii: "\"")] + range.map { bytes[$0] } + [UInt8(ascii: "\"")]
        }
        var id: [UInt8] = []
        id.reserveCapacity(event.stem.utf8.count + 2)
        JSONWriter.write(event.stem, into: &id)
        return id
    }

    private static func end(seq: UInt64, channel: String?) -> [UInt8] {
        var end = Array(",\"seq\":".utf8)
        end.append(contentsOf: String(seq).utf8)
        if let channel {
            end.append(contentsOf: ",\"channel\":".utf8)
            JSONWriter.write(channel, into: &end)
        }
        end.append(UInt8(ascii: "}"))
        return end
    }
}

extension OutputSpan<UInt8> {
    fileprivate mutating func append(_ bytes: [UInt8]) { append(bytes.span, bytes.indices) }

    fileprivate mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        let part = bytes.extracting(range)
        for index in part.indices { append(part[index]) }
    }
}
