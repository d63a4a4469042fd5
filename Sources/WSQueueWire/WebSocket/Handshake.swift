internal import WSQueueCore

/// A client's opening handshake that keeps all the rules (RFC 6455, section 4.2).
package struct Handshake: Equatable, Sendable {
    /// The subprotocol of clients that speak (SPEC: welcome, actions, channel events).
    package static let subprotocol = "wsqueue.v1"
    private static let bearer = "bearer."
    /// The number that only WebSocket servers append to the key (RFC 6455, section 1.3).
    private static let acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    /// What proves to the client that the server has understood (`Sec-WebSocket-Accept`).
    package let acceptKey: [UInt8]
    /// Whether the client offered ``subprotocol``, which the answer then names.
    package let isSubprotocolChosen: Bool
    /// The token that was offered as `bearer.<token>`, because browsers let pages set no other field; never echoed.
    package let token: [UInt8]?

    /// Whether a request wants to leave HTTP for WebSocket, rightly or not; others are plain requests.
    package static func isWanted(by head: RequestHead) -> Bool {
        head.hasToken("websocket", in: "upgrade") || !head.values(of: "sec-websocket-key").isEmpty
    }

    /// Checks a request.
    ///
    /// - Throws: ``HandshakeError`` with the response to send.
    package init(_ head: RequestHead) throws(HandshakeError) {
        try Self.checkRequest(head)
        try Self.checkVersion(head)
        let key = try Self.key(of: head)
        acceptKey = Self.acceptKey(for: key)
        let offers = head.tokens(of: "sec-websocket-protocol")
        isSubprotocolChosen = offers.contains { $0.elementsEqual(Self.subprotocol.utf8) }
        let tokens = offers.filter { $0.starts(with: Self.bearer.utf8) }
        // A browser closes what is answered without one of the protocols that it has offered, and tells no one why.
        guard tokens.isEmpty || isSubprotocolChosen else { throw .bearerAlone }
        guard tokens.count <= 1 else { throw .severalBearers }
        token = tokens.first.map { Array($0.dropFirst(Self.bearer.utf8.count)) }
    }

    /// The 101 response; what is sent after it are frames.
    package func answer() -> [UInt8] {
        var output = Array("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n".utf8)
        output.append("Sec-WebSocket-Accept: ")
        output.append(contentsOf: acceptKey)
        if isSubprotocolChosen { output.append("\r\nSec-WebSocket-Protocol: \(Self.subprotocol)") }
        output.append("\r\n\r\n")
        return output
    }

    private static func checkRequest(_ head: RequestHead) throws(HandshakeError) {
        guard head.method == .get else { throw .methodNotGet }
        guard head.version == .oneOne else { throw .oldVersionOfHTTP }
        guard head.hasToken("websocket", in: "upgrade") else { throw .missingUpgrade }
        guard head.hasToken("upgrade", in: "connection") else { throw .missingConnection }
        // A body would lie where the first frame is expected.
        guard head.body == .none else { throw .unexpectedBody }
    }

    private static func checkVersion(_ head: RequestHead) throws(HandshakeError) {
        let versions = head.values(of: "sec-websocket-version")
        guard versions.count == 1, versions[0].elementsEqual("13".utf8) else { throw .unknownVersion }
    }

    private static func key(of head: RequestHead) throws(HandshakeError) -> [UInt8] {
        let keys = head.values(of: "sec-websocket-key")
        guard keys.count == 1, let key = keys.first, Base64.standard.decode(key.span)?.count == 16 else {
            throw .malformedKey
        }
        return key
    }

    private static func acceptKey(for key: [UInt8]) -> [UInt8] {
        let message = key + Array(acceptSuffix.utf8)
        let digest = SHA1.digest(message.span)
        return Base64.standard.encode(digest.span)
    }
}

/// Why an opening handshake was refused.
package enum HandshakeError: Error, Equatable, Sendable {
    /// Another method than GET.
    case methodNotGet
    /// HTTP/1.0 has no upgrades (RFC 6455, section 4.2.1).
    case oldVersionOfHTTP
    /// No `Upgrade: websocket`.
    case missingUpgrade
    /// No `Connection: Upgrade`.
    case missingConnection
    /// A handshake with a body.
    case unexpectedBody
    /// Another version of the protocol than 13, or none, or several.
    case unknownVersion
    /// `Sec-WebSocket-Key` missing, twice, or not 16 bytes in base 64.
    case malformedKey
    /// A `bearer.<token>` without the subprotocol that the answer could name.
    case bearerAlone
    /// More than one `bearer.<token>`.
    case severalBearers

    /// The response to send.
    package var response: Response {
        switch self {
        case .methodNotGet:
            Response(.methodNotAllowed, advice: advice, fields: [.init("Allow", "GET")])
        case .missingUpgrade, .unknownVersion:
            // RFC 9110, section 15.5.22, and RFC 6455, section 4.4: say what would be understood.
            Response(
                .upgradeRequired, advice: advice,
                fields: [
                    .init("Sec-WebSocket-Version", "13"), .init("Upgrade", "websocket"),
                    .init("Connection", "Upgrade, close"),
                ])
        case .oldVersionOfHTTP, .missingConnection, .unexpectedBody, .malformedKey, .bearerAlone, .severalBearers:
            Response(.badRequest, advice: advice)
        }
    }

    /// What is wrong and what to do, in a sentence for the developer at the other end.
    package var advice: String {
        switch self {
        case .methodNotGet: "Open a WebSocket with GET."
        case .oldVersionOfHTTP: "Open a WebSocket with HTTP/1.1; in nginx: proxy_http_version 1.1."
        case .missingUpgrade: "Send \"Upgrade: websocket\"; a proxy in between must pass it on."
        case .missingConnection: "Send \"Connection: Upgrade\"; a proxy in between must pass it on."
        case .unexpectedBody: "Open a WebSocket without a body."
        case .unknownVersion: "Send \"Sec-WebSocket-Version: 13\"."
        case .bearerAlone:
            "Offer wsqueue.v1 beside bearer.<token>: new WebSocket(url, [\"wsqueue.v1\", \"bearer.\" + token])."
        case .severalBearers: "Offer one bearer.<token>."
        case .malformedKey: "Send one Sec-WebSocket-Key of 16 random bytes in base 64."
        }
    }
}
