internal import WSQueueCore
package import WSQueueSystem

/// The two streams of the person who has typed a command.
package struct Terminal: Sendable {
    /// Takes bytes for standard output.
    package typealias Output = @Sendable ([UInt8]) throws(SystemCallError) -> Void

    private let output: Output
    private let complaint: @Sendable (String) -> Void
    private let isWatched: Bool

    /// Those of this process.
    package static let standard = Terminal(
        isWatched: StandardStream.output.isTerminal,
        output: { (bytes) throws(SystemCallError) in try StandardStream.output.write(bytes.span) },
        complaint: { try? StandardStream.error.write(Array("\($0)\n".utf8).span) })

    /// Makes two streams.
    ///
    /// - Parameters:
    ///   - isWatched: Whether standard output is a terminal, which might obey what it is given.
    ///   - output: Takes what is written to standard output.
    ///   - complaint: Takes a line for standard error.
    package init(isWatched: Bool, output: @escaping Output, complaint: @escaping @Sendable (String) -> Void) {
        self.isWatched = isWatched
        self.output = output
        self.complaint = complaint
    }

    /// Writes to standard output.
    package func write(_ text: String) throws(SystemCallError) { try output(Array(text.utf8)) }

    /// Writes lines of JSON as they are; to a terminal with escapes for what that might obey, which say the same.
    func write(json bytes: [UInt8]) throws(SystemCallError) { try output(isWatched ? TerminalText.json(bytes) : bytes) }

    /// Writes a file as it is, piece by piece; for a terminal ``write(json:)`` takes all of it at once.
    ///
    /// - Parameter next: Gives the next piece, an empty one at the end.
    func write(file next: () throws -> [UInt8]) throws {
        var whole: [UInt8] = []
        while case let piece = try next(), !piece.isEmpty {
            if isWatched { whole += piece } else { try output(piece) }
        }
        if isWatched { try write(json: whole) }
    }

    /// Writes one line to standard error, with the program's name. What a terminal might obey is escaped.
    package func complain(_ text: String) { complaint("wsqueue-server: \(TerminalText.plain(text))") }
}
