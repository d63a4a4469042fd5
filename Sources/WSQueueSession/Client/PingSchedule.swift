/// When a loop looks at what has become due, and whose turn it is to be pinged: a slot's number is its place on the wheel, so
/// that no client keeps a timer.
package struct PingSchedule {
    private let tickNanoseconds: Int64
    private var nextTick: Int64
    private var tickNumber = 0
    /// How many ticks lie between two pings of one client; 0 where none is sent.
    private let period: Int
    /// How many lie between a ping and the end of the time for its answer.
    private let answer: Int

    /// Waking up costs more than looking, so it is seldom where nothing is due in less than seconds.
    package init(pingMilliseconds: Int, pongMilliseconds: Int, now: Int64) {
        tickNanoseconds = pingMilliseconds < 10_000 ? 100_000_000 : 250_000_000
        nextTick = now + tickNanoseconds
        let tickMilliseconds = Int(tickNanoseconds / 1_000_000)
        period = pingMilliseconds > 0 ? max(1, pingMilliseconds / tickMilliseconds) : 0
        answer = min(max(0, period - 1), max(1, pongMilliseconds / tickMilliseconds))
    }

    /// Whether it is time to look.
    package func isDue(now: Int64) -> Bool { now >= nextTick }

    /// Notes that a loop has looked.
    package mutating func tick(now: Int64) {
        nextTick = max(nextTick + tickNanoseconds, now)
        tickNumber += 1
    }

    /// How long the loop may sleep, rounded up: waking a moment early would be for nothing.
    package func sleepMilliseconds(now: Int64) -> Int32 {
        let left = min(tickNanoseconds, nextTick - now)
        return Int32(max(1, (left + 999_999) / 1_000_000))
    }

    /// The slots whose answer is due now. With a period of one tick they are those that are pinged next.
    package func slotsToAnswer(of count: Int) -> StrideTo<Int> {
        guard period > 0 else { return stride(from: 0, to: 0, by: 1) }
        return stride(from: (tickNumber % period + period - answer) % period, to: count, by: period)
    }

    /// The slots that are pinged now.
    package func slotsToPing(of count: Int) -> StrideTo<Int> {
        guard period > 0 else { return stride(from: 0, to: 0, by: 1) }
        return stride(from: tickNumber % period, to: count, by: period)
    }
}
