/// Why a token was refused.
///
/// What a client is told names the kind of fault, never a part of the token, of a secret, or what would have been right.
package enum TokenError: Error, Equatable, Sendable {
    /// Not three parts of base64url with a JSON object in the first two.
    case malformed
    /// Longer than any token that this server takes.
    case tooLong
    /// Another algorithm than the configured ones; `none` above all.
    case algorithm
    /// A header that asks for what this server does not know (`crit`, RFC 7515, section 4.1.11).
    case critical
    /// No secret that is valid now has signed this.
    case signature
    /// Its time is over (`exp`).
    case expired
    /// Its time has not come (`nbf`).
    case notYetValid
    /// It is meant for somebody else (`aud`).
    case audience
    /// It names no user (`sub`).
    case subject
    /// It is there to get new tokens with (`type`), and for nothing else.
    case refreshToken
    /// The application has disconnected the user since it was made.
    case disconnected
    /// A claim has a value that it cannot have.
    case claim(String)

    /// The fault in a word for the log.
    package var reason: String {
        switch self {
        case .malformed: "malformed"
        case .tooLong: "too long"
        case .algorithm: "algorithm"
        case .critical: "crit"
        case .signature: "signature"
        case .expired: "expired"
        case .notYetValid: "not yet valid"
        case .audience: "audience"
        case .subject: "no subject"
        case .refreshToken: "refresh token"
        case .disconnected: "disconnected"
        case .claim(let name): "claim \(name)"
        }
    }

    /// What is wrong and what to do, in a sentence for the developer at the other end.
    package var advice: String {
        switch self {
        case .malformed: "The token is no JWT; send its three parts with dots between them, unchanged."
        case .tooLong: "The token is longer than \(JSONWebToken.limitBytes) bytes; leave out claims."
        case .algorithm: "The token's algorithm is not accepted; sign it with HS256, HS384 or HS512 as configured."
        case .critical: "The token's header has critical members, and this server knows none."
        case .signature: "The token's signature is not valid here; get a new one."
        case .expired: "The token has expired; get a new one."
        case .notYetValid: "The token is not valid yet; check the clocks."
        case .audience: "The token is not meant for this server (aud)."
        case .subject: "The token names no user; give it a sub claim."
        case .refreshToken: "This is a refresh token; send an access token."
        case .disconnected: "The application has disconnected this user; get a token that was made since."
        case .claim(let name): "The token's claim \(name) has a value that it cannot have."
        }
    }
}
