import Testing
import WSQueueCore
import WSQueueWire

struct TokenSecretFileTests {
    static let secret = "0123456789abcdef0123456789abcdef"

    @Test(arguments: [secret, "\(secret)\n", "\(secret)\r\n", "\n\n\(secret)\n"])
    func `a secret is a line`(text: String) throws {
        let secrets = try TokenSecretFile.decode(Array(text.utf8))
        #expect(secrets.map(\.fingerprint) == [try #require(TokenSecret(Array(Self.secret.utf8))).fingerprint])
    }

    @Test func `bytes that no line can hold stand in base 64`() throws {
        let bytes = [UInt8](0..<32)
        let text = "base64:\(String(decoding: Base64.standard.encode(bytes.span), as: UTF8.self))\n\(Self.secret)"
        let secrets = try TokenSecretFile.decode(Array(text.utf8))
        #expect(secrets.map(\.fingerprint).first == TokenSecret(bytes)?.fingerprint)
        #expect(secrets.count == 2)
    }

    @Test(arguments: ["", "\n\n", "short", "\(secret)\nshort", "base64:###", "base64:c2hvcnQ="])
    func `what is no secret is refused, and not shown`(text: String) {
        do throws(TokenSecretFile.Fault) {
            _ = try TokenSecretFile.decode(Array(text.utf8))
            Issue.record("accepted")
        } catch {
            #expect(!error.reason.contains(Self.secret))
        }
    }
}
