package import WSQueueSystem

/// What keeps files from being taken in their order for the moment: one cannot be read or looked at, or the directory cannot
/// be listed.
///
/// An error that comes once does not change the order. Where one lasts, what can be taken goes on after a second, unless it
/// says that the machine is short of something: then nothing else could be read either.
package struct IntakeTrouble {
    /// Until then nothing is taken.
    private var pauseEnd: Int64?
    /// Since when the directory cannot be listed.
    private var unlistedSince: Int64?
    /// Since when there are files that cannot be looked at.
    private var unplacedSince: Int64?
    /// Whether a server before this one may have taken files and not deleted them.
    package var mayHaveTaken = false

    private static let pauseNanoseconds: Int64 = 20_000_000
    private static let patienceNanoseconds: Int64 = 1_000_000_000

    package init() {}

    /// Whether nothing is taken now.
    package var isPausing: Bool { pauseEnd != nil }
    /// Whether there are files that cannot be looked at.
    package var hasUnplaced: Bool { unplacedSince != nil }
    /// When files are taken again, monotonic nanoseconds.
    package var end: Int64 { pauseEnd ?? .max }

    /// Ends the pause that is over.
    package mutating func look(now: Int64) { if let end = pauseEnd, now >= end { pauseEnd = nil } }

    /// Ends the pause: other files are meant from now on.
    package mutating func endPause() { pauseEnd = nil }

    /// Begins a pause, because a file could not be read.
    package mutating func pause(now: Int64) { pauseEnd = now + Self.pauseNanoseconds }

    /// Notes that the directory could not be listed, and will be again at a moment: what notices tell of would go first.
    package mutating func noteUnlisted(_ error: SystemCallError, until moment: Int64, now: Int64) {
        let since = unlistedSince ?? now
        unlistedSince = since
        if Self.waits(for: error, since: since, now: now) { pauseEnd = moment }
    }

    package mutating func noteListed() { unlistedSince = nil }

    /// Notes whether there are files that cannot be looked at, and will be again at a moment: others would overtake them.
    ///
    /// - Parameter error: Why they cannot; `nil` where there are none.
    /// - Returns: Whether there are some, and have been none before.
    package mutating func noteUnplaced(_ error: SystemCallError?, until moment: Int64, now: Int64) -> Bool {
        guard let error else {
            unplacedSince = nil
            return false
        }
        defer { unplacedSince = unplacedSince ?? now }
        if Self.waits(for: error, since: unplacedSince ?? now, now: now) { pauseEnd = moment }
        return unplacedSince == nil
    }

    /// Whether an error is one to wait for.
    static func waits(for error: SystemCallError, since: Int64, now: Int64) -> Bool {
        error.isShortage || now - since < patienceNanoseconds
    }
}
