import Testing
import WSQueueSession

struct TokenTimesTests {
    @Test func `times come in order, each when it is due`() {
        var times = TokenTimes()
        for (time, token) in [(30, 3), (10, 1), (20, 2)] { times.insert(Int64(time), UInt64(token)) { _ in true } }
        #expect(times.next(at: 9) == nil)
        #expect(times.next(at: 25) == 1)
        #expect(times.next(at: 25) == 2)
        #expect(times.next(at: 25) == nil)
        #expect(times.next(at: 30) == 3)
    }

    @Test func `a hundred thousand clients that have gone leave no more behind than a thousand`() {
        var times = TokenTimes()
        for token in 0..<100_000 { times.insert(.max, UInt64(token)) { $0 == 7 } }
        #expect(times.count <= 1_025)
        #expect(times.next(at: .max) != nil)
    }

    @Test func `those of clients that are there stay, each time once`() {
        var times = TokenTimes()
        for token in 0..<3_000 { times.insert(Int64(token), UInt64(token)) { _ in true } }
        #expect(times.count == 3_000)
        for _ in 0..<10_000 { times.insert(5_000, 1) { _ in true } }
        #expect(times.count <= 6_100)
        for token in 0..<3_000 { #expect(times.next(at: 4_000) == UInt64(token)) }
        #expect(times.next(at: 4_000) == nil)
    }
}
