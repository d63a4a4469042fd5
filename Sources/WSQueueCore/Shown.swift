/// Numbers as a terminal shows them.
package enum Shown {
    /// A time span in its largest unit: `5s`, `12m`, `3h`, `2d`.
    package static func span(nanoseconds: Int64) -> String {
        let seconds = max(0, nanoseconds / 1_000_000_000)
        switch seconds {
        case ..<120: return "\(seconds)s"
        case ..<7_200: return "\(seconds / 60)m"
        case ..<172_800: return "\(seconds / 3_600)h"
        default: return "\(seconds / 86_400)d"
        }
    }

    /// A size: bytes up to 9999, then `K`, `M` or `G` of 1024.
    package static func size(_ bytes: Int64) -> String {
        var (value, unit) = (bytes, 0)
        while value > 9_999, unit < 3 {
            value /= 1_024
            unit += 1
        }
        return "\(value)\(["", "K", "M", "G"][unit])"
    }
}
