/// Writes JSON (RFC 8259) at the end of a byte array.
package enum JSONWriter {
    /// Writes a string with its quotes; only what must be escaped is.
    package static func write(_ text: String, into bytes: inout [UInt8]) {
        bytes.append(quote)
        write(contents: text.utf8.span, into: &bytes)
        bytes.append(quote)
    }

    /// Writes bytes of UTF-8 as a string with its quotes.
    package static func write(_ utf8: [UInt8], into bytes: inout [UInt8]) {
        bytes.append(quote)
        write(contents: utf8.span, into: &bytes)
        bytes.append(quote)
    }

    /// Writes the inside of a string.
    ///
    /// - Parameter contents: UTF-8, or a part of it cut anywhere; the caller has checked it.
    package static func write(contents: borrowing Span<UInt8>, into bytes: inout [UInt8]) {
        for index in contents.indices {
            let byte = contents[index]
            if byte >= 0x20, byte != quote, byte != backslash {
                bytes.append(byte)
            } else {
                writeEscaped(byte, into: &bytes)
            }
        }
    }

    /// Writes an integer.
    package static func write(_ number: Int64, into bytes: inout [UInt8]) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        write(digitsOf: number.magnitude, minimumCount: 1, into: &bytes)
    }

    /// Writes a number of seconds to the microsecond, without a fraction where it is 0: `1729000000.123456`.
    package static func write(secondsOf microseconds: Int64, into bytes: inout [UInt8]) {
        if microseconds < 0 { bytes.append(UInt8(ascii: "-")) }
        let (seconds, fraction) = microseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
        write(digitsOf: seconds, minimumCount: 1, into: &bytes)
        guard fraction > 0 else { return }
        bytes.append(UInt8(ascii: "."))
        write(digitsOf: fraction, minimumCount: 6, into: &bytes)
    }

    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")

    private static func writeEscaped(_ byte: UInt8, into bytes: inout [UInt8]) {
        bytes.append(backslash)
        switch byte {
        case quote, backslash: bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(hexadecimalDigit(byte >> 4))
            bytes.append(hexadecimalDigit(byte & 0x0F))
        }
    }

    private static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }

    private static func write(digitsOf number: UInt64, minimumCount: Int, into bytes: inout [UInt8]) {
        // Found from the last to the first; no number of 64 bits has more.
        var digits = InlineArray<20, UInt8>(repeating: UInt8(ascii: "0"))
        var first = digits.count
        var rest = number
        repeat {
            first -= 1
            digits[first] += UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0 || digits.count - first < minimumCount
        for index in first..<digits.count { bytes.append(digits[index]) }
    }
}
