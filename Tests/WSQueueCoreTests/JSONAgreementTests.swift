import Foundation
import Testing
import WSQueueCore

struct JSONAgreementTests {
    @Test func `random documents are accepted`() {
        var random = RandomJSON(seed: 1)
        for _ in 0..<2000 {
            let text = Array(random.value(depth: 5).utf8)
            #expect(JSONScanner.fault(of: text) == nil, "\(String(decoding: text, as: UTF8.self))")
        }
    }

    /// Foundation refuses two things that are grammatical, because it must make values of them: escapes of half a
    /// surrogate pair, and numbers too large for a `Double`. With both taken out, it must accept what we accept.
    @Test func `spoiled documents are judged as Foundation judges them, but for halves of pairs and huge numbers`() {
        var random = RandomJSON(seed: 2)
        var accepted = 0
        for _ in 0..<20_000 {
            let text = random.mutation(of: Array(random.value(depth: 3).utf8))
            let isOurs = JSONScanner.fault(of: text) == nil
            accepted += isOurs ? 1 : 0
            if isOurs == isAcceptedByFoundation(text) { continue }
            #expect(isOurs, "Foundation alone accepts \(hex(text))")
            #expect(isAcceptedByFoundation(repaired(text)), "we alone accept \(hex(text))")
        }
        #expect((1000...19_000).contains(accepted))
    }

    @Test func `the members of random objects are those that Foundation finds`() throws {
        var random = RandomJSON(seed: 3)
        for _ in 0..<2000 {
            let text = Array(
                "{\"first\":\(random.value(depth: 4)) , \"\\u0073econd\" : \(random.value(depth: 2)) }".utf8)
            let members = try JSONObjectReader.members(of: text)
            #expect(members.map(\.isNameEscaped) == [false, true])
            let theirs = try JSONSerialization.jsonObject(with: Data(text)) as? [String: Any]
            for (member, name) in zip(members, ["first", "second"]) {
                #expect(JSONString.text(of: member.name, in: text) == name)
                let ours = try JSONSerialization.jsonObject(with: Data(text[member.value]), options: .fragmentsAllowed)
                #expect(ours as? NSObject == theirs?[name] as? NSObject)
            }
        }
    }

    private func isAcceptedByFoundation(_ text: [UInt8]) -> Bool {
        (try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)) != nil
    }

    private func repaired(_ text: [UInt8]) -> [UInt8] {
        let plain = String(decoding: text, as: UTF8.self).replacing(/\\u[dD][89a-fA-F][0-9a-fA-F]{2}/, with: "\\u0041")
        return Array(plain.replacing(/[eE][+-]?[0-9]+/) { "e" + String(repeating: "0", count: $0.0.count - 1) }.utf8)
    }
}
