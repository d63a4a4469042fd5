/// What a publisher says: a name, a payload, and who is to get it.
public struct Event: Equatable, Sendable {
    /// What happened: 1 to 255 bytes without control characters, such as `order.created`.
    public let name: String
    /// JSON text in UTF-8, which reaches the clients byte for byte.
    public package(set) var payload: [UInt8]
    /// When it happened, in Unix seconds; `nil` means when it is queued.
    public var timestampSeconds: Int64?
    /// What tells it apart from all others, so that the server sends it once however often it is queued: 1 to 255 bytes
    /// without control characters. `nil` means the name of its file.
    public var id: String?
    /// The channels whose subscribers get it: 1 to 255 of `A–Z a–z 0–9 . _ - :` each. None means every client.
    public var channels: [String] = []
    /// The users whose clients get it. `nil` means all of them, an empty list no one.
    public var recipients: [Recipient]?
    /// The id of a connection that shall not get it: the one that caused it.
    public var except: Int64?
    /// When it is too late to send it; `nil` means never.
    public var expiry: Expiry?

    /// Makes an event for every client.
    ///
    /// - Parameters:
    ///   - name: 1 to 255 bytes without control characters.
    ///   - payload: One JSON value in UTF-8, `null` by default.
    public init(_ name: String, payload: [UInt8] = Array("null".utf8)) {
        self.name = name
        self.payload = payload
    }

    /// A user, by the id the application knows it by. `7` and `"7"` are the same user.
    public enum Recipient: Hashable, Sendable {
        /// An id that is an integer.
        case number(Int64)
        /// Any other id: 1 to 255 bytes without control characters.
        case text(String)
    }

    /// When an event is too late.
    public enum Expiry: Equatable, Sendable {
        /// At a moment, in Unix microseconds.
        case at(unixMicroseconds: Int64)
        /// Some time after it is queued.
        case after(Duration)
    }
}

extension Event {
    /// The largest event, as bytes of its file.
    package static let defaultLimitBytes = 1_048_576

    /// Checks everything but the size.
    package func check() throws(EventRefusal) {
        try checkEnvelope()
        do {
            try JSONScanner.validate(payload.span)
        } catch {
            throw .payload(reason: error.reason, offset: error.offset)
        }
    }

    /// Checks everything but the payload and the size.
    package func checkEnvelope() throws(EventRefusal) {
        guard Label.isValid(name.utf8.span) else { throw .name(name) }
        if let id, !Label.isValid(id.utf8.span) { throw .id(id) }
        for channel in channels where !Channel.isValid(channel) { throw .channel(channel) }
        for case .text(let user) in recipients ?? [] where !Label.isValid(user.utf8.span) { throw .recipient(user) }
    }

    /// Writes the event as its file holds it (SPEC §3), without a line's end.
    ///
    /// - Parameter unixNanoseconds: When it is queued.
    package func encode(into bytes: inout [UInt8], queuedAt unixNanoseconds: Int64) {
        bytes.reserveCapacity(bytes.count + payload.count + 160)
        encodeHead(into: &bytes)
        bytes.append(contentsOf: payload)
        encodeTail(into: &bytes, queuedAt: unixNanoseconds)
    }

    /// Writes what stands before the payload.
    package func encodeHead(into bytes: inout [UInt8]) {
        bytes.append(contentsOf: "{\"event\":".utf8)
        JSONWriter.write(name, into: &bytes)
        bytes.append(contentsOf: ",\"payload\":".utf8)
    }

    /// Writes what stands after the payload.
    package func encodeTail(into bytes: inout [UInt8], queuedAt unixNanoseconds: Int64) {
        let queuedAtMicroseconds = unixNanoseconds / 1_000
        bytes.append(contentsOf: ",\"timestamp\":".utf8)
        JSONWriter.write(timestampSeconds ?? queuedAtMicroseconds / 1_000_000, into: &bytes)
        bytes.append(contentsOf: ",\"queued_at\":".utf8)
        JSONWriter.write(secondsOf: queuedAtMicroseconds, into: &bytes)
        if let id {
            bytes.append(contentsOf: ",\"id\":".utf8)
            JSONWriter.write(id, into: &bytes)
        }
        if !channels.isEmpty { encodeList("channels", channels, into: &bytes, JSONWriter.write) }
        if let recipients { encodeList("recipients", recipients, into: &bytes, Self.encode) }
        if let except {
            bytes.append(contentsOf: ",\"except\":".utf8)
            JSONWriter.write(except, into: &bytes)
        }
        if let expiry {
            bytes.append(contentsOf: ",\"expires_at\":".utf8)
            JSONWriter.write(secondsOf: expiry.unixMicroseconds(queuedAt: queuedAtMicroseconds), into: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private func encodeList<Element>(
        _ name: String, _ elements: [Element], into bytes: inout [UInt8],
        _ encodeElement: (Element, inout [UInt8]) -> Void
    ) {
        bytes.append(contentsOf: ",\"\(name)\":[".utf8)
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            encodeElement(element, &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private static func encode(_ recipient: Recipient, into bytes: inout [UInt8]) {
        switch recipient {
        case .number(let number): JSONWriter.write(number, into: &bytes)
        case .text(let text): JSONWriter.write(text, into: &bytes)
        }
    }
}

extension Event.Expiry {
    fileprivate func unixMicroseconds(queuedAt queuedAtMicroseconds: Int64) -> Int64 {
        switch self {
        case .at(let unixMicroseconds): return unixMicroseconds
        case .after(let duration):
            let (seconds, attoseconds) = duration.components
            let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000)
            let (sum, isTooLate) = queuedAtMicroseconds.addingReportingOverflow(whole)
            // As good as never.
            guard !isTooLong, !isTooLate, sum < Int64.max - 1_000_000 else { return .max }
            return sum + attoseconds / 1_000_000_000_000
        }
    }
}
