package import WSQueueCore
internal import WSQueueWire

/// How a client sees events; nearly all see them as the log holds them. Each kind may leave out events by their names.
package enum EventView: Hashable, Sendable {
    /// Messages as the log holds them, in WebSocket frames.
    case logged(EventFilter?)
    /// The same, but events of channels in the envelope of older chat pages.
    case chat(EventFilter?)
    /// Server-Sent Events, whose ids are cursors that begin with this epoch.
    case stream(epoch: String, EventFilter?)

    /// Whether it is the very bytes that the log holds.
    package var isLogs: Bool { self == .logged(nil) }

    /// Which events are wanted; `nil` is all.
    package var filter: EventFilter? {
        switch self {
        case .logged(let filter), .chat(let filter), .stream(_, let filter): filter
        }
    }

    /// The same kind, for events that this filter lets pass.
    package func filtered(by filter: EventFilter?) -> EventView {
        switch self {
        case .logged: .logged(filter)
        case .chat: .chat(filter)
        case .stream(let epoch, _): .stream(epoch: epoch, filter)
        }
    }

    /// Appends an event's frame as this client sees it.
    ///
    /// - Parameters:
    ///   - message: The event's message.
    ///   - isPlace: Whether a reader of a stream may come back to where it stands after this one.
    /// - Returns: Whether the client wants it.
    package func append(_ message: Span<UInt8>, to bytes: inout [UInt8], isPlace: Bool = true) -> Bool {
        guard let text = EventMessageText.decode(message) else { return false }
        if let filter, !text.passes(filter, in: message) { return false }
        switch self {
        case .stream(let epoch, _):
            let id = isPlace ? "\(epoch):\(text.sequenceNumber(in: message))" : nil
            ServerSentEvent.append(message, id: id, to: &bytes)
        case .chat where text.hasChannel:
            bytes += FrameEncoder.frame(.text, text.chat(in: message).span)
        case .chat, .logged:
            bytes += FrameEncoder.frame(.text, message)
        }
        return true
    }
}
