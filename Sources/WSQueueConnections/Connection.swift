package import WSQueueSession
package import WSQueueWire

/// What is at the other end of a socket.
package enum Connection {
    case exchange(HTTPExchange)
    case webSocket(WebSocketPeer)
    case stream(EventStreamPeer)
    case applicant(ApplicantPeer)
    case door(DoorPeer)

    /// Its socket.
    package var line: Line {
        switch self {
        case .exchange(let exchange): exchange.line
        case .webSocket(let peer): peer.line
        case .stream(let peer): peer.line
        case .applicant(let peer): peer.line
        case .door(let peer): peer.line
        }
    }

    /// Looks at the conversation of a client, or goes on with it; `nil` where there is none.
    package func withSession<Result>(_ body: (inout ClientSession) -> Result) -> Result? {
        switch self {
        case .exchange, .applicant, .door: nil
        case .webSocket(let peer): body(&peer.session)
        case .stream(let peer): body(&peer.session)
        }
    }

    /// The connection's id; 0 before it is a client.
    package var number: Int64 { withSession { $0.connection } ?? 0 }

    /// How many bytes are kept of what a client has said and is not heard yet.
    package var unheardCount: Int { if case .webSocket(let peer) = self { peer.unheardCount } else { 0 } }

    /// Whether it is a stream of events, and no document of the state.
    package var isStream: Bool { if case .stream(let peer) = self { !peer.form.isDocument } else { false } }

    /// A JSON text in the form that the connection has.
    package func framed(_ text: [UInt8]) -> [UInt8] {
        guard case .stream(let peer) = self else { return FrameEncoder.frame(.text, text.span) }
        return peer.form.own(text)
    }

    /// The last bytes for a client: why, and for a reader of a stream, which comes back by itself, when.
    package func farewell(_ code: CloseCode, reason: String) -> [UInt8] {
        guard case .stream(let peer) = self else { return FrameEncoder.close(code, reason: reason) }
        if code == .normal { return peer.form.end }
        let mark = "retry_ms="
        guard reason.hasPrefix(mark), let milliseconds = Int(reason.dropFirst(mark.count)) else {
            return peer.form.comment
        }
        return peer.form.retry(milliseconds: milliseconds)
    }
}
