internal import WSQueueCore

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

    /// One line.
    package var description: String {
        TerminalText.plain("\(severity.rawValue): \(text)" + (fix.map { "; fix: \($0)" } ?? ""))
    }
}

extension Finding {
    /// A time span as people say it: the largest unit that fits.
    static func span(_ nanoseconds: Int64) -> String {
        let seconds = max(0, nanoseconds) / 1_000_000_000
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7_200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3_600) h"
        default: return "\(seconds / 86_400) days"
        }
    }
}
