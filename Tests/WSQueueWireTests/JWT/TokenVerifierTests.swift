import Testing
import WSQueueCore
import WSQueueWire

struct TokenVerifierTests {
    @Test(arguments: [
        ("HS256", SHA2.sha256), ("HS384", .sha384), ("HS512", .sha512),
    ])
    func `a token of each algorithm says who its bearer is`(name: String, digest: SHA2) throws {
        let claims = #"{"sub":"ann","role":"admin","channels":["orders.*"],"exp":2000,"nbf":900,"info":{"name":"Ann"}}"#
        let token = Tokens.make(claims, header: #"{"alg":"\#(name)"}"#, digest: digest)
        let identity = Identity(
            user: try #require(Label("ann")), roles: ["admin"],
            channels: [try #require(ChannelPattern("orders.*"))], info: Array(#"{"name":"Ann"}"#.utf8),
            expiresAtSeconds: 2_000)
        #expect(Tokens.verdict(token) == .success(identity))
    }

    @Test(arguments: [
        (#"{"user_id":7}"#, "7", []), (#"{"user_id":"7","role":"a, b ,,c"}"#, "7", ["a", "b", "c"]),
        (#"{"sub":8,"user_id":7,"role":["x","y,z"," a "]}"#, "8", ["x", "y,z", " a "]),
        (#"{"sub":"7","type":"access"}"#, "7", []),
        (#"{"sub":"7","sub2":1,"SUB":9,"Role":"admin"}"#, "7", []), (#"{"sub":null,"user_id":9}"#, "9", []),
        (#"{"\u0073ub":"é"}"#, "é", []),
    ])
    func `older systems' claims are understood`(claims: String, user: String, roles: [String]) throws {
        let identity = try Tokens.verdict(Tokens.make(claims)).get()
        #expect(identity.user == Label(user))
        #expect(identity.roles == roles)
    }

    // The moment is 1,000, the leeway 30.
    @Test(
        arguments: [
            ("\"exp\":1001", nil), ("\"exp\":971", nil), ("\"exp\":970", .expired), ("\"exp\":970.9", .expired),
            ("\"exp\":0", .expired), ("\"exp\":-1", .expired), ("\"nbf\":1030", nil), ("\"nbf\":1031", .notYetValid),
            ("\"nbf\":9e15", .claim("nbf")), ("\"exp\":1e11", nil), ("\"exp\":1e400", .claim("exp")),
            ("\"exp\":1795000000000", .claim("exp")), ("\"exp\":100000000000.1", .claim("exp")),
            ("\"exp\":\"2000\"", .claim("exp")), ("\"exp\":true", .claim("exp")), ("\"exp\":null", .claim("exp")),
            ("\"nbf\":\"1\"", .claim("nbf")), ("\"nbf\":null", .claim("nbf")), ("\"exp\":[2000]", .claim("exp")),
            ("\"exp\":2000,\"exp\":3000", .malformed), ("\"type\":\"refresh\"", .refreshToken),
            ("\"type\":\"REFRESH\"", .refreshToken), ("\"type\":7", .claim("type")), ("\"aud\":\"us\"", .audience),
            ("\"role\":{}", .claim("role")), ("\"role\":[1]", .claim("role")),
            ("\"channels\":[\"a b\"]", .claim("channels")),
            ("\"channels\":\"a*\"", .claim("channels")), ("\"channels\":{}", .claim("channels")),
        ] as [(String, TokenError?)])
    func `claims are honoured`(claim: String, error: TokenError?) {
        let verdict = Tokens.verdict(Tokens.make(#"{"sub":"ann",\#(claim)}"#))
        if let error { #expect(verdict == .failure(error)) } else { #expect((try? verdict.get()) != nil) }
    }

    @Test(arguments: [
        ("{}", TokenError.subject), (#"{"sub":""}"#, .claim("sub")), (#"{"sub":true}"#, .claim("sub")),
        (#"{"sub":["ann"]}"#, .claim("sub")), (#"{"sub":1.5}"#, .claim("sub")), (#"{"sub":"a\u0000b"}"#, .claim("sub")),
        (#"{"sub":"a\u001b[2J"}"#, .claim("sub")), (#"{"sub":"\ud800"}"#, .claim("sub")),
        (#"{"sub":"ann","sub":"bob"}"#, .malformed), (#"{"sub":"ann","\u0073ub":"bob"}"#, .malformed),
        ("[]", .malformed),
        ("\"ann\"", .malformed), ("null", .malformed), (#"{"sub":"ann"} x"#, .malformed),
        ("{\"sub\":\"ann\"", .malformed),
        (#"{"sub":"\#(String(repeating: "a", count: 256))"}"#, .claim("sub")),
        (#"{"sub":"ann","info":"\#(String(repeating: "a", count: 1_024))"}"#, .claim("info")),
    ])
    func `what says of nobody who he is, is refused`(claims: String, error: TokenError) {
        #expect(Tokens.verdict(Tokens.make(claims)) == .failure(error))
    }

    @Test(arguments: [
        ("\"aud\":\"us\"", true), ("\"aud\":[\"them\",\"us\"]", true), ("\"aud\":\"them\"", false),
        ("\"aud\":[]", false),
        ("\"aud\":\"US\"", false), ("\"x\":1", false), ("\"aud\":null", false),
    ])
    func `with an audience, tokens must be meant for it`(claim: String, isGood: Bool) {
        let verdict = Tokens.verdict(Tokens.make(#"{"sub":"ann",\#(claim)}"#), Tokens.verifier(audiences: ["us"]))
        #expect(((try? verdict.get()) != nil) == isGood)
        if !isGood { #expect(verdict == .failure(.audience)) }
    }

    @Test func `the secret that signed is named, and one of several is enough`() throws {
        let old = Array(repeating: UInt8(ascii: "o"), count: 32)
        let secrets = [try #require(TokenSecret(Tokens.secret)), try #require(TokenSecret(old))]
        let verifier = TokenVerifier(secrets: secrets)
        let token = Array(Tokens.make(#"{"sub":"ann"}"#, secret: old).utf8)
        #expect(try verifier.verify(token.span, unixSeconds: 0).secret == secrets[1].fingerprint)
        #expect(secrets[0].fingerprint != secrets[1].fingerprint)
    }

    @Test func `a secret too short for an algorithm verifies no token of it`() throws {
        #expect(TokenSecret(Array(repeating: 1, count: 31)) == nil)
        let short = Array(repeating: UInt8(1), count: 47)
        let header = #"{"alg":"HS384"}"#
        let token = Tokens.make(#"{"sub":"ann"}"#, header: header, digest: .sha384, secret: short)
        #expect(Tokens.verdict(token, Tokens.verifier(short)) == .failure(.signature))
        let good = Tokens.make(#"{"sub":"ann"}"#, secret: short)
        #expect((try? Tokens.verdict(good, Tokens.verifier(short)).get()) != nil)
    }
}
