/// Values with units, as options and configuration have them.
package enum Quantity {
    /// What options call a duration.
    package static let duration = "DURATION"

    /// Reads a duration: whole numbers with units, the larger first, such as `5s`, `100ms` or `1h30m`.
    ///
    /// A number alone is refused but for 0: some programs take it for seconds and others for milliseconds.
    package static func parseDuration(_ text: String) throws(ValueFault) -> Duration {
        if text == "0" { return .zero }
        let fault = ValueFault(text, wanted: "a duration with units, such as 5s, 100ms or 1h30m")
        var rest = text.utf8[...]
        var sum: Int64 = 0
        var previous = Int64.max
        while !rest.isEmpty {
            guard let number = takeNumber(&rest), let unit = takeUnit(&rest), unit < previous else { throw fault }
            previous = unit
            let (product, isTooLong) = number.multipliedReportingOverflow(by: unit)
            let (total, isTooMuch) = sum.addingReportingOverflow(product)
            guard !isTooLong, !isTooMuch else { throw fault }
            sum = total
        }
        guard !text.isEmpty else { throw fault }
        return .nanoseconds(sum)
    }

    /// Reads a size in bytes: a whole number, alone or with `K`, `M` or `G` for 1024, 1024² or 1024³ bytes.
    package static func parseBytes(_ text: String) throws(ValueFault) -> Int {
        let fault = ValueFault(text, wanted: "a size in bytes, such as 65536, 64K, 1M or 2G")
        var rest = text.utf8[...]
        guard let number = takeNumber(&rest) else { throw fault }
        let shift: Int
        switch String(rest) {
        case "", "B": shift = 0
        case "K", "k", "KiB": shift = 10
        case "M", "m", "MiB": shift = 20
        case "G", "g", "GiB": shift = 30
        default: throw fault
        }
        guard number <= Int64.max >> shift else { throw fault }
        return Int(number) << shift
    }

    /// Reads a whole number.
    package static func parseInteger(_ text: String, in range: ClosedRange<Int64>) throws(ValueFault) -> Int64 {
        guard let number = Int64(text), range.contains(number), text.utf8.first != UInt8(ascii: "+") else {
            throw ValueFault(text, wanted: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Reads the permission bits of a file that somebody is to read, in octal, such as `0640`.
    package static func parseMode(_ text: String) throws(ValueFault) -> UInt32 {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }),
            let mode = UInt32(text, radix: 8), mode <= 0o777
        else { throw ValueFault(text, wanted: "permission bits in octal, such as 0640") }
        guard mode & 0o444 != 0 else {
            throw ValueFault(text, wanted: "a mode with which the server can read the file, such as 0640")
        }
        return mode
    }

    private static func takeNumber(_ rest: inout Substring.UTF8View) -> Int64? {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest[digits.endIndex...]
        return Int64(Substring(digits))
    }

    /// The nanoseconds of the unit at the front.
    private static func takeUnit(_ rest: inout Substring.UTF8View) -> Int64? {
        let letters = rest.prefix { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest[letters.endIndex...]
        return switch String(letters) {
        case "ns": 1
        case "us", "µs": 1_000
        case "ms": 1_000_000
        case "s": 1_000_000_000
        case "m", "min": 60_000_000_000
        case "h": 3_600_000_000_000
        case "d": 86_400_000_000_000
        default: nil
        }
    }
}
