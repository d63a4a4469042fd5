package import WSQueueCore

/// Decides whether a token is good, and who it says its bearer is.
package struct TokenVerifier: Sendable {
    /// Who a good token's bearer is.
    package struct Result: Equatable, Sendable {
        package let identity: Identity
        /// The secret that it was signed with.
        package let secret: UInt64

        /// Makes the answer about a token that was accepted.
        package init(identity: Identity, secret: UInt64) {
            self.identity = identity
            self.secret = secret
        }
    }

    /// How much clocks may differ, seconds.
    package static let leewaySeconds: Int64 = 30
    /// The most that a token may tell others of its user, bytes: every member of a channel gets it.
    package static let infoLimitBytes = 1_024

    private let secrets: [TokenSecret]
    private let algorithms: Set<TokenAlgorithm>
    private let audiences: [String]

    /// Makes a verifier.
    ///
    /// - Parameters:
    ///   - secrets: Any of them may have signed.
    ///   - algorithms: What else than these is refused.
    ///   - audiences: Whom tokens must be meant for; when empty, only tokens without `aud` are taken, because one that
    ///     names somebody is not meant for everybody (RFC 7519, section 4.1.3).
    package init(
        secrets: [TokenSecret], algorithms: Set<TokenAlgorithm> = Set(TokenAlgorithm.allCases),
        audiences: [String] = []
    ) {
        self.secrets = secrets
        self.algorithms = algorithms
        self.audiences = audiences
    }

    /// Checks a token.
    ///
    /// - Parameters:
    ///   - text: What a client sent, any bytes.
    ///   - unixSeconds: The present moment.
    /// - Throws: ``TokenError``.
    package func verify(_ text: Span<UInt8>, unixSeconds: Int64) throws(TokenError) -> Result {
        let token = try JSONWebToken.decode(text)
        let secret = try signer(of: token)
        return Result(identity: try identity(token.payload.span, unixSeconds: unixSeconds), secret: secret.fingerprint)
    }

    /// The secret that signed a token.
    package func signer(of token: JSONWebToken) throws(TokenError) -> TokenSecret {
        guard algorithms.contains(token.algorithm) else { throw .algorithm }
        guard let secret = secrets.first(where: { $0.hasSigned(token) }) else { throw .signature }
        return secret
    }

    private static let names = [
        "sub", "user_id", "role", "channels", "exp", "nbf", "aud", "type", "info", "iat",
    ]

    private func identity(_ claims: Span<UInt8>, unixSeconds: Int64) throws(TokenError) -> Identity {
        let fields = try ClaimFields(claims, named: Self.names)
        let expiry = try fields.moment("exp", in: claims)
        // Seconds that are cut off downwards: a token lives no longer than it says.
        let expirySeconds = expiry.map { Self.seconds($0) }
        if let expirySeconds, unixSeconds >= expirySeconds.addingOrMax(Self.leewaySeconds) { throw .expired }
        if let begin = try fields.moment("nbf", in: claims),
            Self.seconds(begin) > unixSeconds.addingOrMax(Self.leewaySeconds)
        {
            throw .notYetValid
        }
        try checkAudience(fields, claims)
        if let type = try fields.text("type", in: claims), type.lowercased() == "refresh" { throw .refreshToken }
        let subject = try fields.label("sub", in: claims)
        let older = try fields.label("user_id", in: claims)
        guard let user = subject ?? older else { throw .subject }
        return Identity(
            user: user, roles: try Self.roles(fields, claims), channels: try Self.channels(fields, claims),
            info: try Self.info(fields, claims), expiresAtSeconds: expirySeconds,
            // It is looked at only once the application has disconnected the user; one that cannot be read says nothing.
            issuedAtMicroseconds: try? fields.moment("iat", in: claims))
    }

    private func checkAudience(_ fields: ClaimFields, _ claims: Span<UInt8>) throws(TokenError) {
        let named = try fields.texts("aud", in: claims)
        if audiences.isEmpty, named == nil { return }
        guard let named, named.contains(where: { name in audiences.contains { $0.utf8.elementsEqual(name.utf8) } })
        else { throw .audience }
    }

    /// `role`: a name, several with commas between them, or a list, whose names are taken as they are: an application may
    /// well fill it with names that others have chosen.
    private static func roles(_ fields: ClaimFields, _ claims: Span<UInt8>) throws(TokenError) -> [String] {
        let texts = try fields.texts("role", in: claims) ?? []
        if fields.isList("role") { return texts }
        return texts.flatMap { $0.split(separator: ",") }.compactMap { part in
            let name = part.drop { $0 == " " || $0 == "\t" }
            let end = name.lastIndex { $0 != " " && $0 != "\t" }
            return end.map { String(name[...$0]) }
        }
    }

    private static func channels(
        _ fields: ClaimFields, _ claims: Span<UInt8>
    ) throws(TokenError) -> [ChannelPattern]? {
        guard let texts = try fields.texts("channels", in: claims) else { return nil }
        var patterns: [ChannelPattern] = []
        for text in texts {
            guard let pattern = ChannelPattern(text) else { throw .claim("channels") }
            patterns.append(pattern)
        }
        return patterns
    }

    private static func info(_ fields: ClaimFields, _ claims: Span<UInt8>) throws(TokenError) -> [UInt8]? {
        guard let info = fields.json("info", in: claims) else { return nil }
        guard info.count <= infoLimitBytes else { throw .claim("info") }
        return info
    }

    private static func seconds(_ microseconds: Int64) -> Int64 {
        let (whole, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return rest < 0 ? whole - 1 : whole
    }
}

extension Int64 {
    fileprivate func addingOrMax(_ other: Int64) -> Int64 {
        let (sum, isTooLarge) = addingReportingOverflow(other)
        return isTooLarge ? .max : sum
    }
}
