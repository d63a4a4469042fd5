package import WSQueueWire

/// Why a WebSocket may not come in, as its close frame says it.
package struct DoorRefusal {
    package let code: CloseCode
    package let advice: String

    /// What it is told, so that a page's script can look at it.
    package var text: [UInt8] {
        let name =
            switch code {
            case .tokenExpired: "token_expired"
            case .tokenRefused: "invalid_token"
            default: "forbidden"
            }
        return ServerMessage.error(ClientError(advice, code: name))
    }
}
