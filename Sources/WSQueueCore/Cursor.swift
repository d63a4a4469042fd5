/// A place in the order of publications, as clients keep it: `<epoch>:<seq>`.
///
/// Each place has one spelling: leading zeros and signs are refused, so that cursors can be compared as texts too.
package struct Cursor: Hashable, Sendable {
    /// The longest epoch, in bytes.
    package static let epochLimitBytes = 16

    /// The identity of one unbroken numbering: 1 to 16 of `a–z 0–9`.
    package let epoch: String
    /// The place in that numbering.
    package let seq: UInt64

    /// Makes a cursor of its parts; `nil` where the epoch breaks its rule.
    package init?(epoch: String, seq: UInt64) {
        guard Cursor.isEpoch(epoch.utf8.span) else { return nil }
        self.epoch = epoch
        self.seq = seq
    }

    /// Reads a cursor from its text; `nil` for anything that ``text`` would not have written.
    package static func parse(_ text: Span<UInt8>) -> Cursor? {
        var colon = 0
        while colon < text.count, text[colon] != UInt8(ascii: ":") { colon += 1 }
        guard colon < text.count, isEpoch(text.extracting(..<colon)) else { return nil }
        guard let seq = number(text.extracting((colon + 1)...)) else { return nil }
        return Cursor(epoch: String(decoding: [UInt8](text, in: 0..<colon), as: UTF8.self), seq: seq)
    }

    /// Reads a cursor from its text; `nil` for anything that ``text`` would not have written.
    package static func parse(_ text: String) -> Cursor? { parse(text.utf8.span) }

    /// The cursor as clients keep it.
    package var text: String { "\(epoch):\(seq)" }

    private static func isEpoch(_ bytes: Span<UInt8>) -> Bool {
        guard !bytes.isEmpty, bytes.count <= epochLimitBytes else { return false }
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): continue
            default: return false
            }
        }
        return true
    }

    private static func number(_ digits: Span<UInt8>) -> UInt64? {
        guard !digits.isEmpty, digits.count == 1 || digits[0] != UInt8(ascii: "0") else { return nil }
        var value: UInt64 = 0
        for index in digits.indices {
            let digit = digits[index] &- UInt8(ascii: "0")
            let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, hasCarry) = tens.addingReportingOverflow(UInt64(digit))
            guard digit <= 9, !isTooLarge, !hasCarry else { return nil }
            value = sum
        }
        return value
    }
}
