package import WSQueueSystem

/// What a command reads: a named file, or standard input.
package struct Input: ~Copyable {
    private var file: InputFile
    /// Where the file is one that is followed.
    private var followed: FollowedName?
    /// Whether the last look at it found nothing new.
    private var isIdle = false
    private var trouble: (last: InputError?, isNew: Bool) = (nil, false)
    private var buffer: [UInt8] = []
    private var used = 0
    private var filled = 0
    private var readBytes = 0

    /// Opens the file at `path`; `-` is standard input.
    package static func open(_ path: String) throws(CommandFault) -> Input {
        do {
            return Input(file: path == "-" ? try InputFile.standardInput() : try InputFile.open(path))
        } catch {
            throw .input(InputError(error, isStandardInput: path == "-"))
        }
    }

    /// Opens the file at `path` to read what is added to it from now on, and to whatever takes its place; of what is no file
    /// on a disk, all of it.
    ///
    /// - Parameter isLines: Whether a line that its writer has begun is read from its beginning.
    package static func follow(_ path: String, isLines: Bool) throws(CommandFault) -> Input {
        var input = try open(path)
        guard path != "-" else { return input }
        do {
            let status = try input.file.status()
            guard status.kind == .regular else { return input }
            let position = isLines ? try input.lineStart(before: Int(status.sizeBytes)) : Int(status.sizeBytes)
            try input.file.move(to: position)
            input.followed = try FollowedName(path, position: position) { offset, count throws(SystemCallError) in
                try input.file.read(at: offset, count: count)
            }
            return input
        } catch {
            throw input.fault(error)
        }
    }

    /// Reads all of it, but no more than `limitBytes` and one more, by which the caller knows that it is too much.
    ///
    /// - Parameter progress: Shows how much has come.
    package static func contents(
        of path: String, limitBytes: Int, showing progress: inout Progress
    ) throws(CommandFault) -> [UInt8] {
        let input = try open(path)
        defer { progress.end() }
        do {
            return try input.file.readAll(limitBytes: limitBytes + 1) { count in
                progress.show("\(count) bytes from \(path == "-" ? "standard input" : path)")
            }
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
        // Nothing tells of what is added to a file in all file systems: it is looked at now and then.
        let patience = isIdle ? min(milliseconds < 0 ? .max : milliseconds, Self.lookMilliseconds) : milliseconds
        do {
            let wake = try ending.interruption.wait(
                for: file, isReading: isReading && !isIdle, milliseconds: patience)
            return wake == .timeout && isIdle && isReading ? .input : wake
        } catch {
            throw fault(error)
        }
    }

    /// Reads once and gives the lines that are whole then to `body`, as ``nextLines(limitBytes:until:_:)`` does.
    package mutating func takeLines(
        limitBytes: Int, _ body: ([UInt8], Range<Int>) throws(CommandFault) -> Void
    ) throws(CommandFault) -> Bool {
        makeRoom(limitBytes: limitBytes)
        let searched = filled
        let (count, hasEnded) = try read(at: filled)
        filled += count
        let isFull = filled == buffer.count && filled - used > limitBytes
        let isMore = count > 0 || followed != nil
        guard let end = hasEnded || isFull ? filled : lastLineEnd(from: searched) else { return isMore }
        if end > used { try body(buffer, used..<end) }
        used = end
        return isMore
    }

    /// Reads once.
    ///
    /// - Returns: What came, and whether there may be more.
    package mutating func takeBytes(atMost limit: Int) throws(CommandFault) -> (bytes: [UInt8], isMore: Bool) {
        if buffer.isEmpty { buffer = [UInt8](repeating: 0, count: limit) }
        let count = try read(at: 0).count
        return (Array(buffer[..<count]), count > 0 || followed != nil)
    }

    /// Why the file that is followed cannot be read on, once for each reason.
    package mutating func takeTrouble() -> InputError? {
        defer { trouble.isNew = false }
        return trouble.isNew ? trouble.last : nil
    }

    /// How many bytes have been read, and how many there are, where that is known.
    package var extent: (read: Int, all: Int?) {
        let status = try? file.status()
        return (readBytes, status?.kind == .regular ? status.map { Int($0.sizeBytes) } : nil)
    }

    private init(file: consuming InputFile) { self.file = file }

    private static let bufferBytes = 262_144
    private static let lookMilliseconds: Int32 = 100
    private static let longestLineBytes = 65_536

    /// Reads once into the buffer. Of a file that is followed, what comes after its end is in the next one.
    ///
    /// - Returns: How much came, and whether what came so far has ended.
    private mutating func read(at start: Int) throws(CommandFault) -> (count: Int, hasEnded: Bool) {
        do {
            if try isCut() { try file.move(to: 0) }
            let count = try file.read(into: &buffer, from: start)
            readBytes += count
            isIdle = false
            guard followed != nil else { return (count, count == 0) }
            followed?.advance(buffer[start..<(start + count)])
            return (count, count == 0 ? try goOn() : false)
        } catch {
            throw fault(error)
        }
    }

    /// Looks for what comes after the end of a file that is followed.
    ///
    /// - Returns: Whether the next file is read from here on.
    private mutating func goOn() throws(SystemCallError) -> Bool {
        guard let path = followed?.path else { return false }
        switch followed?.step(try file.status(), try? Directory.status(at: path)) {
        case .read: break
        case .open:
            do throws(SystemCallError) {
                file = try InputFile.open(path)
                followed?.begin()
                trouble = (nil, false)
                return true
            } catch {
                let fault = InputError(error, isStandardInput: false)
                trouble = (fault, trouble.isNew || fault != trouble.last)
                isIdle = true
            }
        case .wait, nil: isIdle = true
        }
        return false
    }

    /// Whether a file that is followed was cut since it was read.
    private mutating func isCut() throws(SystemCallError) -> Bool {
        guard var name = followed else { return false }
        let status = try file.status()
        defer { followed = name }
        return try name.isCut(status) { offset, count throws(SystemCallError) in try file.read(at: offset, count: count)
        }
    }

    /// Where the line begins that is not ended at `end`; `end` where there is none, or it is longer than lines are.
    private func lineStart(before end: Int) throws(SystemCallError) -> Int {
        let start = max(0, end - Self.longestLineBytes)
        let bytes = try file.read(at: start, count: end - start)
        guard let lineFeed = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return start == 0 ? 0 : end }
        return start + lineFeed + 1
    }

    private func fault(_ error: SystemCallError) -> CommandFault {
        .input(InputError(error, isStandardInput: file.name == "standard input"))
    }

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
