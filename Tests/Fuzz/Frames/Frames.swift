import WSQueueWire

/// A client's byte stream means the same however it is cut, and nothing in it traps.
///
/// The first byte says how long the pieces are; what follows is the stream.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFrames(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = input.first else { return 0 }
    let stream = Array(input.dropFirst())
    let whole = events(of: stream, pieceLength: .max)
    precondition(events(of: stream, pieceLength: 1) == whole, "differs when cut at every byte")
    precondition(events(of: stream, pieceLength: Int(first) + 1) == whole, "differs when cut")
    return 0
}

/// An event with its bytes copied out.
private struct Seen: Equatable {
    let kind: String
    let bytes: [UInt8]
    var code: UInt16?
}

/// What a connection makes of a stream.
private func events(of stream: [UInt8], pieceLength: Int) -> [Seen] {
    let limits = WebSocketLimits(messageBytes: 1_024, framesPerMessage: 8)
    var connection = WebSocketProtocol()
    var events: [Seen] = []
    var start = 0
    while start < stream.count {
        let end = pieceLength < stream.count - start ? start + pieceLength : stream.count
        var buffer = Array(stream[start..<end])
        var span = buffer.mutableSpan
        var position = 0
        while let event = connection.next(in: &span, from: &position, limits: limits) {
            events.append(copy(of: event, in: span.span))
        }
        precondition(position == span.count, "bytes left in the buffer")
        start = end
    }
    return events
}

private func copy(of event: WebSocketEvent, in buffer: Span<UInt8>) -> Seen {
    switch event {
    case .message(let kind, let payload):
        let bytes = payload.bytes(in: buffer)
        precondition(bytes.count <= 1_024, "over the limit")
        precondition(kind == .binary || String(validating: bytes, as: UTF8.self) != nil, "text that is not UTF-8")
        return Seen(kind: kind == .text ? "text" : "binary", bytes: bytes)
    case .ping(let payload): return Seen(kind: "ping", bytes: payload.bytes(in: buffer))
    case .pong(let payload): return Seen(kind: "pong", bytes: payload.bytes(in: buffer))
    case .close(let code, let reason):
        return Seen(kind: "close", bytes: reason.bytes(in: buffer), code: code?.rawValue)
    case .failure(let error):
        let frame = FrameEncoder.close(error.closeCode, reason: error.reason)
        return Seen(kind: "failure", bytes: frame, code: error.closeCode.rawValue)
    }
}
