/// From where on a client wants what was published, as it says it (SPEC §4).
package enum Since: Hashable, Sendable {
    /// Behind a place.
    case cursor(Cursor)
    /// With the oldest event that there is.
    case all
    /// With what comes.
    case latest
    /// With what came so long ago, nanoseconds.
    case age(Int64)
    /// With what has come since a time, Unix nanoseconds.
    case time(Int64)

    /// What a message says is wanted.
    package static let wanted = "a cursor that this server has given, all, latest, an age such as 10m, or a time"

    /// Reads a cursor, `all`, `latest`, an age (`10m`, `1h30m`) or a time (`2026-11-21T08:00:00Z`, `@1795284000`).
    package static func parse(_ text: String) -> Since? {
        if let cursor = Cursor.parse(text) { return .cursor(cursor) }
        switch text {
        case "all": return .all
        case "latest": return .latest
        default: break
        }
        var reader = Reader(Array(text.utf8))
        if let time = reader.unixTime() { return .time(time) }
        if let age = reader.age() { return .age(age) }
        return reader.calendarTime().map { .time($0) }
    }

    /// Reads a time alone (RFC 3339), Unix nanoseconds.
    package static func calendarTime(_ text: String) -> Int64? {
        var reader = Reader(Array(text.utf8))
        return reader.calendarTime()
    }

    /// Before when, Unix nanoseconds, nothing is wanted; `nil` where that is no question of time.
    package func start(unixNanoseconds now: Int64) -> Int64? {
        switch self {
        case .cursor, .all, .latest: nil
        case .time(let time): time
        case .age(let age): now.subtractingReportingOverflow(age).overflow ? .min : now - age
        }
    }
}

/// Reads one text in several ways, each from its beginning.
private struct Reader {
    private let bytes: [UInt8]
    private var position = 0

    private static let second: Int64 = 1_000_000_000
    /// The larger units come first.
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("d", 86_400 * second), ("h", 3_600 * second), ("m", 60 * second), ("s", second), ("ms", 1_000_000),
    ]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// `@` and a Unix time, in the unit that its size tells.
    mutating func unixTime() -> Int64? {
        guard bytes.first == UInt8(ascii: "@"), bytes.count < 32 else { return nil }
        let digits = 1..<bytes.count
        var hasPoint = false
        for index in digits where !Self.isDigit(bytes[index]) {
            guard bytes[index] == UInt8(ascii: "."), !hasPoint, index > 1, index + 1 < bytes.count else { return nil }
            hasPoint = true
        }
        guard !digits.isEmpty, let time = JSONNumber.unixMicroseconds(digits, in: bytes.span) else { return nil }
        let (nanoseconds, isTooLong) = time.microseconds.multipliedReportingOverflow(by: 1_000)
        return isTooLong ? nil : nanoseconds
    }

    /// Whole numbers with units, the larger first.
    mutating func age() -> Int64? {
        position = 0
        var sum: Int64 = 0
        var left = Self.units[...]
        repeat {
            guard let number = number(digits: 1...18) else { return nil }
            let letters = bytes[position...].prefix { !Self.isDigit($0) }
            guard let index = left.firstIndex(where: { letters.elementsEqual($0.name.utf8) }) else { return nil }
            position += letters.count
            let (product, isTooLong) = number.multipliedReportingOverflow(by: left[index].nanoseconds)
            let (total, isTooMuch) = sum.addingReportingOverflow(product)
            guard !isTooLong, !isTooMuch else { return nil }
            sum = total
            left = left[(index + 1)...]
        } while position < bytes.count
        return sum
    }

    /// `2026-11-21T08:00:00.5+01:00` (RFC 3339). In a query `+` is a blank.
    mutating func calendarTime() -> Int64? {
        position = 0
        guard let year = number(digits: 4...4), takes("-"), let month = number(digits: 2...2), takes("-"),
            let day = number(digits: 2...2), let date = CivilDate(year: Int(year), month: Int(month), day: Int(day)),
            takes("T") || takes("t") || takes(" "), let hour = number(digits: 2...2), hour < 24, takes(":"),
            let minute = number(digits: 2...2), minute < 60, takes(":"),
            let second = number(digits: 2...2), second <= 60
        else { return nil }
        var nanoseconds: Int64 = 0
        if takes(".") {
            let start = position
            guard let fraction = number(digits: 1...9) else { return nil }
            nanoseconds = fraction
            for _ in (position - start)..<9 { nanoseconds *= 10 }
            while position < bytes.count, Self.isDigit(bytes[position]) { position += 1 }
        }
        guard let offset = zone(), position == bytes.count else { return nil }
        let seconds = Int64(date.daysSince1970) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        guard seconds.magnitude < 9_000_000_000 else { return nil }
        return seconds * Self.second + nanoseconds
    }

    /// How many seconds a zone is ahead of UTC.
    private mutating func zone() -> Int64? {
        if takes("Z") || takes("z") { return 0 }
        let isBehind = takes("-")
        guard isBehind || takes("+") || takes(" "), let hours = number(digits: 2...2), hours < 24, takes(":"),
            let minutes = number(digits: 2...2), minutes < 60
        else { return nil }
        let seconds = hours * 3_600 + minutes * 60
        return isBehind ? -seconds : seconds
    }

    private mutating func takes(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func number(digits: ClosedRange<Int>) -> Int64? {
        var value: Int64 = 0
        var count = 0
        while position < bytes.count, Self.isDigit(bytes[position]), count < digits.upperBound {
            value = value * 10 + Int64(bytes[position] - UInt8(ascii: "0"))
            position += 1
            count += 1
        }
        return count >= digits.lowerBound ? value : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") <= 9 }
}
