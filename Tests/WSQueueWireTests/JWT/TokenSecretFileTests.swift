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

    @Test(
        arguments: [
            ("\(secret)\n", nil), ("\(secret)é ö\n", nil), ("a b\tc\(secret)", nil),
            ("\(secret) \n", "line 1 has a space or tab at its edge"),
            ("\(secret)\r\n\r\(secret)", "line 2 has a carriage"),
            ("\n\(secret)\u{A0}", "line 2 has U+00A0 (no-break space) in it"), ("\(secret)\u{200B}", "U+200B"),
            ("\(secret)\u{FEFF}\n", "U+FEFF"), ("\u{2003}\(secret)", "U+2003 (em space)"),
            ("\(secret)\u{AD}", "U+00AD"),
            ("\(secret)\u{1}", "a control character"), ("\(secret)\u{85}", "U+0085"),
        ])
    func `what no one sees in a line is named, and the secret is not`(text: String, doubt: String?) {
        let found = TokenSecretFile.doubt(Array(text.utf8))
        #expect(found?.contains(doubt ?? "-") ?? (doubt == nil), "\(found ?? "")")
        #expect(found?.contains(Self.secret) != true)
    }

    @Test func `bytes that are no text are taken as they are`() {
        #expect(TokenSecretFile.doubt([UInt8](repeating: 0xFF, count: 40)) == nil)
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
