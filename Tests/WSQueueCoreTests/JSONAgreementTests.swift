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

    @Test func `spoiled documents are judged as Foundation judges them`() {
        var random = RandomJSON(seed: 2)
        var counts: [String: Int] = [:]
        for _ in 0..<20000 {
            let text = random.mutation(of: Array(random.value(depth: 3).utf8))
            let ours = JSONScanner.fault(of: text) == nil
            let theirs = (try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)) != nil
            counts["\(ours) \(theirs)", default: 0] += 1
            if ours != theirs, counts["\(ours) \(theirs)"]! < 40 { print(ours, theirs, String(decoding: text, as: UTF8.self).debugDescription, hex(Array(text.prefix(20)))) }
        }
        print(counts)
    }
}
