import Foundation
import Testing
import WSQueueCore
import WSQueueWire

/// Project Wycheproof's vectors, as far as they are about codes with a shared secret.
struct WycheproofTests {
    private struct Key: Decodable {
        let kty: String
        let alg: String?
        let k: String?
    }

    private struct Case: Decodable {
        let tcId: Int
        let comment: String
        let jws: String
        let result: String
    }

    private struct Group: Decodable {
        let keys: [Key]
        let tests: [Case]

        private enum Names: String, CodingKey { case `private`, tests, keys }

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: Names.self)
            // Those in another serialization have no string there; the compact form is all that this server takes.
            tests = (try? members.decode([Case].self, forKey: .tests)) ?? []
            let set = try? members.nestedContainer(keyedBy: Names.self, forKey: .private)
            keys = try (try? set?.decode([Key].self, forKey: .keys)) ?? [members.decode(Key.self, forKey: .private)]
        }
    }

    private struct File: Decodable { let testGroups: [Group] }

    /// Where we are stricter than the vectors: a character that is not base64url, which other readers pass over.
    private static let alsoRefused = ["InvalidCharacterInsertedInHeader", "InvalidCharacterInsertedInPayload"]
    /// These lost their padding on the way into the file: byte for byte they are the token of the case `ValidMac`.
    private static let sameAsValid = ["invalidBase64Padding", "invalidBase64PaddingInPayload"]
    /// About a set of keys chosen by `kid`, which is ignored here: any secret of the file may have signed.
    private static let aboutKeySets = ["rejectsDuplicateKid", "rejectsValid"]

    @Test(arguments: [("json_web_signature_test.json", 31), ("json_web_key_test.json", 10)])
    func `tokens with codes are taken and refused as expected`(name: String, least: Int) throws {
        let file = try JSONDecoder().decode(File.self, from: Corpus.data("jwt-wycheproof/testvectors_v1/\(name)"))
        var count = 0
        for group in file.testGroups where group.keys.contains(where: { $0.kty == "oct" }) {
            let secrets = group.keys.filter { $0.alg?.hasPrefix("HS") ?? false }
                .compactMap { $0.k.flatMap { Base64.url.decode(Array($0.utf8).span) } }.compactMap { TokenSecret($0) }
            let algorithms = Set(group.keys.compactMap { $0.alg.flatMap { TokenAlgorithm(rawValue: $0) } })
            let verifier = TokenVerifier(secrets: secrets, algorithms: algorithms)
            for test in group.tests where !(Self.aboutKeySets + Self.sameAsValid).contains(test.comment) {
                let isGood = test.result == "valid" && !Self.alsoRefused.contains(test.comment)
                #expect(Self.isSigned(test.jws, verifier) == isGood, "\(test.tcId): \(test.comment)")
                count += 1
            }
        }
        #expect(count >= least)
    }

    @Test func `no token of another kind of key is taken`() throws {
        let path = "jwt-wycheproof/testvectors_v1/json_web_signature_test.json"
        let file = try JSONDecoder().decode(File.self, from: Corpus.data(path))
        var count = 0
        for group in file.testGroups where !group.keys.contains(where: { $0.kty == "oct" }) {
            for test in group.tests {
                #expect(!Self.isSigned(test.jws, Tokens.verifier()), "\(test.tcId): \(test.comment)")
                count += 1
            }
        }
        #expect(count >= 300)
    }

    private struct CodeFile: Decodable {
        struct Group: Decodable {
            let tagSize: Int
            let tests: [Test]
        }
        struct Test: Decodable {
            let tcId: Int
            let key: String
            let msg: String
            let tag: String
            let result: String
        }
        let testGroups: [Group]
    }

    @Test func `codes are valid and invalid as expected`() throws {
        let path = "jwt-wycheproof/testvectors_v1/hmac_sha256_test.json"
        let file = try JSONDecoder().decode(CodeFile.self, from: Corpus.data(path))
        var count = 0
        // Shortened codes are for others.
        for group in file.testGroups where group.tagSize == 256 {
            for test in group.tests {
                let code = HMAC(.sha256, key: Corpus.bytes(hex: test.key).span)
                let isValid = code.isValid(Corpus.bytes(hex: test.tag).span, for: Corpus.bytes(hex: test.msg).span)
                #expect(isValid == (test.result == "valid"), "\(test.tcId)")
                count += 1
            }
        }
        #expect(count > 50)
    }

    private static func isSigned(_ text: String, _ verifier: TokenVerifier) -> Bool {
        (try? verifier.signer(of: JSONWebToken.decode(Array(text.utf8).span))) != nil
    }
}

private enum Corpus {
    static func data(_ path: String) throws -> Data {
        try Data(contentsOf: Bundle.module.bundleURL.appendingPathComponent("Corpora").appendingPathComponent(path))
    }

    static func bytes(hex text: String) -> [UInt8] {
        let digits = text.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
    }
}
