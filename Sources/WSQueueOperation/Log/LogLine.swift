internal import WSQueueCore

/// How important a line is, the most important first (syslog(3) has the numbers).
package enum LogLevel: Int, Comparable, CaseIterable, Sendable {
    /// The operator must act.
    case error = 3
    /// Something was refused or lost.
    case warning = 4
    /// The life cycle of the server.
    case notice = 5
    /// Connections and events.
    case info = 6
    /// All the rest.
    case debug = 7

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

    /// The name in lines and options.
    package var name: String { "\(self)" }
}

/// One fact for people and programs: a stable name and keys in a fixed order (SPEC §6).
package struct LogLine: Sendable {
    /// How lines are written.
    package enum Format: Sendable {
        /// `key=value` pairs.
        case text
        /// One JSON object a line.
        case json
        /// Text for the system journal: a priority in front, and no time, which the journal has itself.
        case journal
    }

    private enum Value: Equatable {
        case text(String)
        case number(String)
    }

    package let level: LogLevel
    /// The stable name, such as `client.open`.
    package let event: String
    private var pairs: [(key: String, value: Value)] = []

    /// Longer values are cut, so that no line can exceed what readers take whole.
    static let valueLimitBytes = 512
    static let lineLimitBytes = 4_096

    /// Begins a line.
    package init(_ level: LogLevel, _ event: String) {
        self.level = level
        self.event = event
    }

    /// The line with one more pair; text that comes from outside is made harmless when it is written.
    package func with(_ key: String, _ text: String) -> LogLine { adding(key, .text(text)) }

    /// The line with one more number.
    package func with(_ key: String, _ number: some BinaryInteger) -> LogLine { adding(key, .number("\(number)")) }

    /// The line with a time span in milliseconds, one decimal.
    package func with(_ key: String, milliseconds nanoseconds: Int64) -> LogLine {
        let tenths = (nanoseconds + (nanoseconds < 0 ? -50_000 : 50_000)) / 100_000
        let sign = tenths < 0 ? "-" : ""
        return adding(key, .number("\(sign)\(tenths.magnitude / 10).\(tenths.magnitude % 10)"))
    }

    /// Whether it says the same, of the same address, as another line: only the connection may be another one.
    func isRepetition(of other: LogLine) -> Bool {
        level == other.level && event == other.event && pairs.count == other.pairs.count
            && zip(pairs, other.pairs).allSatisfy { own, others in
                own.key == others.key && (own.key == "conn" || Self.subject(own) == Self.subject(others))
            }
    }

    /// What a pair is about: of an address the host, which may come from another port each time.
    private static func subject(_ pair: (key: String, value: Value)) -> Value {
        guard pair.key == "addr", case .text(let text) = pair.value, let colon = text.lastIndex(of: ":") else {
            return pair.value
        }
        return .text(String(text[..<colon]))
    }

    private func adding(_ key: String, _ value: Value) -> LogLine {
        var copy = self
        copy.pairs.append((key, value))
        return copy
    }

    /// The line as bytes with a line feed at the end, at most 4,096 in all.
    ///
    /// - Parameter now: Unix nanoseconds.
    package func bytes(_ format: Format, now: Int64) -> [UInt8] {
        var text = ""
        switch format {
        case .text: text = "ts=\(Timestamp.text(now)) level=\(level.name) ev=\(event)"
        case .json: text = "{\"ts\":\"\(Timestamp.text(now))\",\"level\":\"\(level.name)\",\"ev\":\"\(event)\""
        case .journal: text = "<\(level.rawValue)>ev=\(event)"
        }
        for (key, value) in pairs {
            let piece = Self.piece(key, value, format)
            // A pair that no longer fits is left out whole: a cut one would be no pair, and JSON no JSON.
            guard text.utf8.count + piece.utf8.count + 2 <= Self.lineLimitBytes else { continue }
            text += piece
        }
        if format == .json { text += "}" }
        return Array(text.utf8) + [UInt8(ascii: "\n")]
    }

    private static func piece(_ key: String, _ value: Value, _ format: Format) -> String {
        switch (value, format) {
        case (.number(let number), .json): ",\"\(key)\":\(number)"
        case (.number(let number), _): " \(key)=\(number)"
        case (.text(let text), .json): ",\"\(key)\":\"\(TerminalText.inQuotationMarks(cut(text)))\""
        case (.text(let text), _): " \(key)=\(TerminalText.logValue(cut(text)))"
        }
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > valueLimitBytes else { return text }
        var kept = ""
        var count = 0
        for scalar in text.unicodeScalars {
            count += UTF8.width(scalar)
            if count > valueLimitBytes - 3 { break }
            kept.unicodeScalars.append(scalar)
        }
        return kept + "…"
    }
}
