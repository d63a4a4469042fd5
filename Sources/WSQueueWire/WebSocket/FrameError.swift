/// Which rule of RFC 6455 the peer broke; after one of these a connection is over.
package enum FrameError: Error, Equatable, Sendable {
    /// RSV1 to RSV3 are set, and no extension was agreed on (section 5.2).
    case reservedBits
    /// An opcode of 3 to 7 or 11 to 15 (section 5.2).
    case unknownOpcode(UInt8)
    /// A client's frame without a mask (section 5.1).
    case unmaskedFromClient
    /// A control frame without FIN (section 5.5).
    case fragmentedControl
    /// A control frame that announces more than 125 bytes (section 5.5).
    case controlTooLong
    /// A length in more bytes than it needs (section 5.2).
    case lengthNotMinimal
    /// A length of 2^63 bytes or more (section 5.2).
    case lengthOutOfRange
    /// A continuation frame, and there is nothing to continue (section 5.4).
    case nothingToContinue
    /// A new text or binary frame before the last message is finished (section 5.4).
    case messageUnfinished
    /// A message of more bytes than `limit`.
    case messageTooBig(limit: Int)
    /// A message in more frames than `limit`.
    case tooManyFrames(limit: Int)
    /// Text that is not UTF-8 (section 8.1).
    case invalidUTF8
    /// A close frame with a payload of one byte (section 5.5.1).
    case closeCodeCut
    /// A close code that must not be sent (section 7.4).
    case invalidCloseCode(UInt16)

    /// What the peer is told in the closing handshake (RFC 6455, section 7.4.1).
    package var closeCode: CloseCode {
        switch self {
        case .messageTooBig, .tooManyFrames: .messageTooBig
        case .invalidUTF8: .invalidPayload
        case .reservedBits, .unknownOpcode, .unmaskedFromClient, .fragmentedControl, .controlTooLong,
            .lengthNotMinimal, .lengthOutOfRange, .nothingToContinue, .messageUnfinished, .closeCodeCut,
            .invalidCloseCode:
            .protocolError
        }
    }

    /// The reason in the close frame: at most 123 bytes, for the developer at the other end.
    package var reason: String {
        switch self {
        case .reservedBits: "reserved bits set, but no extension was negotiated"
        case .unknownOpcode(let opcode): "unknown opcode \(opcode)"
        case .unmaskedFromClient: "a client's frames must be masked"
        case .fragmentedControl: "control frames must not be fragmented"
        case .controlTooLong: "control frames carry at most 125 bytes"
        case .lengthNotMinimal: "payload length not in its shortest form"
        case .lengthOutOfRange: "payload length out of range"
        case .nothingToContinue: "continuation frame without a message"
        case .messageUnfinished: "new message before the last one was finished"
        case .messageTooBig(let limit): "message over \(limit) bytes"
        case .tooManyFrames(let limit): "message in more than \(limit) frames"
        case .invalidUTF8: "text is not UTF-8"
        case .closeCodeCut: "close code of one byte"
        case .invalidCloseCode(let code): "close code \(code) must not be sent"
        }
    }
}
