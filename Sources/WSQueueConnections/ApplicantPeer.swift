package import WSQueueRoutes
internal import WSQueueWire

/// A WebSocket that is no client before it has sent a good token: its path is for users only (SPEC §4, Rules). Until then
/// nothing is published to it, and there is nothing else that it may ask for.
package final class ApplicantPeer {
    /// Its socket.
    package let line: Line
    /// What it may become.
    package let applicant: Applicant
    private var webSocket = WebSocketProtocol()
    private var eventCount = 0

    /// A token is one message; a client that is asleep or pings need not say more in its time.
    private static let eventLimit = 100
    /// As much as a request may have, where a token may be too.
    private static let limits = WebSocketLimits(messageBytes: 16_384, framesPerMessage: 64)

    /// A connection that has asked for no token yet.
    package init(_ line: Line, _ applicant: Applicant) {
        self.line = line
        self.applicant = applicant
    }

    /// What it says.
    package enum Word {
        /// It may be answered with these frames.
        case answered([UInt8])
        case token(String)
        /// It is over, with these last bytes.
        case ended([UInt8])
    }

    /// Takes the next word out of what has arrived.
    package func next(in bytes: inout [UInt8], from position: inout Int) -> Word? {
        var span = bytes.mutableSpan
        guard let event = webSocket.next(in: &span, from: &position, limits: Self.limits) else { return nil }
        eventCount += 1
        if eventCount > Self.eventLimit { return .ended(FrameEncoder.close(.rateLimited, reason: "too many frames")) }
        return word(event, bytes.span)
    }

    private func word(_ event: WebSocketEvent, _ bytes: Span<UInt8>) -> Word {
        switch event {
        case .message(.binary, _): .ended(FrameEncoder.close(.unsupportedData, reason: "send text, not binary"))
        case .message(.text, let payload): word(payload.bytes(in: bytes))
        case .ping(let payload): .answered(FrameEncoder.frame(.pong, payload.bytes(in: bytes).span))
        case .pong: .answered([])
        case .close(let code, _): .ended(FrameEncoder.close(code))
        case .failure(let error): .ended(FrameEncoder.close(error.closeCode, reason: error.reason))
        }
    }

    private func word(_ text: [UInt8]) -> Word {
        do throws(ClientError) {
            switch try ClientCommand.decode(text.span) {
            case .authenticate(let token): return .token(token)
            case .ping: return .answered(FrameEncoder.frame(.text, ServerMessage.pong().span))
            case .pong: return .answered([])
            default: throw ClientError("A token is needed here; authenticate first", code: "forbidden")
            }
        } catch {
            return .answered(FrameEncoder.frame(.text, ServerMessage.error(error).span))
        }
    }
}
