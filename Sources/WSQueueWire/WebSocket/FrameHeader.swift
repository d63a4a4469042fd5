/// The front of a client's frame (RFC 6455, section 5.2).
package struct FrameHeader: Equatable, Sendable {
    /// What a frame is.
    package enum Opcode: UInt8, Sendable {
        /// More of a message that has begun.
        case continuation = 0
        /// The beginning of a message in UTF-8.
        case text = 1
        /// The beginning of a message in bytes.
        case binary = 2
        /// The closing handshake.
        case close = 8
        /// Asks for a pong.
        case ping = 9
        /// Answers a ping, or is sent unasked.
        case pong = 10

        /// Whether the frame may stand between the frames of a message (section 5.5).
        package var isControl: Bool { rawValue & 0x08 != 0 }
    }

    /// The longest header there is: two bytes, eight of length, four of mask.
    package static let longest = 14
    /// The most bytes a control frame may carry (section 5.5).
    package static let controlLimitBytes = 125

    /// What the frame is.
    package let opcode: Opcode
    /// Whether it ends its message.
    package let isFinal: Bool
    /// How many payload bytes follow, 0 to 2^63 - 1; nothing has been reserved for them.
    package let payloadLength: Int
    /// What the payload is masked with.
    package let mask: Mask

    /// Reads one header of a client's frame from the front of `bytes`.
    ///
    /// A header that is cut is checked as far as it goes: what cannot become right is refused with its first byte.
    ///
    /// - Parameter bytes: What has arrived and is not consumed yet, any length.
    /// - Returns: The header and its length (6 to 14 bytes), or `nil` when more bytes are needed.
    /// - Throws: ``FrameError``; its `closeCode` is what the peer is told.
    package static func decode(
        _ bytes: Span<UInt8>
    ) throws(FrameError) -> (header: FrameHeader, length: Int)? {
        guard bytes.count >= 1 else { return nil }
        let opcode = try decodeOpcode(bytes[0])
        guard bytes.count >= 2 else { return nil }
        let announced = try decodeShortLength(bytes[1], of: opcode)
        guard let (payloadLength, offset) = try decodeLength(bytes, announced: announced) else { return nil }
        guard bytes.count >= offset + 4 else { return nil }
        let key = UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2]) << 16
        let header = FrameHeader(
            opcode: opcode, isFinal: bytes[0] & 0x80 != 0, payloadLength: payloadLength,
            mask: Mask(key: key | UInt32(bytes[offset + 3]) << 24))
        return (header, offset + 4)
    }

    private static func decodeOpcode(_ first: UInt8) throws(FrameError) -> Opcode {
        guard first & 0x70 == 0 else { throw .reservedBits }
        guard let opcode = Opcode(rawValue: first & 0x0F) else { throw .unknownOpcode(first & 0x0F) }
        guard first & 0x80 != 0 || !opcode.isControl else { throw .fragmentedControl }
        return opcode
    }

    private static func decodeShortLength(_ second: UInt8, of opcode: Opcode) throws(FrameError) -> UInt8 {
        guard second & 0x80 != 0 else { throw .unmaskedFromClient }
        let length = second & 0x7F
        guard length <= controlLimitBytes || !opcode.isControl else { throw .controlTooLong }
        return length
    }

    // Returns the payload's length and where the mask stands.
    private static func decodeLength(
        _ bytes: Span<UInt8>, announced: UInt8
    ) throws(FrameError) -> (length: Int, end: Int)? {
        if announced <= 125 { return (Int(announced), 2) }
        let end = announced == 126 ? 4 : 10
        // The highest bit of 64 is refused with the byte it stands in.
        if end == 10, bytes.count > 2, bytes[2] & 0x80 != 0 { throw .lengthOutOfRange }
        guard bytes.count >= end else { return nil }
        var length = 0
        for index in 2..<end { length = length << 8 | Int(bytes[index]) }
        guard length > (announced == 126 ? 125 : 0xFFFF) else { throw .lengthNotMinimal }
        return (length, end)
    }
}
