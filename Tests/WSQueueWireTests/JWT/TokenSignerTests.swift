import Testing
import WSQueueCore
import WSQueueWire

struct TokenSignerTests {
    private static let now: Int64 = 1_795_000_000

    @Test(arguments: TokenAlgorithm.allCases)
    func `what is signed here is taken here, with all it says`(algorithm: TokenAlgorithm) throws {
        let secret = try #require(TokenSecret(Array(repeating: 0x61, count: 64)))
        var claims = TokenClaims(user: try #require(Label("a \"b\"")), issuedAtSeconds: Self.now)
        claims.roles = ["admin", "c"]
        claims.channels = ["a", "b.*"].compactMap(ChannelPattern.init)
        claims.audience = "chat"
        claims.info = Array("{\"name\":\"x\"}".utf8)
        claims.expiresAtSeconds = Self.now + 60
        let token = try #require(secret.sign(claims, algorithm))
        let verifier = TokenVerifier(secrets: [secret], algorithms: [algorithm], audiences: ["chat"])
        let identity = try verifier.verify(token.span, unixSeconds: Self.now).identity
        #expect(identity.user.text == "a \"b\"")
        #expect(identity.roles == ["admin", "c"])
        #expect(identity.channels?.map(\.text) == ["a", "b.*"])
        #expect(identity.info == claims.info)
        #expect(identity.expiresAtSeconds == Self.now + 60)
    }

    @Test func `a secret that is too short for an algorithm signs nothing with it`() throws {
        let secret = try #require(TokenSecret(Array(repeating: 0x61, count: 32)))
        let claims = TokenClaims(user: try #require(Label("1")), issuedAtSeconds: Self.now)
        #expect(secret.sign(claims, .hs256) != nil)
        #expect(secret.sign(claims, .hs512) == nil)
    }
}
