/// Base 64 (RFC 4648), the standard alphabet with padding or the one for URLs and JWTs without.
package struct Base64: Sendable {
    /// Section 4: `+` and `/`, padded with `=` to a multiple of four.
    package static let standard = Base64(last: UInt8(ascii: "+"), UInt8(ascii: "/"), isPadded: true)
    /// Section 5: `-` and `_`, without padding, as RFC 7515 wants it.
    package static let url = Base64(last: UInt8(ascii: "-"), UInt8(ascii: "_"), isPadded: false)

    private let digit62: UInt8
    private let digit63: UInt8
    private let isPadded: Bool

    private init(last digit62: UInt8, _ digit63: UInt8, isPadded: Bool) {
        self.digit62 = digit62
        self.digit63 = digit63
        self.isPadded = isPadded
    }

    /// The text of `bytes`.
    package func encode(_ bytes: Span<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let taken = min(3, bytes.count - start)
            var group: UInt32 = 0
            for offset in 0..<3 { group = group << 8 | (offset < taken ? UInt32(bytes[start + offset]) : 0) }
            for index in 0...taken { text.append(digit(group >> (18 - 6 * UInt32(index)) & 0x3F)) }
            if isPadded { for _ in taken..<3 { text.append(UInt8(ascii: "=")) } }
        }
        return text
    }

    /// The bytes of `text`.
    ///
    /// - Returns: `nil` for everything that ``encode(_:)`` would not have written: other bytes, white space, missing or
    ///   superfluous padding, and bits after the last byte that are not zero (section 3.5).
    package func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard let digits = digitCount(of: text) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits * 3 / 4)
        var bits: UInt32 = 0
        var bitCount = 0
        for index in 0..<digits {
            guard let value = value(of: text[index]) else { return nil }
            bits = bits << 6 | value
            bitCount += 6
            guard bitCount >= 8 else { continue }
            bitCount -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
            bits &= (1 << UInt32(bitCount)) - 1
        }
        return bits == 0 ? bytes : nil
    }

    /// How many digits stand before the padding; `nil` where no bytes have a text of this length and padding.
    private func digitCount(of text: Span<UInt8>) -> Int? {
        guard isPadded else { return text.count % 4 == 1 ? nil : text.count }
        guard text.count % 4 == 0 else { return nil }
        var digits = text.count
        while digits > 0, text.count - digits < 2, text[digits - 1] == UInt8(ascii: "=") { digits -= 1 }
        return digits
    }

    private func digit(_ value: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: value)
        return switch value {
        case ..<26: UInt8(ascii: "A") + value
        case ..<52: UInt8(ascii: "a") + value - 26
        case ..<62: UInt8(ascii: "0") + value - 52
        case 62: digit62
        default: digit63
        }
    }

    private func value(of digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case digit62: 62
        case digit63: 63
        default: nil
        }
    }
}
