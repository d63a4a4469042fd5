package import WSQueueBroker
package import WSQueueCore
internal import WSQueueWire

/// Where an event stands among what a client is sent.
package enum EventSpot: Equatable, Sendable {
    /// A reader of a stream may come back to where it stands after it.
    case place
    /// It is one of those that were missed, and stands among the state, or after what is lost and was not told yet: no one
    /// can go on from there.
    case aside
    /// It is of the state.
    case state(isFirst: Bool)
}

/// How a client sees events; nearly all see them as the log holds them. Each kind may leave out events by their names.
package enum EventView: Hashable, Sendable {
    /// Messages as the log holds them, in WebSocket frames.
    case logged(EventFilter?)
    /// The same, but events of channels in the envelope of older chat pages.
    case chat(EventFilter?)
    /// The payloads alone, in WebSocket frames.
    case payload(EventFilter?)
    /// The body of an HTTP answer, in which cursors begin with this epoch.
    case stream(epoch: String, as: StreamForm = .events, EventFilter?)

    /// Whether it is the very bytes that the log holds.
    package var isLogs: Bool { self == .logged(nil) }

    /// Whether a client gets nothing but payloads.
    package var isPayload: Bool {
        switch self {
        case .logged, .chat: false
        case .payload: true
        case .stream(_, let form, _): form.isPayload
        }
    }

    /// Whether it is the state at one moment, and nothing else.
    package var isDocument: Bool { if case .stream(_, let form, _) = self { form.isDocument } else { false } }

    /// Which events are wanted; `nil` is all.
    package var filter: EventFilter? {
        switch self {
        case .logged(let filter), .chat(let filter), .payload(let filter), .stream(_, _, let filter): filter
        }
    }

    /// The same kind, for events that this filter lets pass.
    package func filtered(by filter: EventFilter?) -> EventView {
        switch self {
        case .logged: .logged(filter)
        case .chat: .chat(filter)
        case .payload: .payload(filter)
        case .stream(let epoch, let form, _): .stream(epoch: epoch, as: form, filter)
        }
    }

    /// Appends an event's frame as this client sees it.
    ///
    /// - Parameters:
    ///   - message: The event's message.
    ///   - access: The rules, which say of which channels payloads may be sent alone.
    ///   - spot: Where it stands among what the client is sent.
    /// - Returns: Whether the client wants it, and may have it in this form.
    package func append(
        _ message: Span<UInt8>, under access: Access = Access(), to bytes: inout [UInt8], at spot: EventSpot = .place
    ) -> Bool {
        guard let text = EventMessageText.decode(message) else { return false }
        if let filter, !text.passes(filter, in: message) { return false }
        if isPayload, let channel = text.channelName(in: message), !access.showsPayloads(of: channel) { return false }
        switch self {
        case .stream(let epoch, let form, _):
            return form.append(text, message, epoch: epoch, at: spot, to: &bytes)
        case .payload: bytes += FrameEncoder.frame(.text, text.payloadAlone(in: message).span)
        case .chat where text.hasChannel:
            bytes += FrameEncoder.frame(.text, text.chat(in: message).span)
        case .chat, .logged:
            bytes += FrameEncoder.frame(.text, message)
        }
        return true
    }
}
