/// Reads numbers of a JSON text that has been scanned, exactly and without floating point.
package enum JSONNumber {
    /// The value of `token` where it is an integer of 64 bits: `42`, and `42.0` and `4.2e1` as well, as JSON has but one
    /// kind of number and some writers know only the long form.
    package static func integer(_ token: Range<Int>, in bytes: Span<UInt8>) -> Int64? {
        guard let scaled = scaled(token, in: bytes, byPowerOfTen: 0), scaled.isExact else { return nil }
        return scaled.value
    }

    /// The value of `token` in millionths, as Unix seconds in microseconds; what is smaller is cut off.
    ///
    /// - Returns: `nil` where it does not fit.
    package static func millionths(_ token: Range<Int>, in bytes: Span<UInt8>) -> Int64? {
        scaled(token, in: bytes, byPowerOfTen: 6)?.value
    }

    /// The value of `token`, a Unix time, in microseconds. Its size tells its unit, as in names of files: below 10^11 it is
    /// in seconds (until the year 5138), below 10^14 in milliseconds, below 10^17 in microseconds, else in nanoseconds.
    ///
    /// - Returns: `nil` where it is no time of 64 bits of nanoseconds.
    package static func unixMicroseconds(
        _ token: Range<Int>, in bytes: Span<UInt8>
    ) -> (microseconds: Int64, isInSeconds: Bool)? {
        if let value = millionths(token, in: bytes), value.magnitude < 100_000_000_000_000_000 { return (value, true) }
        guard let whole = scaled(token, in: bytes, byPowerOfTen: 0)?.value else { return nil }
        switch whole.magnitude {
        case ..<100_000_000_000_000: return scaled(token, in: bytes, byPowerOfTen: 3).map { ($0.value, false) }
        case ..<100_000_000_000_000_000: return (whole, false)
        default: return (whole / 1_000, false)
        }
    }

    /// The value of `token`, times ten to the `power`, towards zero; `nil` where it does not fit.
    private static func scaled(
        _ token: Range<Int>, in bytes: Span<UInt8>, byPowerOfTen power: Int
    ) -> (value: Int64, isExact: Bool)? {
        if let short = short(token, in: bytes, byPowerOfTen: power) { return short }
        let parts = parts(of: token, in: bytes)
        var remaining = parts.integerDigits + parts.exponent + power
        var magnitude: UInt64 = 0
        var isExact = true
        for index in parts.digits where bytes[index] != UInt8(ascii: ".") {
            let digit = UInt64(bytes[index] &- UInt8(ascii: "0"))
            if remaining <= 0 {
                isExact = isExact && digit == 0
            } else if !append(digit, to: &magnitude) {
                return nil
            }
            remaining -= 1
        }
        // The digits are used up: zeros follow, at most 19 of them before it is too large.
        while remaining > 0, magnitude > 0 {
            guard append(0, to: &magnitude) else { return nil }
            remaining -= 1
        }
        let isNegative = bytes[token.lowerBound] == UInt8(ascii: "-")
        guard let value = Int64(exactly: magnitude) else {
            return isNegative && magnitude == Int64.min.magnitude ? (Int64.min, isExact) : nil
        }
        return (isNegative ? -value : value, isExact)
    }

    /// The same of a number as nearly all are: at most 18 characters, no exponent. It runs for each time of each event.
    private static func short(
        _ token: Range<Int>, in bytes: Span<UInt8>, byPowerOfTen power: Int
    ) -> (value: Int64, isExact: Bool)? {
        guard token.count <= 18 else { return nil }
        let text = bytes.extracting(token)
        let isNegative = text[0] == UInt8(ascii: "-")
        var value: Int64 = 0
        var isExact = true
        var index = isNegative ? 1 : 0
        while index < text.count, text[index] &- UInt8(ascii: "0") <= 9 {
            value = value &* 10 &+ Int64(text[index] &- UInt8(ascii: "0"))
            index &+= 1
        }
        var wanted = power
        if index < text.count {
            guard text[index] == UInt8(ascii: ".") else { return nil }
            index &+= 1
            while index < text.count {
                let digit = text[index] &- UInt8(ascii: "0")
                guard digit <= 9 else { return nil }
                if wanted > 0 {
                    value = value &* 10 &+ Int64(digit)
                    wanted &-= 1
                } else if digit != 0 {
                    isExact = false
                }
                index &+= 1
            }
        }
        while wanted > 0 {
            let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            guard !isTooLarge else { return nil }
            value = tens
            wanted -= 1
        }
        return (isNegative ? -value : value, isExact)
    }

    private static func append(_ digit: UInt64, to magnitude: inout UInt64) -> Bool {
        let (tens, isTooLarge) = magnitude.multipliedReportingOverflow(by: 10)
        let (sum, hasCarry) = tens.addingReportingOverflow(digit)
        magnitude = sum
        return !isTooLarge && !hasCarry
    }

    /// Where the digits of `token` lie, how many of them stand before the point, and its exponent.
    private static func parts(
        of token: Range<Int>, in bytes: Span<UInt8>
    ) -> (digits: Range<Int>, integerDigits: Int, exponent: Int) {
        let start = token.lowerBound + (bytes[token.lowerBound] == UInt8(ascii: "-") ? 1 : 0)
        var end = start
        var point: Int?
        while end < token.upperBound, bytes[end] | 0x20 != UInt8(ascii: "e") {
            if bytes[end] == UInt8(ascii: ".") { point = end }
            end += 1
        }
        return (start..<end, (point ?? end) - start, exponent(end..<token.upperBound, in: bytes))
    }

    /// The exponent that stands in `range`, `e` included; far beyond what can matter it stops growing.
    private static func exponent(_ range: Range<Int>, in bytes: Span<UInt8>) -> Int {
        var value = 0
        var isNegative = false
        for index in range.dropFirst() {
            switch bytes[index] {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "+"): continue
            default: value = min(value * 10 + Int(bytes[index] &- UInt8(ascii: "0")), 1 << 40)
            }
        }
        return isNegative ? -value : value
    }
}
