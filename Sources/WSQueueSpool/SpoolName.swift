/// What the name of an entry in the spool says: its kind, its time, and what is left to order by.
///
/// A plain value of integers, made without copying the name: a listing of a million files makes a million of them.
/// The bytes stay with whoever has them, and are asked for again only when two names say the same time.
package struct SpoolName: Equatable, Sendable {
    /// What the name promises.
    package enum Kind: UInt8, Sendable {
        /// `<name>.json`: one event.
        case event
        /// `<name>.jsonl`: a batch, an event a line.
        case batch
        /// `.<anything>`: never read.
        case hidden
        /// Anything else: left alone.
        case other
    }

    /// What the name promises.
    package let kind: Kind
    /// Whether it is not to be sent before its time: the name begins with `at-`.
    package let isScheduled: Bool
    /// How many bytes the name has without `.json` or `.jsonl`; these are the event's id.
    package let stemCount: Int
    /// The time the name begins with, nanoseconds since 1970, or `nil` when it says none.
    package let timeNanoseconds: Int64?
    /// Where the part after the time begins; 0 without a time.
    package let restStart: Int
    /// The first eight bytes from `restStart`, the first one highest, filled up with 0, which no name contains.
    package let restPrefix: UInt64

    /// Reads a name of any bytes.
    ///
    /// The time is the leading decimal number, and its unit is told by the number of digits before a dot: up to 11 are
    /// seconds (until the year 5138), 12 to 14 milliseconds, 15 to 17 microseconds, 18 and 19 nanoseconds. Leading
    /// zeros count as digits, so that a name padded to 19 digits is in nanoseconds whatever the clock said. A fraction
    /// counts to the nanosecond; digits beyond that are part of the rest. A number that is no time of this scheme
    /// (20 digits and more, or past the year 2262, where 64 bits of nanoseconds end) is no time at all: the file is
    /// then ordered by its mtime, where it does least harm, and the whole name is its rest. `at-` may stand before the
    /// time.
    package init(_ name: borrowing Span<UInt8>) {
        (kind, stemCount) = Self.kind(of: name)
        isScheduled =
            name.count > 3 && name[0] == UInt8(ascii: "a") && name[1] == UInt8(ascii: "t")
            && name[2] == UInt8(ascii: "-")
        var scanner = NumberScanner(name, from: isScheduled ? 3 : 0)
        timeNanoseconds = scanner.nanoseconds(in: name)
        restStart = timeNanoseconds == nil ? 0 : scanner.end
        var prefix: UInt64 = 0
        for index in restStart..<(restStart + 8) {
            prefix = prefix << 8 | (index < name.count ? UInt64(name[index]) : 0)
        }
        restPrefix = prefix
    }

    /// The place of the name among others.
    ///
    /// - Parameter modifiedNanoseconds: The file's mtime, asked for only where the name says no time.
    package func order(modifiedNanoseconds: @autoclosure () -> Int64) -> SpoolOrder {
        SpoolOrder(
            nanoseconds: timeNanoseconds ?? modifiedNanoseconds(), restPrefix: restPrefix, restStart: restStart)
    }

    private static func kind(of name: borrowing Span<UInt8>) -> (Kind, stemCount: Int) {
        let count = name.count
        guard count > 0, name[0] != UInt8(ascii: ".") else { return (.hidden, count) }
        var tail: UInt64 = 0
        for index in max(0, count - 6)..<count { tail = tail << 8 | UInt64(name[index]) }
        if tail & 0xFF_FFFF_FFFF == dotJSON { return (.event, count - 5) }
        if tail == dotJSONL { return (.batch, count - 6) }
        return (.other, count)
    }

    // ".json" and ".jsonl", the first byte highest.
    private static let dotJSON: UInt64 = 0x2E_6A73_6F6E
    private static let dotJSONL: UInt64 = 0x2E6A_736F_6E6C
}

/// The place of a file among others: its time, then the rest of its name as bytes (SPEC §2, order).
package struct SpoolOrder: Equatable, Sendable {
    /// The time by which it is ordered, nanoseconds since 1970.
    package let nanoseconds: Int64
    /// See ``SpoolName/restPrefix``.
    package let restPrefix: UInt64
    /// See ``SpoolName/restStart``.
    package let restStart: Int

    /// Whether the file `name` with this order comes before the file `otherName` with `other`.
    ///
    /// A total order of names: equal times and rests are told apart by how the time is written. The names are looked
    /// at only when two integers do not decide.
    package func precedes(
        _ other: SpoolOrder, name: borrowing Span<UInt8>, otherName: borrowing Span<UInt8>
    ) -> Bool {
        if nanoseconds != other.nanoseconds { return nanoseconds < other.nanoseconds }
        if restPrefix != other.restPrefix { return restPrefix < other.restPrefix }
        let rest = compare(name, from: restStart, otherName, from: other.restStart)
        return (rest != 0 ? rest : compare(name, from: 0, otherName, from: 0)) < 0
    }

    private func compare(
        _ name: borrowing Span<UInt8>, from start: Int, _ otherName: borrowing Span<UInt8>, from otherStart: Int
    ) -> Int {
        let common = min(name.count - start, otherName.count - otherStart)
        for offset in 0..<common where name[start + offset] != otherName[otherStart + offset] {
            return name[start + offset] < otherName[otherStart + offset] ? -1 : 1
        }
        return (name.count - start) - (otherName.count - otherStart)
    }
}

/// Reads the number a name begins with.
private struct NumberScanner {
    /// The first byte after what belongs to the time.
    private(set) var end: Int
    private var value: UInt64 = 0
    private var digits = 0

    init(_ name: borrowing Span<UInt8>, from start: Int) {
        end = start
        // 20 digits are too many already: the value of 19 always fits.
        while end < name.count, let digit = Self.digit(name[end]), digits < 20 {
            if digits < 19 { value = value * 10 + UInt64(digit) }
            end += 1
            digits += 1
        }
    }

    mutating func nanoseconds(in name: borrowing Span<UInt8>) -> Int64? {
        let scale: UInt64
        switch digits {
        case 1...11: scale = 1_000_000_000
        case 12...14: scale = 1_000_000
        case 15...17: scale = 1_000
        case 18...19: scale = 1
        default: return nil
        }
        let (whole, overflow) = value.multipliedReportingOverflow(by: scale)
        guard !overflow, whole <= UInt64(Int64.max) - scale else { return nil }
        return Int64(whole + fraction(in: name, of: scale))
    }

    /// The digits after a dot, as a part of `scale`. A dot without a digit after it is a suffix.
    private mutating func fraction(in name: borrowing Span<UInt8>, of scale: UInt64) -> UInt64 {
        guard end + 1 < name.count, name[end] == UInt8(ascii: "."), Self.digit(name[end + 1]) != nil else { return 0 }
        var unit = scale
        var sum: UInt64 = 0
        end += 1
        while unit > 1, end < name.count, let digit = Self.digit(name[end]) {
            unit /= 10
            sum += unit * UInt64(digit)
            end += 1
        }
        return sum
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        let digit = byte &- UInt8(ascii: "0")
        return digit < 10 ? digit : nil
    }
}
