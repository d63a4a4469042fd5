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

    /// Who makes names of this form: it decides what the number in front means, and whether a name is used again.
    package enum Form: UInt8, Sendable {
        /// `<19 digits>-…`: a publisher by the contract, who renames files in and uses no name twice.
        case contract
        /// `<10 digits>[.<fraction>]_<uniqid>`: the PHP original, which writes in place and uses no name twice.
        case original
        /// Anything else: the name may be used again, and a number in front may be anything.
        case other
    }

    /// What the name promises.
    package let kind: Kind
    /// Whether it is not to be sent before its time: the name begins with `at-`.
    package let isScheduled: Bool
    /// How many bytes the name has without `.json` or `.jsonl`; these are the event's id.
    package let stemCount: Int
    /// Who makes such names.
    package let form: Form
    /// What the number in front would be as a time, nanoseconds since 1970; `nil` where there is none that could be one.
    private let number: Int64?
    /// Where the part after that number begins.
    private let numberEnd: Int

    /// How far the time in a name of no known form may be from the file's own: about a year.
    package static let spanNanoseconds: Int64 = 366 * 86_400 * 1_000_000_000

    /// Reads a name of any bytes.
    ///
    /// The number is the leading decimal one, after `at-` where that stands in front, and its unit is told by the number
    /// of digits before a dot: up to 11 are seconds, 12 to 14 milliseconds, 15 to 17 microseconds, 18 and 19
    /// nanoseconds. A fraction counts to the nanosecond; digits beyond that are part of the rest. A number that a letter
    /// or a digit follows is the beginning of something else (a UUID, `uniqid()`), and so is one past the year 2262,
    /// where 64 bits of nanoseconds end.
    package init(_ name: borrowing Span<UInt8>) {
        (kind, stemCount) = Self.kind(of: name)
        guard kind == .event || kind == .batch else {
            // A directory may hold a heap of them, of which nothing more is asked.
            (isScheduled, form, number, numberEnd) = (false, .other, nil, 0)
            return
        }
        isScheduled =
            name.count > 3 && name[0] == UInt8(ascii: "a") && name[1] == UInt8(ascii: "t")
            && name[2] == UInt8(ascii: "-")
        var scanner = NumberScanner(name, from: isScheduled ? 3 : 0)
        let nanoseconds = scanner.nanoseconds(in: name)
        let form: Form =
            nanoseconds == nil
            ? .other
            : scanner.isContract(name) ? .contract : scanner.isOriginal(name, stemCount: stemCount) ? .original : .other
        self.form = form
        number = form != .other || scanner.isSeparate(in: name) ? nanoseconds : nil
        numberEnd = number == nil ? 0 : scanner.end
    }

    /// The time that the name says for certain, nanoseconds since 1970; `nil` where the file's own decides.
    package var timeNanoseconds: Int64? { form == .other ? nil : number }

    /// Whether no two files have this name.
    package var isUsedOnce: Bool { form != .other }

    /// The place of a file among others.
    ///
    /// - Parameters:
    ///   - name: The name that was read.
    ///   - modifiedNanoseconds: The file's mtime, asked for only where it matters: a year after it is the latest time of
    ///     what is not to be sent before its time, and of a name of no known form the number in front counts only where
    ///     it is within a year of it.
    package func order(of name: borrowing Span<UInt8>, modifiedNanoseconds: @autoclosure () -> Int64) -> SpoolOrder {
        if form != .other, !isScheduled, let number { return SpoolOrder(number, name, restStart: numberEnd) }
        let modified = modifiedNanoseconds()
        if let number, form != .other || isNear(number, modified) {
            let time = isScheduled ? min(number, modified + Self.spanNanoseconds) : number
            return SpoolOrder(time, name, restStart: numberEnd)
        }
        return SpoolOrder(modified, name, restStart: 0)
    }

    /// Whether two times are within a year; the first is not negative, and an mtime may be any.
    private func isNear(_ number: Int64, _ modified: Int64) -> Bool {
        modified >= 0 && abs(number - modified) <= Self.spanNanoseconds
    }

    /// What a name promises, and how many bytes it has without `.json` or `.jsonl`.
    package static func kind(of name: borrowing Span<UInt8>) -> (Kind, stemCount: Int) {
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
    /// The first eight bytes from `restStart`, the first one highest, filled up with 0, which no name contains.
    private let restPrefix: UInt64
    /// Where the part of the name after the time begins; 0 where the time is not the name's.
    package let restStart: Int

    /// Makes the place of the file `name`.
    package init(_ nanoseconds: Int64, _ name: borrowing Span<UInt8>, restStart: Int) {
        self.nanoseconds = nanoseconds
        self.restStart = restStart
        var prefix: UInt64 = 0
        for index in restStart..<(restStart + 8) {
            prefix = prefix << 8 | (index < name.count ? UInt64(name[index]) : 0)
        }
        restPrefix = prefix
    }

    /// A place at a time alone, for names that are all of one file.
    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
        restPrefix = 0
        restStart = 0
    }

    /// Whether the name itself says the time.
    package var isNamed: Bool { restStart > 0 }

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
    private var hasFraction = false
    private let numberStart: Int

    init(_ name: borrowing Span<UInt8>, from start: Int) {
        numberStart = start
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

    /// Whether the name is `<19 digits>-…`.
    func isContract(_ name: borrowing Span<UInt8>) -> Bool {
        digits == 19 && end == numberStart + 19 && end < name.count && name[end] == UInt8(ascii: "-")
    }

    /// Whether the name is `<10 digits>[.<fraction>]_<uniqid>`, as `microtime(true) . '_' . uniqid()` makes it: 13
    /// hexadecimal digits, and with more entropy a digit, a dot and eight more.
    func isOriginal(_ name: borrowing Span<UInt8>, stemCount: Int) -> Bool {
        guard digits == 10, end + 14 <= stemCount, name[end] == UInt8(ascii: "_") else { return false }
        for index in (end + 1)...(end + 13) where !Self.isHexadecimal(name[index]) { return false }
        for index in (end + 14)..<stemCount where Self.digit(name[index]) == nil && name[index] != UInt8(ascii: ".") {
            return false
        }
        return true
    }

    /// Whether what follows the number, with all digits of its fraction, is no letter or digit.
    func isSeparate(in name: borrowing Span<UInt8>) -> Bool {
        var next = end
        if hasFraction { while next < name.count, Self.digit(name[next]) != nil { next += 1 } }
        guard next < name.count else { return true }
        let byte = name[next]
        // Bytes from 0x80 on are parts of characters, most of which are letters.
        return byte < 0x80 && Self.digit(byte) == nil && byte | 0x20 &- UInt8(ascii: "a") >= 26
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        digit(byte) != nil || byte | 0x20 &- UInt8(ascii: "a") < 6
    }

    /// The digits after a dot, as a part of `scale`. A dot without a digit after it is a suffix.
    private mutating func fraction(in name: borrowing Span<UInt8>, of scale: UInt64) -> UInt64 {
        guard end + 1 < name.count, name[end] == UInt8(ascii: "."), Self.digit(name[end + 1]) != nil else { return 0 }
        var unit = scale
        var sum: UInt64 = 0
        hasFraction = true
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
