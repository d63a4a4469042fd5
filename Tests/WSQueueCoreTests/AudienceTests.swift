import Testing
import WSQueueCore

struct AudienceTests {
    @Test func `only what is for all but some is for nearly everyone`() {
        let audiences: [Audience] = [
            .everyoneExcept(Exceptions()), .everyone, .channel("a", except: Exceptions()),
            .users(["u"], channel: "a", except: Exceptions()),
        ]
        #expect(audiences.map(\.isNearlyEveryone) == [true, false, false, false])
        #expect(audiences.map(\.channel) == [nil, nil, "a", "a"])
    }
}
