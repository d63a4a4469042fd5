internal import WSQueueCore

/// What a client's bytes mean.
package enum WebSocketEvent: Equatable, Sendable {
    /// A whole message.
    case message(MessageKind, Payload)
    /// The peer asks for a pong with the same payload.
    case ping(Payload)
    /// The peer answers a ping.
    case pong(Payload)
    /// The peer begins or answers the closing handshake; the code is `nil` when it gave none. Nothing follows.
    case close(CloseCode?, reason: Payload)
    /// The peer broke a rule: close with the error's code and reason. Nothing follows.
    case failure(FrameError)
}

/// How a message is to be read.
package enum MessageKind: Sendable {
    /// UTF-8, already checked.
    case text
    /// Any bytes.
    case binary
}

/// Where an event's bytes are.
package enum Payload: Equatable, Sendable {
    /// In the buffer given to ``WebSocketProtocol/next(in:from:limits:)``, as long as that is not written to.
    case inBuffer(Range<Int>)
    /// Collected from several reads or frames.
    case collected([UInt8])

    /// How many bytes there are.
    package var count: Int {
        switch self {
        case .inBuffer(let range): range.count
        case .collected(let bytes): bytes.count
        }
    }

    /// Copies the bytes out.
    ///
    /// - Parameter buffer: The buffer that the event was taken from.
    package func bytes(in buffer: Span<UInt8>) -> [UInt8] {
        switch self {
        case .inBuffer(let range): [UInt8](buffer, in: range)
        case .collected(let bytes): bytes
        }
    }
}

/// What a client may send; the defaults are those of the server's options.
package struct WebSocketLimits: Equatable, Sendable {
    /// The most bytes of one message, in all its frames together.
    package let messageBytes: Int
    /// The most frames of one message, so that empty fragments cannot go on for ever.
    package let framesPerMessage: Int

    /// Makes limits.
    ///
    /// - Parameters:
    ///   - messageBytes: 0 or more.
    ///   - framesPerMessage: 1 or more; `Int.max` lifts it.
    package init(messageBytes: Int = 64 * 1024, framesPerMessage: Int = 1024) {
        self.messageBytes = messageBytes
        self.framesPerMessage = framesPerMessage
    }
}
