/// Values as a terminal shows them.
enum Shown {
    /// Text of anybody's making: control characters are written out, or a file's name could steer the terminal.
    static func text(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            if isControl(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }

    /// A time span in its largest unit: `5s`, `12m`, `3h`, `2d`.
    static func span(nanoseconds: Int64) -> String {
        let seconds = max(0, nanoseconds / 1_000_000_000)
        switch seconds {
        case ..<120: return "\(seconds)s"
        case ..<7_200: return "\(seconds / 60)m"
        case ..<172_800: return "\(seconds / 3_600)h"
        default: return "\(seconds / 86_400)d"
        }
    }

    /// A size: bytes up to 9999, then `K`, `M` or `G` of 1024.
    static func size(_ bytes: Int64) -> String {
        var (value, unit) = (bytes, 0)
        while value > 9_999, unit < 3 {
            value /= 1_024
            unit += 1
        }
        return "\(value)\(["", "K", "M", "G"][unit])"
    }

    /// C0, DEL and C1, and the line separators.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<0x20, 0x7F...0x9F, 0x2028, 0x2029: true
        default: false
        }
    }
}
