/// When a loop looks at what has become due, and whose turn it is: a slot's number is its place on the wheel, so that no
/// client keeps a timer, and pings are spread however clients come.
///
/// A client that has been heard need not be asked. Its slot has several turns between two pings, so that it is asked in the
/// last one before it would have said nothing for too long: one that is gone is found as soon as one that never spoke.
package struct PingSchedule {
    private let tickNanoseconds: Int64
    private var nextTick: Int64
    private var tickNumber = 0
    /// How many ticks lie between two turns of one slot; 0 where no ping is sent.
    private let turnTicks: Int
    /// How many turns there are from one ping to the next.
    private let turnsPerPing: Int
    /// How many ticks lie between a ping and the end of the time for its answer.
    private let answerTicks: Int

    /// Waking up costs more than looking, so it is seldom where nothing is due in less than seconds.
    package init(pingMilliseconds: Int, pongMilliseconds: Int, now: Int64) {
        tickNanoseconds = pingMilliseconds < 10_000 ? 100_000_000 : 250_000_000
        nextTick = now + tickNanoseconds
        let tickMilliseconds = Int(tickNanoseconds / 1_000_000)
        let period = pingMilliseconds > 0 ? max(1, pingMilliseconds / tickMilliseconds) : 0
        // At least four turns, where there are as many ticks, and never more than seven.
        turnTicks = period > 0 ? max(1, period / 4) : 0
        turnsPerPing = period > 0 ? period / turnTicks : 0
        answerTicks = min(max(0, turnTicks * turnsPerPing - 1), max(1, pongMilliseconds / tickMilliseconds))
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

    /// The slots at which the time for an answer may be over now (``isOverdue(_:)``); before those that have their turn.
    package func slotsToJudge(of count: Int) -> StrideTo<Int> { slots(of: count, ticksAgo: answerTicks) }

    /// The slots that have their turn now (``takeTurn(_:)``).
    package func slotsInTurn(of count: Int) -> StrideTo<Int> { slots(of: count, ticksAgo: 0) }

    private func slots(of count: Int, ticksAgo: Int) -> StrideTo<Int> {
        guard turnTicks > 0 else { return stride(from: 0, to: 0, by: 1) }
        let place = (tickNumber - ticksAgo) % turnTicks
        return stride(from: place < 0 ? place + turnTicks : place, to: count, by: turnTicks)
    }

    /// Whether a client has not answered in time.
    package func isOverdue(_ signs: LifeSigns) -> Bool {
        // The turns that it has had in that time, without one at its end.
        signs.waits(turns: UInt8(max(0, answerTicks - 1) / max(1, turnTicks)))
    }

    /// A client has its turn. Those that came together are not pinged together.
    ///
    /// - Returns: Whether it is to be pinged.
    package func takeTurn(_ signs: inout LifeSigns, slot: Int) -> Bool {
        signs.place(after: UInt8(slot / max(1, turnTicks) % max(1, turnsPerPing)))
        return signs.takeTurn(pingAfter: UInt8(turnsPerPing))
    }
}
