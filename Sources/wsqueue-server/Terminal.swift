internal import WSQueueSystem

/// The two streams of whoever typed the command.
enum Terminal {
    /// Writes to standard output.
    static func write(_ text: String) throws(SystemCallError) {
        let bytes = Array(text.utf8)
        try StandardStream.output.write(bytes.span)
    }

    /// Writes one line to standard error, with the program's name.
    static func complain(_ text: String) {
        let line = Array("wsqueue-server: \(text)\n".utf8)
        try? StandardStream.error.write(line.span)
    }
}
