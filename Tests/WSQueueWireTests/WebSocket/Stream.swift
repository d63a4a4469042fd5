import Testing
import WSQueueWire

/// An event with its bytes copied out, to be compared.
enum Seen: Equatable {
    case text(String)
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(UInt16?, String)
    case failure(FrameError)
}

/// A connection that a test feeds, and what came of it.
struct Stream {
    var peer = WebSocketProtocol()
    var seen: [Seen] = []
    let limits: WebSocketLimits

    init(limits: WebSocketLimits = WebSocketLimits(messageBytes: 1 << 20, framesPerMessage: 1 << 20)) {
        self.limits = limits
    }

    /// What a stream means that arrives in these pieces.
    static func events(_ pieces: [[UInt8]], limits: WebSocketLimits? = nil) -> [Seen] {
        var stream = limits.map { Stream(limits: $0) } ?? Stream()
        for piece in pieces { stream.feed(piece) }
        return stream.seen
    }

    /// One read: the buffer is overwritten afterwards, as the loop's buffer is.
    mutating func feed(_ bytes: [UInt8]) {
        var buffer = bytes
        var span = buffer.mutableSpan
        var position = 0
        while let event = peer.next(in: &span, from: &position, limits: limits) {
            seen.append(Self.copy(event, span.span))
        }
        #expect(position == bytes.count, "bytes left in the buffer")
        for index in span.indices { span[index] = 0xEE }
    }

    private static func copy(_ event: WebSocketEvent, _ buffer: Span<UInt8>) -> Seen {
        switch event {
        case .message(.text, let payload): .text(String(decoding: payload.bytes(in: buffer), as: UTF8.self))
        case .message(.binary, let payload): .binary(payload.bytes(in: buffer))
        case .ping(let payload): .ping(payload.bytes(in: buffer))
        case .pong(let payload): .pong(payload.bytes(in: buffer))
        case .close(let code, let reason):
            .close(code?.rawValue, String(decoding: reason.bytes(in: buffer), as: UTF8.self))
        case .failure(let error): .failure(error)
        }
    }
}
