internal import WSQueueCore
internal import WSQueueOperation

/// How old things are in this run, and the log's line where the wall clock is set.
struct Ages {
    private var known: AgeClock?
    private let log: Log

    init(log: Log) { self.log = log }

    /// How old things are; only after the first `observe`.
    var clock: AgeClock { known ?? AgeClock(uptime: 0, unix: 0) }

    /// Takes note of the present moment, by the machine's own time and by the wall clock.
    mutating func observe(uptime: Int64, unix: Int64) {
        guard var clock = known.take() else {
            known = AgeClock(uptime: uptime, unix: unix)
            return
        }
        if let jump = clock.observe(uptime: uptime, unix: unix) {
            log.write(
                LogLine(.warning, "clock.jump").with("seconds", jump.nanoseconds / 1_000_000_000)
                    .with("hint", "the wall clock was set; within an hour nothing goes for its age"))
        }
        known = clock
    }
}
