import Testing
import WSQueueBroker
import WSQueueCore
import WSQueueLog
import WSQueueOperation

@testable import WSQueueHub

struct PublisherJudgeTests {
    private func rules(_ text: String) throws -> PublisherRules {
        try PublisherRuleFile.decode(Array(text.utf8).span, user: { UInt32($0) }, group: { UInt32($0) })
    }

    private func refusal(
        _ judge: inout PublisherJudge, _ text: String, by owner: String?, user: UInt32 = 0
    ) throws -> PublisherJudge.Refusal? {
        let bytes = Array(text.utf8)
        let event = try EventText.decode(bytes.span)
        let owner = owner.map { EventOwner(Array($0.utf8)) } ?? .unknown
        return judge.refusal(of: event, in: bytes.span, by: owner, user: user)
    }

    @Test func `without rules nothing is judged`() { #expect(PublisherJudge(nil) == nil) }

    @Test func `a refusal says who may not do what`() throws {
        let policy = PublisherPolicy(
            try rules(#"[{"from": "0", "event": "a.*", "channel": "c"}, {"from": "http:2"}]"#))
        var judge = try #require(PublisherJudge(policy))
        let event = { (name: String, channels: String) in #"{"event":"\#(name)"\#(channels)}"# }
        #expect(try refusal(&judge, event("a.b", #","channel":"c""#), by: "0") == nil)
        #expect(try refusal(&judge, event("x", ""), by: "http:2") == nil)
        for (text, owner, said) in [
            (event("b", #","channel":"c""#), "0", "root may not publish b: no rule"),
            (event("a.b", #","channel":"d""#), "0", "root may not publish a.b into d: no rule"),
            (event("a.b", ""), "0", "root may not publish a.b without a channel: no rule"),
            (event("a.b", ""), "http:1", "http:1 may not publish a.b: no rule"),
        ] {
            let found = try #require(try refusal(&judge, text, by: owner))
            #expect(found.reason.hasPrefix(said) && found.publisher == (owner == "0" ? "root" : owner))
        }
        let unknown = try #require(try refusal(&judge, event("a.b", ""), by: nil))
        #expect(unknown.reason.hasPrefix("one of whom no one can tell who it is") && unknown.publisher == "?")
        policy.renew(try rules(#"[{"from": "*"}]"#))
        #expect(try refusal(&judge, event("b", ""), by: nil) == nil)
    }
}
