internal import WSQueueCore
internal import WSQueueSystem

/// A line for people: pieces with a blank between them, on a terminal in columns and colors.
package struct TerminalLine {
    /// How a piece looks on a terminal: the number of ECMA-48, 8.3.117.
    package enum Style: Int {
        case usual = 0
        case strong = 1
        case faint = 2
        case red = 31
        case yellow = 33
        case cyan = 36
    }

    private var pieces: [(text: String, style: Style, width: Int)] = []

    /// Makes an empty line.
    package init() {}

    /// Adds a piece; what a terminal might obey in it is escaped.
    ///
    /// - Parameter width: How wide its column is, where there are columns.
    package mutating func add(_ text: String, _ style: Style = .usual, width: Int = 0) {
        pieces.append((TerminalText.plain(text), style, width))
    }

    /// The line, without its end.
    package func text(inColumns: Bool, hasColors: Bool) -> String {
        pieces.enumerated().map { number, piece in
            let isLast = number == pieces.count - 1
            let blanks = inColumns && !isLast ? max(0, piece.width - piece.text.count) : 0
            let padded = piece.text + String(repeating: " ", count: blanks)
            return hasColors && piece.style != .usual ? "\u{1B}[\(piece.style.rawValue)m\(padded)\u{1B}[0m" : padded
        }.joined(separator: " ")
    }

    /// Whether this process' user wants colors (no-color.org).
    static var wantsColors: Bool {
        (Process.environment("NO_COLOR") ?? "").isEmpty && Process.environment("TERM") ?? "dumb" != "dumb"
    }
}
