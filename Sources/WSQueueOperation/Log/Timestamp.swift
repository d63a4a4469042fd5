internal import WSQueueCore

/// Times as people read them.
package enum Timestamp {
    /// UTC with milliseconds: `2026-11-21T03:04:05.678Z` (RFC 3339).
    ///
    /// - Parameter unixNanoseconds: Any time from the year 0 to 9999.
    package static func text(_ unixNanoseconds: Int64) -> String {
        let milliseconds = floorDivide(unixNanoseconds, 1_000_000)
        let seconds = floorDivide(milliseconds, 1_000)
        let days = floorDivide(seconds, 86_400)
        let second = Int(seconds - days * 86_400)
        let date = CivilDate(daysSince1970: Int(days))
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))T\(padded(second / 3_600, 2)):"
            + "\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2)).\(padded(Int(milliseconds - seconds * 1_000), 3))Z"
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((divisor - 1 - value) / divisor)
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
