/// A frame, or as much of one as lies in the buffer, unmasked.
package struct FramePiece: Equatable, Sendable {
    /// What the frame is.
    package let opcode: FrameHeader.Opcode
    /// Whether the frame ends its message.
    package let isFinal: Bool
    /// Whether this is the frame's first piece; it comes as soon as the header is there, with 0 bytes if need be.
    package let startsFrame: Bool
    /// Where the bytes lie in the buffer.
    package let range: Range<Int>
    /// How many bytes of the frame are still to come.
    package let remaining: Int
}

/// Cuts a client's byte stream into frames, without collecting payloads.
///
/// Bytes are unmasked where they lie. Only a header that the end of the buffer cuts is kept, so that the caller may
/// use the same buffer for the next connection.
package struct FrameDecoder: Sendable {
    /// The bytes of a header that is not complete yet, at most 13.
    private var partialHeader: [UInt8] = []
    private var remaining = 0
    private var mask = Mask(key: 0)
    private var opcode = FrameHeader.Opcode.continuation
    private var isFinal = false

    /// Whether it stands before a frame.
    var isResting: Bool { remaining == 0 && partialHeader.isEmpty }

    /// Makes a decoder that stands before a frame.
    package init() {}

    /// Takes the next piece of a frame.
    ///
    /// - Parameters:
    ///   - buffer: What was read last; the piece's bytes are unmasked in place.
    ///   - position: Where to go on reading; moved after what was taken.
    /// - Returns: The piece, or `nil` when the buffer is used up.
    /// - Throws: ``FrameError`` at the first byte of a header that cannot be.
    package mutating func next(
        in buffer: inout MutableSpan<UInt8>, from position: inout Int
    ) throws(FrameError) -> FramePiece? {
        guard position < buffer.count else { return nil }
        if remaining > 0 { return takePayload(in: &buffer, from: &position, startsFrame: false) }
        guard let header = try takeHeader(buffer.span, from: &position) else { return nil }
        opcode = header.opcode
        isFinal = header.isFinal
        mask = header.mask
        remaining = header.payloadLength
        return takePayload(in: &buffer, from: &position, startsFrame: true)
    }

    private mutating func takePayload(
        in buffer: inout MutableSpan<UInt8>, from position: inout Int, startsFrame: Bool
    ) -> FramePiece {
        let range = position..<position + min(remaining, buffer.count - position)
        mask.apply(to: &buffer, in: range)
        remaining -= range.count
        position = range.upperBound
        return FramePiece(
            opcode: opcode, isFinal: isFinal, startsFrame: startsFrame, range: range, remaining: remaining)
    }

    private mutating func takeHeader(
        _ buffer: Span<UInt8>, from position: inout Int
    ) throws(FrameError) -> FrameHeader? {
        guard partialHeader.isEmpty else { return try completeHeader(buffer, from: &position) }
        let rest = position..<buffer.count
        if let (header, length) = try FrameHeader.decode(buffer.extracting(rest)) {
            position += length
            return header
        }
        partialHeader.append(buffer, rest)
        position = buffer.count
        return nil
    }

    // Rare, and at most 14 steps: one byte more, and look again.
    private mutating func completeHeader(
        _ buffer: Span<UInt8>, from position: inout Int
    ) throws(FrameError) -> FrameHeader? {
        while position < buffer.count {
            partialHeader.append(buffer[position])
            position += 1
            guard let (header, _) = try FrameHeader.decode(partialHeader.span) else { continue }
            partialHeader = []
            return header
        }
        return nil
    }
}
