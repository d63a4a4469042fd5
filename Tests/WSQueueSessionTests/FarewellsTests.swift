import Testing
import WSQueueSession

struct FarewellsTests {
    @Test func `why a client was closed is told once, and of another one nothing`() {
        var farewells = Farewells()
        farewells.name(3, 4_008, "slow")
        #expect(farewells.take(2) == nil)
        let reason = farewells.take(3)
        #expect(reason?.code == 4_008 && reason?.text == "slow")
        #expect(farewells.take(3) == nil)
    }

    @Test func `what is kept for clients has a limit, and room again when they have gone`() {
        var farewells = Farewells()
        let half = 4 * 1_048_576
        for slot in 1...2 {
            let isKept = farewells.keep(half, slot)
            #expect(isKept)
        }
        let isFull = !farewells.keep(1, 3)
        #expect(isFull)
        #expect(farewells.take(1) == nil, "it was not named why it was closed")
        let hasRoom = farewells.keep(half, 3)
        #expect(hasRoom)
    }

    @Test func `what goes on sending is read for a while`() {
        var farewells = Farewells()
        let isRead = farewells.discard(1_048_576, 1)
        let isReadOn = farewells.discard(1, 1)
        #expect(isRead && !isReadOn)
    }

    @Test func `a client has three seconds for its end, and ten where its socket is full`() {
        var farewells = Farewells()
        let second: Int64 = 1_000_000_000
        farewells.begin(1, isSlow: true, now: 0)
        farewells.begin(2, isSlow: false, now: 0)
        func over(at now: Int64) -> UInt64? { farewells.next(now: now) }
        #expect(over(at: 3 * second - 1) == nil)
        #expect(over(at: 3 * second) == 2)
        #expect(over(at: 10 * second - 1) == nil)
        #expect(over(at: 10 * second) == 1)
        #expect(over(at: .max) == nil)
    }
}
