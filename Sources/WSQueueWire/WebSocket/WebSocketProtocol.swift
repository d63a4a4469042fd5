/// The server's side of one WebSocket connection, without the socket: bytes in, events out (RFC 6455).
///
/// One small value for each client. Its buffers are empty as long as the client sends whole frames, and given away
/// when a message that was cut is complete. After every read:
///
/// ```swift
/// var position = 0
/// while let event = peer.next(in: &buffer, from: &position, limits: limits) { answer(event) }
/// ```
///
/// Events come one at a time and in order, so that the answers owed for earlier frames are written before the close
/// frame that a later one brings about. When there are no more, the buffer may be used for something else.
package struct WebSocketProtocol: Sendable {
    private var decoder = FrameDecoder()
    private var assembler = MessageAssembler()

    /// Whether a close frame or a failure was given: nothing that arrives afterwards is read.
    package private(set) var isFinished = false

    /// Whether it stands where a new one does: between messages, and nothing ended.
    package var isResting: Bool { !isFinished && decoder.isResting && assembler.isResting }

    /// Makes the protocol of a connection whose handshake is done.
    package init() {}

    /// Takes the next event out of the buffer.
    ///
    /// - Parameters:
    ///   - buffer: The bytes just read; unmasked in place.
    ///   - position: Where to go on, 0 after a read; moved after what was taken.
    ///   - limits: What the client may send, the same at every call.
    /// - Returns: An event, or `nil` when the buffer is used up and more must be read.
    package mutating func next(
        in buffer: inout MutableSpan<UInt8>, from position: inout Int, limits: WebSocketLimits
    ) -> WebSocketEvent? {
        guard !isFinished else {
            position = buffer.count
            return nil
        }
        do throws(FrameError) {
            while let piece = try decoder.next(in: &buffer, from: &position) {
                guard let event = try assembler.take(piece, in: buffer.span, limits: limits) else { continue }
                if case .close = event { finish() }
                return event
            }
            return nil
        } catch {
            finish()
            return .failure(error)
        }
    }

    // Nothing more is read, so nothing need be kept while the closing handshake goes on.
    private mutating func finish() {
        isFinished = true
        decoder = FrameDecoder()
        assembler = MessageAssembler()
    }
}
