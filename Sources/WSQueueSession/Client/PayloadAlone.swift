internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueWire

extension [SessionAction] {
    /// The same for a client by a WebSocket whose messages are payloads alone: what it cannot be told in a message closes
    /// it, if it must know, or is left out.
    package func shown(in view: EventView) -> [SessionAction] {
        guard case .payload = view else { return self }
        let shown = compactMap { action -> SessionAction? in
            guard case .send(let text) = action else { return action }
            switch ServerMessage.Aside(text.span) {
            case .gap(let reason): return .close(.gap, reason: "gap: \(reason)")
            case .error(let text): return .close(.connectionRefused, reason: text)
            case nil: return nil
            }
        }
        return shown.endingWithClose
    }
}

extension EventView {
    /// Refuses a channel whose payloads may not stand alone.
    func check(_ channel: String, _ access: Access) throws(ClientError) {
        guard isPayload, Channel.isValid(channel), !access.showsPayloads(of: channel) else { return }
        throw ClientError(
            "Payloads are not sent alone from a channel that clients may send into, or that tells presence",
            code: "forbidden", channel: channel)
    }
}

/// What a client says whose messages are payloads alone: that it is there, or what it gets no answer to.
enum PayloadAlone {
    static func answer(_ text: Span<UInt8>) -> [SessionAction] {
        if let command = try? ClientCommand.decode(text), command.isHeartbeat { return [] }
        return [.close(.unsupportedData, reason: "as=payload answers no actions; connect without it to send some")]
    }
}
