package import WSQueueCore

/// Makes tokens as an application does, for trying things out.
package struct TokenClaims: Equatable, Sendable {
    /// The user (`sub`).
    package var user: Label
    /// `role`, each a name.
    package var roles: [String] = []
    /// `channels`; `nil` leaves the claim out.
    package var channels: [ChannelPattern]?
    /// For whom it is (`aud`).
    package var audience: String?
    /// What others may see of the user: JSON.
    package var info: [UInt8]?
    /// When it was made (`iat`), Unix seconds.
    package var issuedAtSeconds: Int64
    /// When it ends (`exp`), Unix seconds; `nil` is never.
    package var expiresAtSeconds: Int64?

    /// Makes claims that say who the user is.
    package init(user: Label, issuedAtSeconds: Int64) {
        self.user = user
        self.issuedAtSeconds = issuedAtSeconds
    }

    /// The claims as JSON.
    package func encode() -> [UInt8] {
        var bytes = Array("{\"sub\":".utf8)
        JSONWriter.write(user.bytes, into: &bytes)
        if !roles.isEmpty { Self.append("role", roles.map { Array($0.utf8) }, into: &bytes) }
        if let channels { Self.append("channels", channels.map { Array($0.text.utf8) }, into: &bytes) }
        if let audience {
            bytes.append(contentsOf: ",\"aud\":".utf8)
            JSONWriter.write(audience, into: &bytes)
        }
        if let info { bytes.append(contentsOf: Array(",\"info\":".utf8) + info) }
        bytes.append(contentsOf: ",\"iat\":".utf8)
        JSONWriter.write(issuedAtSeconds, into: &bytes)
        if let expiresAtSeconds {
            bytes.append(contentsOf: ",\"exp\":".utf8)
            JSONWriter.write(expiresAtSeconds, into: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    private static func append(_ name: String, _ texts: [[UInt8]], into bytes: inout [UInt8]) {
        bytes.append(contentsOf: ",\"\(name)\":[".utf8)
        for (index, text) in texts.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONWriter.write(text, into: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }
}

extension TokenSecret {
    /// Signs claims: a token in its compact form (RFC 7515, section 3.1).
    ///
    /// - Returns: `nil` where the secret is too short for the algorithm.
    package func sign(_ claims: TokenClaims, _ algorithm: TokenAlgorithm) -> [UInt8]? {
        guard let code = codes[algorithm] else { return nil }
        let header = Array("{\"alg\":\"\(algorithm.rawValue)\",\"typ\":\"JWT\"}".utf8)
        let dot = [UInt8(ascii: ".")]
        let signed = Base64.url.encode(header.span) + dot + Base64.url.encode(claims.encode().span)
        return signed + dot + Base64.url.encode(code.code(of: signed.span).span)
    }
}
