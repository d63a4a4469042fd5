/// What a publisher says: a name, a payload, and who is to get it.
///
/// A plain value, which nothing checks until it is published. What is out of the bounds told here is refused then, with
/// `PublishError.Kind.refused` and an ``EventRefusal`` that names the member; no client gets any of it. All of it together,
/// as its file has it, is at most 1 MiB (`Publisher.Settings.limitBytes`).
public struct Event: Equatable, Sendable {
    /// What happened: 1 to 255 bytes without control characters, such as `order.created`.
    public let name: String
    /// JSON text in UTF-8, which reaches the clients byte for byte.
    public package(set) var payload: [UInt8]
    /// When it happened, in whole Unix seconds; `nil` means when it is queued. It orders nothing.
    public var timestampSeconds: Int64?
    /// What tells it apart from all others, so that the server sends it once however often it is queued: 1 to 255 bytes
    /// without control characters. `nil` means the name of its file.
    public var id: String?
    /// The channels whose subscribers get it: 1 to 255 of `A–Z a–z 0–9 . _ - :` each. None means every client.
    public var channels: [String] = []
    /// The users whose clients get it. `nil` means all of them, an empty list no one. At most 1,024.
    public var recipients: [Recipient]?
    /// The connections that shall not get it, by the ids that the server has told them: usually the one that caused it. At
    /// most 1,024.
    public var exceptConnections: [Int64] = []
    /// The users whose clients shall not get it. At most 1,024.
    public var exceptUsers: [Recipient] = []
    /// The state that it is, in its channels, until another event has the same key: 1 to 255 bytes without control
    /// characters. Not together with `recipients`, `exceptConnections` and `exceptUsers`.
    public var key: String?
    /// Whether it ends the state of its key; clients get it as any other event.
    public var clearsKey = false
    /// When it is too late to send it; `nil` means never. What expires while it waits is dropped without a word to clients.
    public var expiry: Expiry?

    /// Makes an event for every client. Nothing is checked yet, so nothing is thrown.
    ///
    /// - Parameters:
    ///   - name: 1 to 255 bytes without control characters.
    ///   - payload: One JSON value in UTF-8, `null` by default.
    public init(_ name: String, payload: [UInt8] = Array("null".utf8)) {
        self.name = name
        self.payload = payload
    }

    /// The connection that shall not get it, where that is one; the first of several. Setting it forgets the others.
    public var except: Int64? {
        get { exceptConnections.first }
        set { exceptConnections = newValue.map { [$0] } ?? [] }
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
        /// At a moment, in Unix microseconds; one that has passed lets it expire at once.
        case at(unixMicroseconds: Int64)
        /// Some time after it is queued, or due; to the microsecond. What would be later than the year 5138 is as good as
        /// never.
        case after(Duration)
    }
}

extension Event {
    /// The largest event, as bytes of its file.
    package static let defaultLimitBytes = 1_048_576

    /// How many users or connections one event may name; a channel is for more.
    package static let listLimit = 1_024

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
        for count in [recipients?.count ?? 0, exceptConnections.count, exceptUsers.count] where count > Self.listLimit {
            throw .tooMany(limit: Self.listLimit)
        }
        for case .text(let user) in (recipients ?? []) + exceptUsers where !Label.isValid(user.utf8.span) {
            throw .recipient(user)
        }
        try checkKey()
    }

    private func checkKey() throws(EventRefusal) {
        guard let key else {
            if clearsKey { throw .clearWithoutKey }
            return
        }
        guard Label.isValid(key.utf8.span) else { throw .key(key) }
        guard recipients == nil, exceptConnections.isEmpty, exceptUsers.isEmpty else { throw .keyForSome(key) }
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
        if let key {
            bytes.append(contentsOf: ",\"key\":".utf8)
            JSONWriter.write(key, into: &bytes)
        }
        if clearsKey { bytes.append(contentsOf: ",\"clear\":true".utf8) }
        if let recipients { encodeList("recipients", recipients, into: &bytes, Self.encode) }
        if exceptConnections.count > 1 {
            encodeList("except", exceptConnections, into: &bytes) { JSONWriter.write($0, into: &$1) }
        } else if let except {
            bytes.append(contentsOf: ",\"except\":".utf8)
            JSONWriter.write(except, into: &bytes)
        }
        if !exceptUsers.isEmpty { encodeList("except_users", exceptUsers, into: &bytes, Self.encode) }
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
    /// As good as never, in the year 5138: what is more would be read in another unit.
    private static let latestMicroseconds: Int64 = 99_999_999_999_000_000

    fileprivate func unixMicroseconds(queuedAt queuedAtMicroseconds: Int64) -> Int64 {
        switch self {
        case .at(let unixMicroseconds): return min(unixMicroseconds, Self.latestMicroseconds)
        case .after(let duration):
            let (seconds, attoseconds) = duration.components
            let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000)
            let (sum, isTooLate) = queuedAtMicroseconds.addingReportingOverflow(whole)
            guard !isTooLong, !isTooLate, sum < Self.latestMicroseconds else { return Self.latestMicroseconds }
            return sum + attoseconds / 1_000_000_000_000
        }
    }
}
