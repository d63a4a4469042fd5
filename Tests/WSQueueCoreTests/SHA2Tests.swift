import Foundation
import Testing
import WSQueueCore

struct SHA2Tests {
    @Test(arguments: ["sha-nist/SHA256ShortMsg.rsp", "sha-nist/SHA256LongMsg.rsp"])
    func `NIST's messages have NIST's digests`(path: String) throws {
        var message: [UInt8] = []
        var length = 0
        var count = 0
        for line in try Corpus.lines(path) {
            let fields = line.split(separator: "=").map { $0.trimmingCharacters(in: .whitespaces) }
            guard fields.count == 2 else { continue }
            switch fields[0] {
            case "Len": length = (Int(fields[1]) ?? 0) / 8
            case "Msg": message = Array(bytes(hex: fields[1]).prefix(length))
            case "MD":
                #expect(hex(SHA2.sha256.digest(message.span)) == fields[1])
                count += 1
            default: continue
            }
        }
        #expect(count >= 4)
    }

    @Test func `NIST's chain of digests goes on where it should`() throws {
        let values = try Corpus.lines("sha-nist/SHA256Monte.rsp").filter { $0.hasPrefix("MD") || $0.hasPrefix("Seed") }
            .map { String($0.split(separator: "=")[1]) }
        try #require(values.count == 101)
        var seed = bytes(hex: values[0])
        for expected in values.dropFirst().prefix(3) {
            var last = [seed, seed, seed]
            for _ in 0..<1000 {
                let message = last[0] + last[1] + last[2]
                last = [last[1], last[2], SHA2.sha256.digest(message.span)]
            }
            seed = last[2]
            #expect(seed == bytes(hex: expected))
        }
    }

    /// The examples that NIST publishes with FIPS 180-4, and the empty message.
    @Test(arguments: [
        (
            SHA2.sha256,
            "",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        ),
        (
            SHA2.sha256,
            "abc",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        ),
        (
            SHA2.sha256,
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
        (
            SHA2.sha384,
            "",
            "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
                + "274edebfe76f65fbd51ad2f14898b95b"
        ),
        (
            SHA2.sha384,
            "abc",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                + "8086072ba1e7cc2358baeca134c825a7"
        ),
        (
            SHA2.sha384,
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712"
                + "fcc7c71a557e2db966c3e9fa91746039"
        ),
        (
            SHA2.sha512,
            "",
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
        ),
        (
            SHA2.sha512,
            "abc",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
        (
            SHA2.sha512,
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
                + "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"
        ),
    ])
    func `the standard's examples have their digests`(digest: SHA2, text: String, expected: String) {
        #expect(hex(digest.digest(Array(text.utf8).span)) == expected)
    }

    /// The expected values come from another implementation (OpenSSL's).
    @Test(arguments: [
        (
            SHA2.sha256,
            "9f6e6586d897757e761c715dfc46457eb5432f66465893939347e24ba14f4f02"
        ),
        (
            SHA2.sha384,
            "82e814c231f4529efa4d5bda18df0700543b6d4b06c1a19be318203cbbe67815"
                + "b9afcd7e638a746a0c0f973aa6de6566"
        ),
        (
            SHA2.sha512,
            "28f7a01c58a081181931502012456890f1dc98a969abd1a4beb76b9cebab3928"
                + "17ff8475029a8295d5a032194c24f276bb235423861b9acdd81d2b74cadfd32d"
        ),
    ])
    func `messages of every length around the blocks have the right digests`(digest: SHA2, expected: String) {
        var chain: [UInt8] = []
        for count in 0..<300 {
            let message = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + count) }
            chain += digest.digest(message.span)
            chain = digest.digest(chain.span)
        }
        #expect(hex(chain) == expected)
    }
}
