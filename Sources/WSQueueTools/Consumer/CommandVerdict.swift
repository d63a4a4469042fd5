package import WSQueueSystem

/// What the end of a durable consumer's command means for the event that it was given.
package enum CommandVerdict: Equatable, Sendable {
    /// It has done what was to be done.
    case done
    /// It will never take this event, and says so by its status.
    case refused
    /// It could not do it this time, why: the same event is given to it again.
    case failed(String)

    /// The status by which a command refuses an event (sysexits.h, `EX_DATAERR`).
    package static let refusal: Int32 = 65

    /// Reads how a command has ended.
    package init(_ end: ChildProcess.End) {
        switch end {
        case .exited(0): self = .done
        case .exited(Self.refusal): self = .refused
        case .exited(let status): self = .failed("exited with \(status)")
        case .signaled(let number): self = .failed("was ended by signal \(number)")
        }
    }
}

/// How long to wait before the same is tried again: a second, then twice as long each time, five minutes at most.
package struct Backoff: Sendable {
    private var next = Self.shortest

    private static let shortest: Int64 = 1_000_000_000
    private static let longest: Int64 = 300_000_000_000

    /// Begins with the shortest wait.
    package init() {}

    /// Counts a failure.
    ///
    /// - Returns: How long to wait after it, nanoseconds.
    package mutating func wait() -> Int64 {
        defer { next = min(2 * next, Self.longest) }
        return next
    }
}

/// What a durable consumer does when the server no longer has something that it should have been given.
package enum GapPolicy: String, CaseIterable, Sendable {
    /// Ends before anything after the gap is done: a person decides.
    case stop
    /// Says it and goes on with what is there.
    case go
}
