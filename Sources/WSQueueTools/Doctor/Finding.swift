internal import WSQueueOperation

/// One thing that the doctor has found: what it is, and what to type against it.
package struct Finding: Equatable, Sendable, CustomStringConvertible {
    /// How bad it is.
    package enum Severity: String, Sendable {
        /// Events do not get through, or will be lost.
        case error
        /// Something will go wrong, or has.
        case warning
        /// It is as somebody may have wanted it.
        case note
    }

    package let severity: Severity
    private let text: String
    private let fix: String?

    init(_ severity: Severity, _ text: String, fix: String? = nil) {
        self.severity = severity
        self.text = text
        self.fix = fix
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069, 0x200E, 0x200F: false
        default: true
        }
    }

    /// One line.
    package var description: String {
        let line = "\(severity.rawValue): \(text)" + (fix.map { "; fix: \($0)" } ?? "")
        // File names may hold anything; a terminal is not to obey them.
        return String(String.UnicodeScalarView(line.unicodeScalars.map { Self.isHarmless($0) ? $0 : "\u{FFFD}" }))
    }
}

/// A word of a command, in quotation marks where a shell would cut it.
func shellWord(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "/._-+=:,@%".utf8.contains(byte)
        }
    }
    guard !isPlain || text.isEmpty else { return text }
    return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}

/// A time span as people say it: the largest unit that fits.
func spanText(_ nanoseconds: Int64) -> String {
    let seconds = max(0, nanoseconds) / 1_000_000_000
    switch seconds {
    case ..<120: return "\(seconds) s"
    case ..<7_200: return "\(seconds / 60) min"
    case ..<172_800: return "\(seconds / 3_600) h"
    default: return "\(seconds / 86_400) days"
    }
}
