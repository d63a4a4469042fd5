/// Why a measurement is void.
enum BenchError: Error, CustomStringConvertible {
    /// A server did not answer the opening handshake as it must.
    case handshake(String)
    /// A client got something out of order, twice, or not at all.
    case order(client: Int, expected: Int, got: Int)
    /// A client got bytes that are no message of ours.
    case message(client: Int, String)
    /// A connection was closed by the server.
    case closed(client: Int, String)
    /// Nothing has come for too long.
    case stalled(String)

    var description: String {
        switch self {
        case .handshake(let text): "handshake: \(text)"
        case .order(let client, let expected, let got): "client \(client): expected event \(expected), got \(got)"
        case .message(let client, let text): "client \(client): \(text)"
        case .closed(let client, let text): "client \(client): the server closed the connection: \(text)"
        case .stalled(let text): "nothing has come for 60 seconds: \(text)"
        }
    }
}
