package import WSQueueSystem

/// What a command reads: a named file, or standard input.
package struct Input: ~Copyable {
    private let file: InputFile
    private var buffer: [UInt8] = []
    private var used = 0
    private var filled = 0

    /// Opens the file at `path`; `-` is standard input.
    package static func open(_ path: String) throws(CommandFault) -> Input {
        do {
            return Input(file: path == "-" ? try InputFile.standardInput() : try InputFile.open(path))
        } catch {
            throw .input(InputError(error, isStandardInput: path == "-"))
        }
    }

    /// Reads all of it, but no more than `limitBytes` and one more, by which the caller knows that it is too much.
    package static func contents(of path: String, limitBytes: Int) throws(CommandFault) -> [UInt8] {
        let input = try open(path)
        do {
            return try input.file.readAll(limitBytes: limitBytes + 1)
        } catch {
            throw .input(InputError(error, isStandardInput: path == "-"))
        }
    }

    /// Waits for lines and gives them to `body`: whole ones, but the last may lack its end.
    ///
    /// A line longer than `limitBytes` is given in pieces, the first of which is too long already.
    ///
    /// - Parameter body: Gets a buffer and the range in it.
    /// - Returns: Whether there may be more.
    /// - Throws: What `body` throws; ``CommandFault/interrupted`` when a signal has come.
    package mutating func nextLines(
        limitBytes: Int, until ending: inout Ending, _ body: ([UInt8], Range<Int>) throws(CommandFault) -> Void
    ) throws(CommandFault) -> Bool {
        if try wait(until: &ending) == .signal { throw .interrupted }
        return try takeLines(limitBytes: limitBytes, body)
    }

    /// Waits until there is something to read, or one of the signals has come.
    ///
    /// - Parameters:
    ///   - isReading: Whether input counts; without it only signals and time do.
    ///   - milliseconds: For how long; -1 is for ever.
    package func wait(
        until ending: inout Ending, isReading: Bool = true, milliseconds: Int32 = -1
    ) throws(CommandFault) -> Interruption.Wake {
        do {
            return try ending.interruption.wait(for: file, isReading: isReading, milliseconds: milliseconds)
        } catch {
            throw .input(InputError(error, isStandardInput: file.name == "standard input"))
        }
    }

    /// Reads once and gives the lines that are whole then to `body`, as ``nextLines(limitBytes:until:_:)`` does.
    package mutating func takeLines(
        limitBytes: Int, _ body: ([UInt8], Range<Int>) throws(CommandFault) -> Void
    ) throws(CommandFault) -> Bool {
        makeRoom(limitBytes: limitBytes)
        let count: Int
        do {
            count = try file.read(into: &buffer, from: filled)
        } catch {
            throw .input(InputError(error, isStandardInput: file.name == "standard input"))
        }
        let searched = filled
        filled += count
        let isFull = filled == buffer.count && filled - used > limitBytes
        guard let end = count == 0 || isFull ? filled : lastLineEnd(from: searched) else { return true }
        if end > used { try body(buffer, used..<end) }
        used = end
        return count > 0
    }

    private init(file: consuming InputFile) { self.file = file }

    private static let bufferBytes = 262_144

    /// Moves the beginning of an unfinished line to the front, and lets the buffer grow for a long one.
    private mutating func makeRoom(limitBytes: Int) {
        if used > 0 {
            buffer.replaceSubrange(0..<(filled - used), with: buffer[used..<filled])
            filled -= used
            used = 0
        }
        guard filled > buffer.count / 2 || buffer.isEmpty else { return }
        let size = min(max(Self.bufferBytes, 2 * buffer.count), max(limitBytes + 1, Self.bufferBytes))
        buffer.append(contentsOf: repeatElement(0, count: max(0, size - buffer.count)))
    }

    private func lastLineEnd(from start: Int) -> Int? {
        var position = filled
        while position > start {
            if buffer[position - 1] == UInt8(ascii: "\n") { return position }
            position -= 1
        }
        return nil
    }
}

/// The signals that end the program, put off until ``Ending/allow()``, so that a file half written can be removed.
package struct Ending: ~Copyable {
    fileprivate var interruption: Interruption

    /// Puts them off from here on.
    package init() throws(CommandFault) {
        do {
            interruption = try Interruption()
        } catch {
            throw .input(InputError(error, isStandardInput: true))
        }
    }

    /// Lets them through; one that has come meanwhile ends the program here.
    package consuming func allow() { interruption.end() }
}
