import Testing
import WSQueueBroker

@Suite struct RateLimiterTests {
    static let rule = RateRule(perSecond: 10, burst: 5)
    static let second: Int64 = 1_000_000_000

    @Test(arguments: [0, 1, 7 * second]) func `a burst is allowed and not one more`(now: Int64) {
        var limiter = RateLimiter()
        let allowed = (0..<20).filter { _ in limiter.take(Self.rule, now: now) }
        #expect(allowed.count == 5)
    }

    @Test func `after a burst the average is allowed`() {
        var limiter = RateLimiter()
        for _ in 0..<5 { _ = limiter.take(Self.rule, now: 0) }
        // A try every millisecond: ten of a thousand succeed in a second.
        let allowed = (1...1_000).filter { limiter.take(Self.rule, now: Int64($0) * 1_000_000) }
        #expect(allowed.count == 10)
    }

    @Test func `who keeps to the average is never refused`() {
        var limiter = RateLimiter()
        let refused = (0..<1_000).filter { !limiter.take(Self.rule, now: Int64($0) * Self.second / 10) }
        #expect(refused.isEmpty)
    }

    @Test func `rest gives back a burst and no more`() {
        var limiter = RateLimiter()
        for _ in 0..<5 { _ = limiter.take(Self.rule, now: 0) }
        let allowed = (0..<20).filter { _ in limiter.take(Self.rule, now: 3_600 * Self.second) }
        #expect(allowed.count == 5)
    }

    @Test(arguments: [1, 7, 60, 1_000]) func `whoever waits as long as he is told is allowed one more`(count: Int) {
        let rule = RateRule(perMinute: count)
        var limiter = RateLimiter()
        let allowed = (0...count).filter { _ in limiter.take(rule, now: Self.second) }
        #expect(allowed.count == count)
        let moment = Self.second + limiter.wait(rule, now: Self.second)
        #expect(moment - Self.second == 60 * Self.second / Int64(count))
        let answers = [limiter.take(rule, now: moment - 1), limiter.take(rule, now: moment)]
        #expect(answers == [false, true])
        #expect(RateLimiter().wait(rule, now: 0) == 0)
    }
}
