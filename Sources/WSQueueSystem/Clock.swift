internal import WSQueueLibc

/// The clocks (clock_gettime(2)).
package enum Clock {
    /// Nanoseconds since 1970, which may jump when the clock is set.
    package static func unixNanoseconds() -> Int64 { nanoseconds(CLOCK_REALTIME) }

    /// Nanoseconds since some fixed moment, which only go forward: for time limits.
    package static func monotonicNanoseconds() -> Int64 { nanoseconds(CLOCK_MONOTONIC) }

    /// Nanoseconds since the machine came up, those in which it slept too: for ages.
    package static func bootNanoseconds() -> Int64 { nanoseconds(CLOCK_BOOTTIME) }

    /// Nanoseconds of processor time that all threads of this process have used.
    package static func processorNanoseconds() -> Int64 { nanoseconds(CLOCK_PROCESS_CPUTIME_ID) }

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        _ = unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension Clock {
    /// Sleeps a millisecond, for the few places that wait for another thread's end (nanosleep(2)).
    package static func pause() { sleep(nanoseconds: 1_000_000) }

    /// Sleeps (nanosleep(2)); a signal may end it sooner.
    package static func sleep(nanoseconds: Int64) {
        let (seconds, rest) = max(0, nanoseconds).quotientAndRemainder(dividingBy: 1_000_000_000)
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(rest))
        _ = unsafe nanosleep(&time, nil)
    }
}

/// The wall clock as it was at one moment, carried on by the machine's own time: for what must end at its moment although the
/// wall clock is set meanwhile.
package struct SteadyClock: Sendable {
    private let offset = Clock.unixNanoseconds() - Clock.bootNanoseconds()

    /// Begins with the present moment.
    package init() {}

    /// Nanoseconds since 1970.
    package func unixNanoseconds() -> Int64 { Clock.bootNanoseconds() + offset }
}
