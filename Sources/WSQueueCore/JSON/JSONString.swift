/// Reads strings of a JSON text that has been scanned; bytes that have not been are our own mistake.
package enum JSONString {
    /// What stands between the quotes of `token`.
    package static func contents(of token: Range<Int>) -> Range<Int> { token.lowerBound + 1..<token.upperBound - 1 }

    /// Whether there is a backslash in `contents`; without one, the bytes are the text.
    package static func isEscaped(_ contents: Range<Int>, in bytes: Span<UInt8>) -> Bool {
        for index in contents where bytes[index] == UInt8(ascii: "\\") { return true }
        return false
    }

    /// The text of a string in UTF-8.
    ///
    /// - Parameter contents: What stands between its quotes.
    /// - Returns: `nil` where an escape names half a surrogate pair, which has no UTF-8.
    package static func decode(_ contents: Range<Int>, in bytes: Span<UInt8>) -> [UInt8]? {
        decode(contents, in: bytes, half: nil)
    }

    /// The text of a string in UTF-8, with U+FFFD for half a surrogate pair.
    package static func repaired(_ contents: Range<Int>, in bytes: Span<UInt8>) -> [UInt8] {
        decode(contents, in: bytes, half: "\u{FFFD}") ?? []
    }

    /// - Parameter half: What stands for half a surrogate pair; `nil` where there must be none.
    private static func decode(_ contents: Range<Int>, in bytes: Span<UInt8>, half: Unicode.Scalar?) -> [UInt8]? {
        guard isEscaped(contents, in: bytes) else { return [UInt8](bytes, in: contents) }
        var text: [UInt8] = []
        text.reserveCapacity(contents.count)
        var position = contents.lowerBound
        while position < contents.upperBound {
            if bytes[position] != UInt8(ascii: "\\") {
                text.append(bytes[position])
                position += 1
                continue
            }
            guard let scalar = unescape(&position, before: contents.upperBound, in: bytes) ?? half else { return nil }
            text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
        return text
    }

    /// The text of a string; `nil` where ``decode(_:in:)`` gives that.
    package static func text(_ contents: Range<Int>, in bytes: Span<UInt8>) -> String? {
        decode(contents, in: bytes).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The value of a hexadecimal digit.
    static func hexValue(_ digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(digit - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(digit - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    /// Reads the escape at `position`, or the two that make a surrogate pair; `nil` for half of one, which is passed.
    private static func unescape(_ position: inout Int, before end: Int, in bytes: Span<UInt8>) -> Unicode.Scalar? {
        let letter = bytes[position + 1]
        position += 2
        guard letter == UInt8(ascii: "u") else { return Unicode.Scalar(control(letter)) }
        let first = unit(bytes, at: position)
        position += 4
        guard UTF16.isLeadSurrogate(first) else { return Unicode.Scalar(first) }
        guard position + 6 <= end, bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
        else { return nil }
        let second = unit(bytes, at: position + 2)
        guard UTF16.isTrailSurrogate(second) else { return nil }
        position += 6
        return Unicode.Scalar(0x1_0000 + (UInt32(first) - 0xD800) << 10 + UInt32(second) - 0xDC00)
    }

    /// What the letter after a backslash stands for.
    private static func control(_ letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: letter
        }
    }

    private static func unit(_ bytes: Span<UInt8>, at position: Int) -> UInt16 {
        var value: UInt32 = 0
        for index in position..<position + 4 { value = value << 4 | (hexValue(bytes[index]) ?? 0) }
        return UInt16(truncatingIfNeeded: value)
    }
}
