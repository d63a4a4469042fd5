internal import WSQueueWire

/// A WebSocket that is no client: it is told why it may not be one, and closed. Nothing is published to it.
final class DoorPeer {
    /// Why it may not come in, as its close frame says it.
    struct Refusal {
        let code: CloseCode
        let advice: String

        /// What it is told, so that a page's script can look at it.
        var text: [UInt8] {
            let name =
                switch code {
                case .tokenExpired: "token_expired"
                case .tokenRefused: "invalid_token"
                default: "forbidden"
                }
            return ServerMessage.error(ClientError(advice, code: name))
        }
    }

    let line: Line
    let refusal: Refusal

    init(_ line: Line, _ refusal: Refusal) {
        self.line = line
        self.refusal = refusal
    }
}
