import WSQueueCore
import WSQueueWire

/// Makes tokens, good ones and others.
enum Tokens {
    static let secret = Array("a secret of sixty-four bytes, which is enough for all algorithms".utf8)

    static func make(
        _ claims: String, header: String = #"{"alg":"HS256","typ":"JWT"}"#, digest: SHA2 = .sha256,
        secret: [UInt8] = secret
    ) -> String {
        let signed = "\(encode(header)).\(encode(claims))"
        let code = HMAC(digest, key: secret.span).code(of: Array(signed.utf8).span)
        return "\(signed).\(String(decoding: Base64.url.encode(code.span), as: UTF8.self))"
    }

    static func encode(_ text: String) -> String {
        String(decoding: Base64.url.encode(Array(text.utf8).span), as: UTF8.self)
    }

    /// A verifier with one secret.
    static func verifier(
        _ secret: [UInt8] = secret, algorithms: Set<TokenAlgorithm> = Set(TokenAlgorithm.allCases),
        audiences: [String] = []
    ) -> TokenVerifier {
        TokenVerifier(secrets: [TokenSecret(secret)].compactMap { $0 }, algorithms: algorithms, audiences: audiences)
    }

    /// What becomes of a token at the second 1,000.
    static func verdict(_ token: String, _ verifier: TokenVerifier = verifier()) -> Result<Identity, TokenError> {
        do throws(TokenError) {
            return .success(try verifier.verify(Array(token.utf8).span, unixSeconds: 1_000).identity)
        } catch {
            return .failure(error)
        }
    }
}
