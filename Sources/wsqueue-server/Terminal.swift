internal import WSQueueCore
internal import WSQueueSystem

/// The two streams of whoever typed the command.
enum Terminal {
    /// Writes to standard output.
    static func write(_ text: String) throws(SystemCallError) {
        let bytes = Array(text.utf8)
        try StandardStream.output.write(bytes.span)
    }

    /// Writes lines of JSON as they are; to a terminal with escapes for what that might obey, which say the same.
    static func write(json bytes: [UInt8]) throws(SystemCallError) {
        let shown = StandardStream.output.isTerminal ? TerminalText.json(bytes) : bytes
        try StandardStream.output.write(shown.span)
    }

    /// Writes one line to standard error, with the program's name. What a terminal might obey is escaped.
    static func complain(_ text: String) {
        let line = Array("wsqueue-server: \(TerminalText.plain(text))\n".utf8)
        try? StandardStream.error.write(line.span)
    }
}
