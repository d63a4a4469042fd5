import Testing
import WSQueueCore
import WSQueueWire

/// What has broken readers of tokens before (RFC 8725, section 2).
struct TokenAttackTests {
    static let claims = #"{"sub":"ann"}"#

    @Test(arguments: [
        #"{"alg":"none"}"#, #"{"alg":"None"}"#, #"{"alg":"NONE"}"#, #"{"alg":"nOnE"}"#, #"{"alg":""}"#,
        #"{"alg":null}"#,
        "{}", #"{"typ":"JWT"}"#, #"{"alg":"hs256"}"#, #"{"alg":"Hs256"}"#, #"{"alg":"HS256 "}"#,
        #"{"alg":"HS256\u0000"}"#,
        #"{"alg":"HS1"}"#, #"{"alg":"RS256"}"#, #"{"alg":"ES256"}"#, #"{"alg":"PS256"}"#, #"{"alg":"EdDSA"}"#,
        #"{"alg":"dir","enc":"A256GCM"}"#, #"{"ALG":"HS256"}"#,
    ])
    func `other algorithms are refused whatever the signature is`(header: String) {
        let good = Tokens.make(Self.claims)
        let signature = String(good.split(separator: ".", omittingEmptySubsequences: false)[2])
        let unsigned = "\(Tokens.encode(header)).\(Tokens.encode(Self.claims))."
        #expect(Tokens.verdict(unsigned) == .failure(.algorithm))
        #expect(Tokens.verdict(unsigned + signature) == .failure(.algorithm))
        #expect(Tokens.verdict(Tokens.make(Self.claims, header: header)) == .failure(.algorithm))
    }

    @Test(arguments: [
        (#"{"alg":["HS256"]}"#, TokenError.claim("alg")), (#"{"alg":256}"#, .claim("alg")),
        (#"{"alg":"none","alg":"HS256"}"#, .malformed), (#"{"alg":"HS256","\u0061lg":"none"}"#, .malformed),
        (#"{"alg":"HS256","crit":["exp"]}"#, .critical), (#"{"alg":"HS256","b64":false,"crit":["b64"]}"#, .critical),
        (#"{"alg":"HS256","b64":false}"#, .critical), (#"["HS256"]"#, .malformed), ("HS256", .malformed),
        (#"{"alg":"HS256"}}"#, .malformed),
    ])
    func `headers that two readers may take in two ways are refused`(header: String, error: TokenError) {
        #expect(Tokens.verdict(Tokens.make(Self.claims, header: header)) == .failure(error))
    }

    @Test func `an algorithm that is not configured is refused though it would verify`() {
        let token = Tokens.make(Self.claims, header: #"{"alg":"HS512"}"#, digest: .sha512)
        #expect(Tokens.verdict(token, Tokens.verifier(algorithms: [.hs256])) == .failure(.algorithm))
    }

    @Test func `the name of one algorithm over the code of another is refused`() {
        let pairs: [(String, SHA2)] = [("HS256", .sha512), ("HS512", .sha256), ("HS384", .sha512), ("HS256", .sha384)]
        for (name, digest) in pairs {
            let token = Tokens.make(Self.claims, header: #"{"alg":"\#(name)"}"#, digest: digest)
            #expect(Tokens.verdict(token) == .failure(.signature))
        }
    }

    @Test func `a token cut anywhere is refused`() {
        let token = Tokens.make(Self.claims)
        for count in 0..<token.utf8.count { #expect((try? Tokens.verdict(String(token.prefix(count))).get()) == nil) }
    }

    @Test func `a token with any character changed is refused`() {
        let token = Array(Tokens.make(Self.claims).utf8)
        for index in token.indices {
            for other in [
                UInt8(ascii: "A"), UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "="),
            ]
            where other != token[index] {
                var changed = token
                changed[index] = other
                #expect((try? Tokens.verdict(String(decoding: changed, as: UTF8.self)).get()) == nil)
            }
        }
    }

    @Test(arguments: ["=", "==", "\n", " ", ".", "..", ".x", "%", "\u{0}"])
    func `nothing may stand before or behind a part`(noise: String) {
        let parts = Tokens.make(Self.claims).split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        for index in 0..<3 {
            var padded = parts
            padded[index] += noise
            #expect((try? Tokens.verdict(padded.joined(separator: ".")).get()) == nil)
            padded[index] = noise + parts[index]
            #expect((try? Tokens.verdict(padded.joined(separator: ".")).get()) == nil)
        }
    }

    @Test func `bits behind the last byte of the signature are refused`() throws {
        // 32 bytes are 43 digits of 6 bits: the last has two bits of nobody.
        let token = Array(Tokens.make(Self.claims).utf8)
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        let value = try #require(token.last.flatMap { digits.firstIndex(of: $0) })
        for bits in 1..<4 {
            let twin = token.dropLast() + [digits[value & ~3 | bits]]
            #expect(Tokens.verdict(String(decoding: twin, as: UTF8.self)) == .failure(.malformed))
        }
    }

    @Test func `a huge token is refused before it is read`() {
        let claims = #"{"sub":"ann","x":"\#(String(repeating: "a", count: 20_000))"}"#
        #expect(Tokens.verdict(Tokens.make(claims)) == .failure(.tooLong))
        let brackets = String(repeating: "[", count: 5_000) + String(repeating: "]", count: 5_000)
        #expect(Tokens.verdict(Tokens.make("{\"sub\":\"ann\",\"x\":\(brackets)}")) == .failure(.malformed))
    }

    @Test func `another secret, none, and the token's own parts as secrets are refused`() {
        let other = Array(repeating: UInt8(0), count: 64)
        #expect(Tokens.verdict(Tokens.make(Self.claims, secret: other)) == .failure(.signature))
        #expect(Tokens.verdict(Tokens.make(Self.claims, secret: [])) == .failure(.signature))
        #expect(Tokens.verdict(Tokens.make(Self.claims), TokenVerifier(secrets: [])) == .failure(.signature))
    }
}
