package import WSQueueRoutes
package import WSQueueWire

/// A connection whose request is awaited, read or answered.
package final class HTTPExchange {
    /// What is done with a body.
    package enum Purpose {
        case publication(PublishRequest)
        /// What the application wants, with further fields for the answer.
        case command(ApplicationCommand, [Response.Field])
    }

    private enum Stage {
        case head(RequestParser)
        case body(RequestBodyReader, Purpose)
        /// The answer comes from another thread.
        case answering
    }

    /// Its socket.
    package let line: Line
    private var stage = Stage.head(RequestParser())
    private var isOneTooMany = false

    /// A connection whose request has not come.
    package init(_ line: Line) { self.line = line }

    /// Whether it came when there were as many clients as there may be.
    package var isSurplus: Bool { isOneTooMany }
    /// It came when there were as many clients as there may be.
    package func markSurplus() { isOneTooMany = true }

    /// Whether nothing more is read of the request.
    package var isAnswering: Bool { if case .answering = stage { true } else { false } }
    /// Whether the head is done and a body is read.
    package var isReadingBody: Bool { if case .body = stage { true } else { false } }

    /// Whether part of a request has come.
    package var isInsideRequest: Bool {
        switch stage {
        case .head(let parser): parser.isInsideRequest
        case .body: true
        case .answering: false
        }
    }

    /// Reads the head.
    ///
    /// - Returns: The head and how many bytes of these are its own; `nil` while it is not whole.
    package func receiveHead(_ bytes: Span<UInt8>) throws(RequestError) -> (RequestHead, Int)? {
        guard case .head(var parser) = stage else { return nil }
        // Moved out while it changes, so that what it has read is not copied.
        stage = .answering
        defer { stage = .head(parser) }
        return try parser.receive(bytes)
    }

    /// The body is to be read.
    package func expect(_ reader: RequestBodyReader, for purpose: Purpose) { stage = .body(reader, purpose) }

    /// Reads the body.
    ///
    /// - Returns: All of it, once it is whole.
    package func receiveBody(_ bytes: Span<UInt8>) throws(RequestBodyReader.Fault) -> [UInt8]? {
        guard case .body(var reader, let purpose) = stage else { return nil }
        stage = .answering
        try reader.receive(bytes)
        if reader.isDone { return reader.bytes }
        stage = .body(reader, purpose)
        return nil
    }

    /// What is done with the body.
    package var purpose: Purpose? {
        if case .body(_, let purpose) = stage { purpose } else { nil }
    }

    /// Reads nothing more: the answer comes from another thread.
    package func awaitAnswer() { stage = .answering }
}
