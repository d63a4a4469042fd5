internal import WSQueueCore
package import WSQueueWire

/// The form in which events stand in the body of an HTTP answer.
package struct StreamForm: Hashable, Sendable {
    /// Whether each is a line of JSON (`application/x-ndjson`) and not a Server-Sent Event.
    private let isLines: Bool
    private let isAlone: Bool
    /// Whether a Server-Sent Event has the name of the event it carries.
    private let isNamed: Bool
    /// Whether each piece stands in a chunk (RFC 9112, section 7.1), so that the end can be told from a lost connection.
    private let isChunked: Bool

    /// Server-Sent Events without names.
    package static let events = StreamForm(isLines: false, isAlone: false, isNamed: false, isChunked: false)

    /// The type of lines of JSON.
    private static let lineType = "application/x-ndjson"

    /// Makes the form that a request asks for.
    package init(_ head: RequestHead) {
        self.init(
            isLines: head.accepts(Self.lineType), isAlone: head.target.value(of: "as") == "payload",
            isNamed: head.target.value(of: "names") == "1",
            isChunked: head.target.value(of: "poll") == "1" && head.version == .oneOne)
    }

    private init(isLines: Bool, isAlone: Bool, isNamed: Bool, isChunked: Bool) {
        self.isLines = isLines
        self.isAlone = isAlone
        self.isNamed = isNamed
        self.isChunked = isChunked
    }

    /// Whether the payload stands alone.
    package var isPayload: Bool { isAlone }

    /// What the answer says of it, and when its reader comes back unless it is told otherwise.
    ///
    /// - Parameter unixSeconds: The wall clock.
    package func beginning(_ fields: [Response.Field], unixSeconds: Int64) -> [UInt8] {
        let type = isLines ? Self.lineType : "text/event-stream"
        let encoding: [Response.Field] = isChunked ? [.init("Transfer-Encoding", "chunked")] : []
        let head = Response(
            .ok,
            fields: [
                .init("Content-Type", type),
                // A proxy that packs what it passes on would keep events until it has enough of them.
                .init("Cache-Control", "no-store, no-transform"),
                // nginx would keep events until its buffer is full.
                .init("X-Accel-Buffering", "no"), .init("Date", HTTPDate.text(unixSeconds)),
            ] + encoding + fields
        ).encodeStreamHead()
        return head + retry(milliseconds: Self.retryMilliseconds)
    }

    private static let retryMilliseconds = 2_000

    // MARK: Pieces

    /// - Parameter isPlace: Whether its reader may come back to where it stands after this one.
    func append(
        _ text: EventMessageText, _ message: Span<UInt8>, epoch: String, isPlace: Bool, to bytes: inout [UInt8]
    ) {
        let id = isPlace ? "\(epoch):\(text.sequenceNumber(in: message))" : nil
        let name = isNamed ? Self.name(text.eventName(in: message)) : nil
        guard isPayload else { return append(message, name: name, id: id, to: &bytes) }
        append(text.payloadAlone(in: message).span, name: name, id: id, to: &bytes)
    }

    /// A message of the server's own; empty where a reader of payloads alone is not told it.
    package func own(_ message: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
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
        guard isLines else { return chunk(ServerSentEvent.position(cursor)) }
        return own(ServerMessage.position(cursor))
    }

    /// Says nothing, and keeps proxies from taking the connection for a dead one.
    package var comment: [UInt8] { chunk(isLines ? [UInt8(ascii: "\n")] : ServerSentEvent.comment) }

    /// Tells a reader how long to wait before it comes back.
    package func retry(milliseconds: Int) -> [UInt8] {
        isLines ? [] : chunk(ServerSentEvent.retry(milliseconds: milliseconds))
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
        if isLines {
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
        bytes += chunk(piece)
    }

    private func chunk(_ piece: [UInt8]) -> [UInt8] {
        guard isChunked, !piece.isEmpty else { return piece }
        return Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)
    }
}
