/// Counts attempts to reach a server, and decides when the next one is made.
struct ConnectionAttempts {
    /// Whether the server has ever answered.
    private(set) var hasSucceeded = false
    private var failures = 0
    private var wishedMilliseconds: Int?

    private static let longestMilliseconds = 20_000

    /// The server says how long to wait.
    mutating func wish(milliseconds: Int?) { wishedMilliseconds = milliseconds ?? wishedMilliseconds }

    /// It has answered.
    ///
    /// - Returns: Whether it did not before.
    mutating func noteSuccess() -> Bool {
        let isAgain = failures > 0
        hasSucceeded = true
        failures = 0
        return isAgain
    }

    /// Counts an attempt that has failed.
    ///
    /// - Returns: What to report, if it is the first in a row, and how many milliseconds to wait, at random.
    mutating func noteLost(_ reason: String) -> (report: String?, delay: ClosedRange<Int>) {
        let first = min(Self.longestMilliseconds, wishedMilliseconds ?? 1_000)
        let longest = min(Self.longestMilliseconds, max(first, 250) << min(failures, 6))
        let report = failures == 0 ? "\(reason); connecting again" : nil
        failures += 1
        return (report, longest / 2...longest)
    }
}
