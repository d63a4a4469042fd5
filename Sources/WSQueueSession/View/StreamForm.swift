internal import WSQueueCore
package import WSQueueWire

/// The form in which events stand in the body of an HTTP answer.
package struct StreamForm: Hashable, Sendable {
    private enum Kind {
        case events
        /// A line of JSON each.
        case lines
        /// One JSON document, of the state alone.
        case document

        var mediaType: String {
            switch self {
            case .events: "text/event-stream"
            case .lines: "application/x-ndjson"
            case .document: "application/json"
            }
        }
    }

    private let kind: Kind
    private let isAlone: Bool
    /// Whether a Server-Sent Event has the name of the event it carries.
    private let isNamed: Bool
    /// Whether each piece stands in a chunk (RFC 9112, section 7.1), so that the end can be told from a lost connection.
    private let isChunked: Bool

    /// Server-Sent Events without names.
    package static let events = StreamForm(.events, isAlone: false, isNamed: false, isChunked: false)

    /// Makes the form that a request asks for.
    ///
    /// - Parameter isDocument: Whether it asks for the state at one moment.
    package init(_ head: RequestHead, isDocument: Bool = false) {
        let kind: Kind = isDocument ? .document : head.accepts(Kind.lines.mediaType) ? .lines : .events
        self.init(
            kind, isAlone: !isDocument && head.target.value(of: "as") == "payload",
            isNamed: head.target.value(of: "names") == "1",
            isChunked: (isDocument || head.target.value(of: "poll") == "1") && head.version == .oneOne)
    }

    private init(_ kind: Kind, isAlone: Bool, isNamed: Bool, isChunked: Bool) {
        self.kind = kind
        self.isAlone = isAlone
        self.isNamed = isNamed
        self.isChunked = isChunked
    }

    /// Whether the payload stands alone.
    package var isPayload: Bool { isAlone }
    /// Whether it is one document of the state.
    package var isDocument: Bool { kind == .document }

    /// What the answer says of it, and when its reader comes back unless it is told otherwise.
    ///
    /// - Parameter unixSeconds: The wall clock.
    package func beginning(_ fields: [Response.Field], unixSeconds: Int64) -> [UInt8] {
        let encoding: [Response.Field] = isChunked ? [.init("Transfer-Encoding", "chunked")] : []
        let head = Response(
            .ok,
            fields: [
                .init("Content-Type", kind.mediaType),
                // A proxy that packs what it passes on would keep events until it has enough of them.
                .init("Cache-Control", isDocument ? "no-store" : "no-store, no-transform"),
                // nginx would keep events until its buffer is full.
                .init("X-Accel-Buffering", "no"), .init("Date", HTTPDate.text(unixSeconds)),
            ] + encoding + fields
        ).encodeStreamHead()
        return head + (isDocument ? piece(Self.documentBeginning) : retry(milliseconds: Self.retryMilliseconds))
    }

    private static let retryMilliseconds = 2_000
    private static let documentBeginning = Array("{\"events\":[".utf8)

    // MARK: Pieces

    /// - Returns: Whether it stands there: only what is of the state stands in a document.
    func append(
        _ text: EventMessageText, _ message: Span<UInt8>, epoch: String, at spot: EventSpot, to bytes: inout [UInt8]
    ) -> Bool {
        if isDocument {
            guard case .state(let isFirst) = spot else { return false }
            var element: [UInt8] = isFirst ? [] : [UInt8(ascii: ","), UInt8(ascii: "\n")]
            for index in message.indices { element.append(message[index]) }
            bytes += piece(element)
            return true
        }
        let id = spot == .place ? "\(epoch):\(text.sequenceNumber(in: message))" : nil
        let name = isNamed ? Self.name(text.eventName(in: message)) : nil
        if isPayload {
            append(text.payloadAlone(in: message).span, name: name, id: id, to: &bytes)
        } else {
            append(message, name: name, id: id, to: &bytes)
        }
        return true
    }

    /// A message of the server's own; empty where a reader of payloads alone, or of a document, is not told it.
    package func own(_ message: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        if isDocument { return bytes }
        let aside = isPayload || isNamed ? ServerMessage.Aside(message.span) : nil
        switch aside {
        case .gap: append(message.span, name: Array("\(Self.ownNames)gap".utf8), to: &bytes)
        case .error where isPayload: append(message.span, name: Array("\(Self.ownNames)error".utf8), to: &bytes)
        case nil where isPayload: break
        case .error, nil: append(message.span, to: &bytes)
        }
        return bytes
    }

    /// Tells a reader where it stands.
    package func position(_ cursor: String) -> [UInt8] {
        guard kind == .lines else { return piece(ServerSentEvent.position(cursor)) }
        return own(ServerMessage.position(cursor))
    }

    /// Says nothing, and keeps proxies from taking the connection for a dead one.
    package var comment: [UInt8] { piece(kind == .events ? ServerSentEvent.comment : [UInt8(ascii: "\n")]) }

    /// Tells a reader how long to wait before it comes back.
    package func retry(milliseconds: Int) -> [UInt8] {
        kind == .events ? piece(ServerSentEvent.retry(milliseconds: milliseconds)) : []
    }

    /// What says that everything was sent.
    package var end: [UInt8] { isChunked ? Array("0\r\n\r\n".utf8) : [] }

    /// Names that events of publishers do not get: those of our own, and those under which a browser tells of the
    /// connection or of events without a name.
    private static let ownNames = "wsqueue."
    private static let reservedNames = ["error", "open", "message"].map { Array($0.utf8) }

    private static func name(_ event: [UInt8]) -> [UInt8]? {
        reservedNames.contains(event) || event.starts(with: ownNames.utf8) ? nil : event
    }

    private func append(_ text: Span<UInt8>, name: [UInt8]? = nil, id: String? = nil, to bytes: inout [UInt8]) {
        var piece: [UInt8] = []
        if kind == .lines {
            // A line's end can only stand between JSON's tokens, where a blank is as good.
            for index in text.indices {
                let byte = text[index]
                piece.append(byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") ? UInt8(ascii: " ") : byte)
            }
            piece.append(UInt8(ascii: "\n"))
        } else {
            guard isChunked else { return ServerSentEvent.append(text, name: name, id: id, to: &bytes) }
            ServerSentEvent.append(text, name: name, id: id, to: &piece)
        }
        bytes += self.piece(piece)
    }

    /// A piece of the body.
    package func piece(_ piece: [UInt8]) -> [UInt8] {
        guard isChunked, !piece.isEmpty else { return piece }
        return Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)
    }
}
