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
    package static func write(contents: Span<UInt8>, into bytes: inout [UInt8]) {
        var start = 0
        while start < contents.count {
            let end = endOfPlain(contents, from: start)
            bytes.append(copying: contents.extracting(start..<end))
            guard end < contents.count else { return }
            writeEscaped(contents[end], into: &bytes)
            start = end + 1
        }
    }

    /// Whether nothing in a string has to be escaped: its inside is written as it is.
    package static func isPlain(contents: Span<UInt8>) -> Bool { endOfPlain(contents, from: 0) == contents.count }

    /// Where the next byte stands that must be escaped, or the end.
    private static func endOfPlain(_ contents: Span<UInt8>, from start: Int) -> Int {
        var position = start
        while contents.count &- position >= 8 {
            let word = contents.word(at: position)
            let special = JSONWord.escapes(word) & ~word
            position &+= special.trailingZeroBitCount >> 3
            if special != 0 { return position }
        }
        while position < contents.count, isPlain(contents[position]) { position += 1 }
        return position
    }

    private static func isPlain(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != quote && byte != backslash }

    /// Writes an integer.
    package static func write(_ number: Int64, into bytes: inout [UInt8]) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        DecimalDigits(number.magnitude).append(to: &bytes)
    }

    /// Writes a number of seconds to the microsecond, without a fraction where it is 0: `1729000000.123456`.
    package static func write(secondsOf microseconds: Int64, into bytes: inout [UInt8]) {
        if microseconds < 0 { bytes.append(UInt8(ascii: "-")) }
        let (seconds, fraction) = microseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
        DecimalDigits(seconds).append(to: &bytes)
        guard fraction > 0 else { return }
        bytes.append(UInt8(ascii: "."))
        DecimalDigits(fraction, minimumCount: 6).append(to: &bytes)
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
}
