package import WSQueueCore

/// A signed token in its compact form, taken apart and not believed yet (RFC 7515, section 3.1; RFC 7519).
package struct JSONWebToken: Equatable, Sendable {
    /// The longest token that is looked at, bytes: what a request's head may have in all.
    package static let limitBytes = 16_384

    /// How it says to be signed (RFC 7518, section 3.2).
    package let algorithm: TokenAlgorithm
    /// The claims: any bytes, until the signature was checked.
    package let payload: [UInt8]
    /// What is signed: the first two parts as they came.
    let signed: [UInt8]
    let signature: [UInt8]

    /// Takes a token apart.
    ///
    /// - Parameter text: What a client sent, any bytes.
    /// - Throws: ``TokenError``. Unknown algorithms are refused here, before any secret is touched.
    package static func decode(_ text: Span<UInt8>) throws(TokenError) -> JSONWebToken {
        guard text.count <= limitBytes else { throw .tooLong }
        var dots: [Int] = []
        for index in text.indices where text[index] == UInt8(ascii: ".") {
            guard dots.count < 2 else { throw .malformed }
            dots.append(index)
        }
        guard dots.count == 2 else { throw .malformed }
        // Padding, white space and bits after the last byte are refused: each token has one spelling only.
        guard let header = Base64.url.decode(text.extracting(..<dots[0])), !header.isEmpty,
            let payload = Base64.url.decode(text.extracting(dots[0] + 1..<dots[1])), !payload.isEmpty,
            let signature = Base64.url.decode(text.extracting((dots[1] + 1)...))
        else { throw .malformed }
        let algorithm = try algorithm(of: header.span)
        guard signature.count == algorithm.digest.digestBytes else { throw .signature }
        return JSONWebToken(
            algorithm: algorithm, payload: payload, signed: [UInt8](text, in: 0..<dots[1]), signature: signature)
    }

    private static func algorithm(of header: Span<UInt8>) throws(TokenError) -> TokenAlgorithm {
        let fields = try ClaimFields(header, named: ["alg", "crit", "b64"])
        guard !fields.has("crit"), !fields.has("b64") else { throw .critical }
        guard let name = try fields.text("alg", in: header), let algorithm = TokenAlgorithm(rawValue: name) else {
            throw .algorithm
        }
        return algorithm
    }
}

/// The algorithms that there are here: codes with a shared secret (RFC 7518, section 3.2). Names are case-sensitive.
package enum TokenAlgorithm: String, Sendable, CaseIterable {
    case hs256 = "HS256"
    case hs384 = "HS384"
    case hs512 = "HS512"

    /// The digest it is made with.
    package var digest: SHA2 {
        switch self {
        case .hs256: .sha256
        case .hs384: .sha384
        case .hs512: .sha512
        }
    }
}

/// What tokens are signed with.
package struct TokenSecret: Sendable {
    /// The fewest bytes: what HS256 wants (RFC 7518, section 3.2).
    package static let leastBytes = 32

    /// Tells it apart from others without telling what it is.
    package let fingerprint: UInt64
    let codes: [TokenAlgorithm: HMAC]

    /// Makes a secret; `nil` where it is too short for every algorithm.
    ///
    /// A secret that is shorter than an algorithm's digest serves for the shorter ones only (RFC 7518, section 3.2).
    package init?(_ bytes: [UInt8]) {
        let usable = TokenAlgorithm.allCases.filter { bytes.count >= $0.digest.digestBytes }
        guard !usable.isEmpty else { return nil }
        codes = Dictionary(uniqueKeysWithValues: usable.map { ($0, HMAC($0.digest, key: bytes.span)) })
        let named = Array("wsqueue secret".utf8) + bytes
        fingerprint = SHA2.sha256.digest(named.span).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Whether a token was signed with it.
    package func hasSigned(_ token: JSONWebToken) -> Bool {
        codes[token.algorithm]?.isValid(token.signature.span, for: token.signed.span) ?? false
    }
}
