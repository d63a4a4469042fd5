internal import WSQueueCore

/// Joins the pieces of frames to messages and control events (RFC 6455, sections 5.4 and 5.5).
///
/// What lies whole in the buffer is passed on as a range of it; only what is cut is collected, and given away whole.
package struct MessageAssembler: Sendable {
    /// The unfinished message: what has arrived of it.
    private var message: [UInt8] = []
    /// The unfinished control frame, at most 125 bytes; it may stand between the frames of a message.
    private var control: [UInt8] = []
    private var frames: UInt32 = 0
    /// Between messages it stands where it began: a text that ends within a character ends the connection.
    private var validator = UTF8Validator()
    private var kind: MessageKind?

    /// Whether it stands between messages, and in no control frame.
    var isResting: Bool { kind == nil && control.isEmpty }

    /// Makes an assembler that stands between messages.
    package init() {}

    /// Takes one piece of a frame.
    ///
    /// - Parameters:
    ///   - piece: What ``FrameDecoder`` found.
    ///   - buffer: Where it found it.
    ///   - limits: What one message may have; checked with a frame's header, before its payload is kept.
    /// - Returns: The event that the piece completes, or `nil`.
    /// - Throws: ``FrameError`` at the first piece that cannot belong to a valid stream.
    package mutating func take(
        _ piece: FramePiece, in buffer: Span<UInt8>, limits: WebSocketLimits
    ) throws(FrameError) -> WebSocketEvent? {
        guard !piece.opcode.isControl else { return try takeControl(piece, in: buffer) }
        if piece.startsFrame { try begin(piece, limits: limits) }
        // Each chunk is checked as it arrives: impossible text is refused with its first byte, not with its last.
        if kind == .text {
            guard validator.consume(buffer.extracting(piece.range)) else { throw .invalidUTF8 }
        }
        guard piece.remaining == 0, piece.isFinal else {
            message.append(buffer, piece.range)
            return nil
        }
        return try finish(piece, in: buffer)
    }

    private mutating func begin(_ piece: FramePiece, limits: WebSocketLimits) throws(FrameError) {
        switch piece.opcode {
        case .continuation:
            guard kind != nil else { throw .nothingToContinue }
        default:
            guard kind == nil else { throw .messageUnfinished }
            kind = piece.opcode == .text ? .text : .binary
            frames = 0
        }
        frames += 1
        guard Int(frames) <= limits.framesPerMessage else { throw .tooManyFrames(limit: limits.framesPerMessage) }
        // Subtract, because the announced length may be anything up to 2^63 - 1.
        let room = limits.messageBytes - message.count - piece.range.count
        guard piece.remaining <= room else { throw .messageTooBig(limit: limits.messageBytes) }
    }

    private mutating func finish(
        _ piece: FramePiece, in buffer: Span<UInt8>
    ) throws(FrameError) -> WebSocketEvent? {
        guard let finished = kind else { return nil }
        guard finished == .binary || validator.isComplete else { throw .invalidUTF8 }
        kind = nil
        guard !message.isEmpty else { return .message(finished, .inBuffer(piece.range)) }
        message.append(buffer, piece.range)
        let whole = message
        message = []
        return .message(finished, .collected(whole))
    }

    private mutating func takeControl(
        _ piece: FramePiece, in buffer: Span<UInt8>
    ) throws(FrameError) -> WebSocketEvent? {
        guard !piece.startsFrame || piece.remaining > 0 else {
            guard piece.opcode == .close else { return Self.event(piece.opcode, .inBuffer(piece.range)) }
            let (code, skipped) = try Self.closeCode(buffer.extracting(piece.range))
            return .close(code, reason: .inBuffer(piece.range.lowerBound + skipped..<piece.range.upperBound))
        }
        control.append(buffer, piece.range)
        guard piece.remaining == 0 else { return nil }
        let whole = control
        control = []
        guard piece.opcode == .close else { return Self.event(piece.opcode, .collected(whole)) }
        let (code, skipped) = try Self.closeCode(whole.span)
        return .close(code, reason: .collected(Array(whole.dropFirst(skipped))))
    }

    private static func event(_ opcode: FrameHeader.Opcode, _ payload: Payload) -> WebSocketEvent {
        opcode == .ping ? .ping(payload) : .pong(payload)
    }

    // The code, and how many bytes it took: 0 or 2 (section 5.5.1).
    private static func closeCode(
        _ payload: Span<UInt8>
    ) throws(FrameError) -> (code: CloseCode?, length: Int) {
        guard payload.count > 0 else { return (nil, 0) }
        guard payload.count > 1 else { throw .closeCodeCut }
        let number = UInt16(payload[0]) << 8 | UInt16(payload[1])
        guard let code = CloseCode(rawValue: number) else { throw .invalidCloseCode(number) }
        guard UTF8Validator.isValid(payload.extracting(2...)) else { throw .invalidUTF8 }
        return (code, 2)
    }
}
