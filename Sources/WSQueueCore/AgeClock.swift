/// How old things are whose times were taken from the wall clock, while that may be set.
///
/// Within a run ages grow as the machine's own time does (`CLOCK_BOOTTIME`), whatever happens to the wall clock: each time
/// belongs to the stretch between two jumps in which it was taken. What is from before the run is as old as the run at
/// least, and as the wall clock says once that has gone steadily for an hour: a machine may come up with 1970, or two days
/// ahead, until it has asked for the time.
///
/// It is decided here without a clock: ``observe(uptime:unix:)`` is to be called every second or so.
package struct AgeClock: Equatable, Sendable {
    /// A time in which the wall clock went steadily.
    private struct Stretch: Equatable {
        /// A moment by both clocks.
        let unix: Int64
        let uptime: Int64
        /// The first and last times that were taken in it.
        var first: Int64
        var last: Int64
    }

    /// A jump of the wall clock that the operator should know of.
    package struct Jump: Equatable, Sendable {
        /// By how much, nanoseconds; negative where the clock was set back.
        package let nanoseconds: Int64
    }

    /// A clock that jumps farther is not believed for so long.
    package static let distrustNanoseconds: Int64 = 3_600_000_000_000
    /// Clocks are set by small steps, too, and are never read in the same instant.
    private static let toleranceNanoseconds: Int64 = 1_000_000_000
    private static let stretchLimit = 16

    private let start: Int64
    private let startUnix: Int64
    private var uptime: Int64
    private var stretches: [Stretch]
    /// Since when there has been no great jump, by the machine's own time.
    private var steadySince: Int64
    /// Until when nothing may go for its age.
    private var quietUntil = Int64.min

    /// Begins with a run.
    ///
    /// - Parameters:
    ///   - uptime: The machine's own time, nanoseconds.
    ///   - unix: The wall clock, nanoseconds.
    package init(uptime: Int64, unix: Int64) {
        start = uptime
        startUnix = unix
        self.uptime = uptime
        steadySince = uptime
        stretches = [Stretch(unix: unix, uptime: uptime, first: unix, last: unix)]
    }

    /// Takes note of the present moment.
    ///
    /// - Returns: The jump that has been found, if it is a great one.
    @discardableResult
    package mutating func observe(uptime now: Int64, unix: Int64) -> Jump? {
        let elapsed = max(0, now - uptime)
        let last = stretches.count - 1
        let expected = stretches[last].last + elapsed
        uptime += elapsed
        let jump = unix - expected
        guard abs(jump) > Self.toleranceNanoseconds else {
            stretches[last].last = max(unix, stretches[last].last)
            return nil
        }
        // The clock was set at some moment since the last look.
        stretches[last].last = expected
        stretches.append(Stretch(unix: unix, uptime: uptime, first: unix - elapsed, last: unix))
        if stretches.count > Self.stretchLimit { mergeOldest() }
        guard abs(jump) > Self.distrustNanoseconds else { return nil }
        steadySince = uptime
        quietUntil = uptime + Self.distrustNanoseconds
        return Jump(nanoseconds: jump)
    }

    /// Whether things may go for their age: not in the hour after a great jump.
    package var mayTrim: Bool { uptime >= quietUntil }

    /// How old something is, nanoseconds; 0 where its time is still to come.
    ///
    /// - Parameter time: When it was made, as the wall clock said then.
    package func age(of time: Int64) -> Int64 {
        let ages = stretches.compactMap { stretch -> Int64? in
            guard time >= stretch.first, time <= stretch.last else { return nil }
            // Of two stretches that were made one, no more than the younger's time is sure.
            return uptime - stretch.uptime - max(0, time - stretch.unix)
        }
        // Where the clock was set back a time may have been twice: the younger one takes nothing away.
        if let least = ages.min() { return max(0, least) }
        let present = stretches[stretches.count - 1].last
        guard time < present else { return 0 }
        let run = uptime - start
        guard uptime - steadySince >= Self.distrustNanoseconds else { return run }
        let (age, isTooLong) = present.subtractingReportingOverflow(time)
        return isTooLong ? .max : max(run, age)
    }

    /// For how long something has waited: what was there before the run by the wall clock at its start.
    package func waitingTime(since time: Int64) -> Int64 {
        guard time < startUnix, !stretches.contains(where: { time >= $0.first && time <= $0.last }) else {
            return age(of: time)
        }
        let (before, isTooLong) = startUnix.subtractingReportingOverflow(time)
        let (all, isOver) = before.addingReportingOverflow(uptime - start)
        return isTooLong || isOver ? .max : all
    }

    /// Makes one of the two oldest stretches, in which things count as younger than they may be.
    private mutating func mergeOldest() {
        let first = stretches.removeFirst()
        stretches[0].first = min(first.first, stretches[0].first)
        stretches[0].last = max(first.last, stretches[0].last)
    }
}
