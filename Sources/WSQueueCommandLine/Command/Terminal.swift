internal import WSQueueCore
package import WSQueueSystem

/// The two streams of the person who has typed a command.
package struct Terminal: Sendable {
    /// Takes bytes for standard output.
    package typealias Output = @Sendable ([UInt8]) throws(SystemCallError) -> Void

    private let output: Output
    private let complaint: @Sendable (String) -> Void
    /// Whether standard output is a terminal, and somebody reads along.
    package let isWatched: Bool
    private let hasColors: Bool
    private let note: (@Sendable (String) -> Void)?

    /// Those of this process.
    package static let standard = Terminal(
        isWatched: StandardStream.output.isTerminal, hasColors: TerminalLine.wantsColors,
        output: { (bytes) throws(SystemCallError) in try StandardStream.output.write(bytes.span) },
        complaint: { writeError("\($0)\n") }, note: StandardStream.error.isTerminal ? writeError : nil)

    @Sendable private static func writeError(_ text: String) {
        try? StandardStream.error.write(Array(text.utf8).span)
    }

    /// Makes two streams.
    ///
    /// - Parameters:
    ///   - isWatched: Whether standard output is a terminal, which might obey what it is given.
    ///   - hasColors: Whether that is to show them.
    ///   - output: Takes what is written to standard output.
    ///   - complaint: Takes a line for standard error.
    ///   - note: Takes what is for a person at standard error and for no log; `nil` where that is no terminal.
    package init(
        isWatched: Bool, hasColors: Bool = false, output: @escaping Output,
        complaint: @escaping @Sendable (String) -> Void, note: (@Sendable (String) -> Void)? = nil
    ) {
        self.isWatched = isWatched
        self.hasColors = hasColors && isWatched
        self.output = output
        self.complaint = complaint
        self.note = note
    }

    /// Writes to standard output.
    package func write(_ text: String) throws(SystemCallError) { try output(Array(text.utf8)) }

    /// Writes lines of JSON as they are; to a terminal with escapes for what that might obey, which say the same.
    package func write(json bytes: [UInt8]) throws(SystemCallError) {
        try output(isWatched ? TerminalText.json(bytes) : bytes)
    }

    /// Writes a file as it is, piece by piece; for a terminal ``write(json:)`` takes all of it at once.
    ///
    /// - Parameter next: Gives the next piece, an empty one at the end.
    package func write(file next: () throws -> [UInt8]) throws {
        var whole: [UInt8] = []
        while case let piece = try next(), !piece.isEmpty {
            if isWatched { whole += piece } else { try output(piece) }
        }
        if isWatched { try write(json: whole) }
    }

    /// Writes a line for people.
    package func write(_ line: TerminalLine) throws(SystemCallError) {
        try write(line.text(inColumns: isWatched, hasColors: hasColors) + "\n")
    }

    /// Says something to a person at the terminal; nothing where standard error is none.
    package func tell(_ text: String) { note?("\(TerminalText.plain(text))\n") }

    /// Shows how far something is, in place of what was shown last; an empty text clears that. Nothing where standard error
    /// is no terminal.
    package func show(progress text: String) { note?("\r\u{1B}[K\(TerminalText.plain(text))") }

    /// Writes one line to standard error, with the program's name. What a terminal might obey is escaped.
    package func complain(_ text: String) { complaint("wsqueue-server: \(TerminalText.plain(text))") }
}
