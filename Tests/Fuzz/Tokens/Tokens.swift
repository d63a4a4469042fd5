import WSQueueCore
import WSQueueWire

/// No bytes may stop the reader of tokens, or be taken for a token that the secret has not signed.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzTokens(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let taken = try? verifier.verify(bytes.span, unixSeconds: 1_000)
    precondition(taken == nil, "a token that nobody has signed")
    // The input as claims that are signed: whoever comes out has an id, and his time is not over.
    if let result = try? verifier.verify(signed(bytes).span, unixSeconds: 1_000) {
        precondition(Label.isValid(result.identity.user.bytes.span))
        if let expiry = result.identity.expiresAtSeconds {
            precondition(expiry > 1_000 - TokenVerifier.leewaySeconds)
        }
        for channel in result.identity.channels ?? [] { _ = channel.matches("orders.1") }
    }
    return 0
}

private let secret = Array("a secret that no fuzzer will ever guess, of 64 bytes or even more".utf8)
private let verifier = TokenVerifier(secrets: [TokenSecret(secret)].compactMap { $0 })

private func signed(_ claims: [UInt8]) -> [UInt8] {
    let header = Array(#"{"alg":"HS256"}"#.utf8)
    let text = Base64.url.encode(header.span) + [UInt8(ascii: ".")] + Base64.url.encode(claims.span)
    let code = HMAC(.sha256, key: secret.span).code(of: text.span)
    return text + [UInt8(ascii: ".")] + Base64.url.encode(code.span)
}
