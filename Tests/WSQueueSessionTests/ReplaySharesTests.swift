import Testing
import WSQueueSession

struct ReplaySharesTests {
    private static let second: Int64 = 1_000_000_000
    private static let here: [UInt8] = [1]
    private static let there: [UInt8] = [2]

    @Test func `an address that has taken two seconds rests three times as long as each further step takes`() {
        var shares = ReplayShares()
        shares.charge(2 * Self.second, to: Self.here, now: 0)
        #expect(!shares.mustRest(Self.here, now: 0))
        shares.charge(10, to: Self.here, now: 0)
        #expect(!shares.mustRest(Self.here, now: 0), "it was not over before that")
        shares.charge(100, to: Self.here, now: 50)
        #expect(shares.mustRest(Self.here, now: 349) && shares.goesOnAt == 350)
        #expect(!shares.mustRest(Self.here, now: 350))
        #expect(!shares.mustRest(Self.there, now: 100), "others need not")
        shares.charge(500, to: Self.there, now: 300)
        #expect(shares.goesOnAt == 350, "nor does their time count")
    }

    @Test func `a twentieth of the time is forgotten, and so are those that have taken nothing since`() {
        var shares = ReplayShares()
        shares.charge(3 * Self.second, to: Self.here, now: 0)
        shares.charge(1, to: Self.here, now: 19 * Self.second)
        #expect(shares.mustRest(Self.here, now: 19 * Self.second + 1))
        shares.charge(Self.second, to: Self.here, now: 21 * Self.second)
        #expect(!shares.mustRest(Self.here, now: 21 * Self.second + 1))
        for number in 0..<5_000 {
            shares.charge(1, to: Array("\(number)".utf8), now: 100 * Self.second)
        }
        #expect(!shares.mustRest(Self.here, now: 100 * Self.second))
    }
}
