import Foundation
import Testing
import WSQueueCore

struct SHA1Tests {
    @Test(arguments: ["sha-nist/SHA1ShortMsg.rsp", "sha-nist/SHA1LongMsg.rsp"])
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
                #expect(hex(SHA1.digest(message)) == fields[1])
                count += 1
            default: continue
            }
        }
        #expect(count >= 4)
    }

    @Test func `NIST's chain of 10,000 digests ends where it should`() throws {
        let values = try Corpus.lines("sha-nist/SHA1Monte.rsp").filter { $0.hasPrefix("MD") || $0.hasPrefix("Seed") }
            .map { String($0.split(separator: "=")[1]) }
        try #require(values.count == 101)
        var seed = bytes(hex: values[0])
        for expected in values.dropFirst().prefix(10) {
            var last = [seed, seed, seed]
            for _ in 0..<1000 { last = [last[1], last[2], SHA1.digest(last[0] + last[1] + last[2])] }
            seed = last[2]
            #expect(seed == bytes(hex: expected))
        }
    }

    @Test func `the key of RFC 6455's example is accepted with the answer it gives`() {
        let key = Array("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)
        let answer = Base64.standard.encode(SHA1.digest(key))
        #expect(String(decoding: answer, as: UTF8.self) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }
}
