/// Why a request was refused before anybody looked at what it asks for.
package enum RequestError: Error, Equatable, Sendable {
    /// The first byte begins a TLS handshake.
    case encrypted
    /// The request line is not `METHOD TARGET HTTP/1.1`.
    case malformedRequestLine
    /// A version that is neither 1.0 nor 1.1.
    case unknownVersion
    /// The request line passes the limit.
    case targetTooLong(limit: Int)
    /// The header passes the limit.
    case headTooLong(limit: Int)
    /// A line that ends in LF alone, or a CR that ends none (RFC 9112, section 2.2).
    case bareLineEnd
    /// A line that begins with white space (RFC 9112, section 5.2).
    case foldedField
    /// A field without a name, with a byte that names may not have, or with white space before the colon.
    case malformedFieldName
    /// A control character in a field's value.
    case malformedFieldValue
    /// HTTP/1.1 without Host.
    case missingHost
    /// Host twice.
    case repeatedHost
    /// A Host that is not `name[:port]`.
    case malformedHost
    /// A target in none of the forms of RFC 9112, section 3.2, or not in UTF-8 when its escapes are taken away.
    case malformedTarget
    /// CONNECT, which only proxies serve.
    case proxyMethod
    /// Content-Length that is not one number.
    case malformedContentLength
    /// A Content-Length that no machine could hold.
    case bodyTooLong
    /// Content-Length beside Transfer-Encoding: two readers may see two bodies.
    case ambiguousLength
    /// Transfer-Encoding in HTTP/1.0, or not ending in `chunked`.
    case malformedTransferEncoding
    /// A transfer coding other than `chunked`.
    case unknownTransferCoding

    /// What the response says.
    package var status: HTTPStatus {
        switch self {
        case .unknownVersion: .versionNotSupported
        case .targetTooLong: .uriTooLong
        case .headTooLong: .fieldsTooLarge
        case .bodyTooLong: .contentTooLarge
        case .proxyMethod, .unknownTransferCoding: .notImplemented
        case .encrypted, .malformedRequestLine, .bareLineEnd, .foldedField, .malformedFieldName,
            .malformedFieldValue, .missingHost, .repeatedHost, .malformedHost, .malformedTarget,
            .malformedContentLength, .ambiguousLength, .malformedTransferEncoding:
            .badRequest
        }
    }

    /// What is wrong and what to do, in a sentence for the developer at the other end.
    package var advice: String {
        switch self {
        case .encrypted: "This port speaks plain HTTP; use http:// and ws://, or a proxy that ends TLS before it."
        case .malformedRequestLine: "Begin with a line such as \"GET /path HTTP/1.1\", with single spaces."
        case .unknownVersion: "Use HTTP/1.1."
        case .targetTooLong(let limit): "The request line and what follows may have \(limit) bytes; shorten the URL."
        case .headTooLong(let limit): "The header may have \(limit) bytes in all; send fewer or smaller cookies."
        case .bareLineEnd: "End each header line with CR LF."
        case .foldedField: "Put each header field on one line; folded lines are obsolete."
        case .malformedFieldName: "Write header fields as \"Name: value\", without space before the colon."
        case .malformedFieldValue: "Take the control characters out of the header fields."
        case .missingHost: "Send a Host field; HTTP/1.1 requires it."
        case .repeatedHost: "Send one Host field."
        case .malformedHost: "Send \"Host: name\" or \"Host: name:port\"."
        case .malformedTarget: "Send a target such as /path?name=value, percent-encoded UTF-8, without a fragment."
        case .proxyMethod: "CONNECT is for proxies, and this server is none."
        case .malformedContentLength: "Send one Content-Length of decimal digits."
        case .bodyTooLong: "Send a smaller body."
        case .ambiguousLength: "Send Content-Length or Transfer-Encoding, not both."
        case .malformedTransferEncoding: "Send \"Transfer-Encoding: chunked\" with HTTP/1.1, or Content-Length."
        case .unknownTransferCoding: "Send the body without transfer codings but chunked."
        }
    }
}
