internal import WSQueueCore

/// Commands for a Redis server, as arrays of strings (RESP2, which RESP3 takes too).
package enum RESPCommand {
    /// Appends a whole command.
    package static func append(_ words: [String], to buffer: inout [UInt8]) {
        begin(words.count, in: &buffer)
        for word in words { append(word: word.utf8.span, to: &buffer) }
    }

    /// Begins a command with its number of words, the name included; each is appended by ``append(word:to:)``.
    package static func begin(_ count: Int, in buffer: inout [UInt8]) {
        appendLine(UInt8(ascii: "*"), count, to: &buffer)
    }

    /// Appends a word of any bytes.
    package static func append(word: Span<UInt8>, to buffer: inout [UInt8]) {
        appendLine(UInt8(ascii: "$"), word.count, to: &buffer)
        buffer.append(copying: word)
        appendEnd(to: &buffer)
    }

    private static func appendLine(_ kind: UInt8, _ number: Int, to buffer: inout [UInt8]) {
        buffer.append(kind)
        JSONWriter.write(Int64(number), into: &buffer)
        appendEnd(to: &buffer)
    }

    private static func appendEnd(to buffer: inout [UInt8]) {
        buffer.append(UInt8(ascii: "\r"))
        buffer.append(UInt8(ascii: "\n"))
    }
}
