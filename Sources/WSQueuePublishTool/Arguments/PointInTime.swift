internal import WSQueueCore
internal import WSQueueSystem

/// A moment as people write it.
package enum PointInTime {
    /// Reads a moment: `@` and Unix seconds; a date and a time with `Z`, with an offset, or as clocks here show it; or a
    /// time of day alone, which is the next one here.
    ///
    /// - Parameters:
    ///   - text: Such as `@1795231805.5`, `2026-11-21T18:00:00Z`, `2026-11-21 18:00+01:00`, `2026-11-21 18:00`, `18:00`.
    ///   - unix: Now, Unix nanoseconds.
    /// - Returns: Unix nanoseconds; `nil` for anything else.
    package static func parse(_ text: String, unix: Int64) -> Int64? {
        var reader = Reader(text)
        if reader.take("@") { return reader.seconds().flatMap { reader.isAtEnd ? $0 : nil } }
        guard let date = reader.date() else { return timeOfDay(&reader, unix: unix) }
        guard reader.take("T") || reader.take("t") || reader.take(" "), let time = reader.time() else { return nil }
        if reader.isAtEnd { return local(date, time) }
        guard let offset = reader.offset(), reader.isAtEnd, let day = inCalendar(date) else { return nil }
        return nanoseconds(Int64(day.daysSince1970) * 86_400 + time.seconds - offset, time.fraction)
    }

    private static func timeOfDay(_ reader: inout Reader, unix: Int64) -> Int64? {
        guard let time = reader.time(), reader.isAtEnd else { return nil }
        let seconds = unix / 1_000_000_000
        guard let today = local(LocalTime.date(unixSeconds: seconds), time) else { return nil }
        if today > unix { return today }
        // A day may have 23 to 25 hours: the date of noon tomorrow is tomorrow's.
        return local(LocalTime.date(unixSeconds: today / 1_000_000_000 - time.seconds + 129_600), time)
    }

    private static func local(_ date: Date, _ time: Reader.Time) -> Int64? {
        guard inCalendar(date) != nil else { return nil }
        let seconds = LocalTime.unixSeconds(
            year: date.year, month: date.month, day: date.day, hour: time.hour, minute: time.minute,
            second: time.second)
        return nanoseconds(seconds, time.fraction)
    }

    private static func nanoseconds(_ seconds: Int64, _ fraction: Int64) -> Int64? {
        // The time must fit into the name of a file.
        seconds >= 0 && seconds < 9_200_000_000 ? seconds * 1_000_000_000 + fraction : nil
    }

    private static func inCalendar(_ date: Date) -> CivilDate? {
        CivilDate(year: date.year, month: date.month, day: date.day)
    }

    private typealias Date = (year: Int, month: Int, day: Int)
}

/// Takes a text apart from the front.
private struct Reader {
    typealias Time = (hour: Int, minute: Int, second: Int, fraction: Int64, seconds: Int64)

    private var rest: Substring.UTF8View

    init(_ text: String) { rest = text.utf8[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    mutating func seconds() -> Int64? {
        guard let whole = number(1...10), whole < 9_200_000_000 else { return nil }
        guard take(".") else { return Int64(whole) * 1_000_000_000 }
        return fraction().map { Int64(whole) * 1_000_000_000 + $0 }
    }

    mutating func date() -> (year: Int, month: Int, day: Int)? {
        let start = rest
        guard let year = number(4...4), take("-"), let month = number(2...2), take("-"), let day = number(2...2) else {
            rest = start
            return nil
        }
        return (year, month, day)
    }

    mutating func time() -> Time? {
        guard let hour = number(1...2), hour < 24, take(":"), let minute = number(2...2), minute < 60 else {
            return nil
        }
        var (second, part) = (0, Int64(0))
        if take(":") {
            guard let given = number(2...2), given < 60 else { return nil }
            second = given
            if take(".") {
                guard let given = fraction() else { return nil }
                part = given
            }
        }
        return (hour, minute, second, part, Int64(hour * 3_600 + minute * 60 + second))
    }

    /// Seconds east of Greenwich; `nil` when what stands here is no zone.
    mutating func offset() -> Int64? {
        if take("Z") || take("z") { return 0 }
        let sign: Int64 = rest.first == UInt8(ascii: "-") ? -1 : 1
        guard take("+") || take("-"), let hours = pair() else { return nil }
        _ = take(":")
        guard let minutes = isAtEnd ? 0 : pair(), minutes < 60, hours < 24 else { return nil }
        return sign * Int64(hours * 3_600 + minutes * 60)
    }

    private mutating func pair() -> Int? {
        let digits = rest.prefix(2)
        guard digits.count == 2, digits.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else { return nil }
        rest = rest[digits.endIndex...]
        return Int(Substring(digits))
    }

    private mutating func number(_ count: ClosedRange<Int>) -> Int? {
        let digits = rest.prefix { $0 &- UInt8(ascii: "0") < 10 }
        guard count.contains(digits.count), let value = Int(Substring(digits)) else { return nil }
        rest = rest[digits.endIndex...]
        return value
    }

    private mutating func fraction() -> Int64? {
        let digits = rest.prefix { $0 &- UInt8(ascii: "0") < 10 }
        guard !digits.isEmpty else { return nil }
        rest = rest[digits.endIndex...]
        var (sum, unit) = (Int64(0), Int64(100_000_000))
        for digit in digits.prefix(9) {
            sum += Int64(digit - UInt8(ascii: "0")) * unit
            unit /= 10
        }
        return sum
    }
}
