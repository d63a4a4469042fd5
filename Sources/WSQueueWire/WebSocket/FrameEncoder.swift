/// Writes a server's frames: never masked, never fragmented (RFC 6455, section 5.1).
package enum FrameEncoder {
    /// The length of the header in front of a payload of `payloadLength` bytes: 2, 4 or 10.
    package static func headerLength(payloadLength: Int) -> Int {
        if payloadLength <= 125 { return 2 }
        return payloadLength <= 0xFFFF ? 4 : 10
    }

    /// Appends the header of a whole frame to `output`.
    ///
    /// - Parameters:
    ///   - opcode: What the frame is.
    ///   - payloadLength: How many bytes follow, 0 or more.
    ///   - output: Gets ``headerLength(payloadLength:)`` bytes.
    package static func appendHeader(
        _ opcode: FrameHeader.Opcode, payloadLength: Int, to output: inout [UInt8]
    ) {
        let length = headerLength(payloadLength: payloadLength)
        output.append(addingCapacity: length) { span in
            writeHeader(opcode, payloadLength: payloadLength, to: &span)
        }
    }

    /// Writes the header of a whole frame to `output`, as ``appendHeader(_:payloadLength:to:)`` does.
    ///
    /// - Precondition: `output` has room for ``headerLength(payloadLength:)`` bytes.
    package static func writeHeader(
        _ opcode: FrameHeader.Opcode, payloadLength: Int, to output: inout OutputSpan<UInt8>
    ) {
        output.append(0x80 | opcode.rawValue)
        switch headerLength(payloadLength: payloadLength) {
        case 2:
            output.append(UInt8(truncatingIfNeeded: payloadLength))
        case 4:
            output.append(126)
            appendBigEndian(payloadLength, count: 2, to: &output)
        default:
            output.append(127)
            appendBigEndian(payloadLength, count: 8, to: &output)
        }
    }

    /// The length of a whole frame whose payload has `payloadLength` bytes.
    package static func frameLength(payloadLength: Int) -> Int {
        headerLength(payloadLength: payloadLength) + payloadLength
    }

    /// Where the payload begins in a frame that was written here.
    package static func payloadStart(in frame: Span<UInt8>) -> Int {
        switch frame[1] {
        case 126: 4
        case 127: 10
        default: 2
        }
    }

    /// Makes a whole frame.
    ///
    /// - Parameters:
    ///   - opcode: What the frame is; a control frame's payload has at most 125 bytes.
    ///   - payload: What it carries.
    package static func frame(_ opcode: FrameHeader.Opcode, _ payload: Span<UInt8>) -> [UInt8] {
        precondition(
            !opcode.isControl || payload.count <= FrameHeader.controlLimitBytes, "control frame over 125 bytes")
        var output: [UInt8] = []
        output.reserveCapacity(headerLength(payloadLength: payload.count) + payload.count)
        appendHeader(opcode, payloadLength: payload.count, to: &output)
        output.append(payload, 0..<payload.count)
        return output
    }

    /// Makes a close frame (RFC 6455, section 5.5.1).
    ///
    /// - Parameters:
    ///   - code: Why; `nil` answers a close frame that gave no code.
    ///   - reason: For the developer at the other end; cut before the character that would pass 123 bytes.
    package static func close(_ code: CloseCode?, reason: String = "") -> [UInt8] {
        guard let code else { return [0x80 | FrameHeader.Opcode.close.rawValue, 0] }
        var payload: [UInt8] = [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)]
        for scalar in reason.unicodeScalars {
            let bytes = UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            guard payload.count + bytes.count <= FrameHeader.controlLimitBytes else { break }
            payload.append(contentsOf: bytes)
        }
        return frame(.close, payload.span)
    }

    private static func appendBigEndian(_ number: Int, count: Int, to output: inout OutputSpan<UInt8>) {
        for index in (0..<count).reversed() {
            output.append(UInt8(truncatingIfNeeded: number >> (index * 8)))
        }
    }
}
