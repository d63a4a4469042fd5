internal import WSQueueCommandLine
internal import WSQueueCore
internal import WSQueueOperation
package import WSQueueSystem

/// Follows a log file of a server from the shell, through rotation by renaming and by cutting it off.
package struct LogFollower: ~Copyable {
    private let path: String
    private let filter: EventFilter?
    private var output: TailOutput
    private var file: InputFile?
    private var identity: FileIdentity?
    private var offset = 0
    private var rest: [UInt8] = []

    private static let pollNanoseconds: Int64 = 100_000_000
    private static let pieceBytes = 65_536
    private static let lineLimitBytes = 65_536

    /// Makes a follower of the file at `path`, which need not be there yet.
    ///
    /// - Parameter events: Globs of `ev=` names; empty is all lines.
    package init(_ path: String, events: [String], _ output: TailOutput) {
        self.path = path
        filter = events.isEmpty ? nil : EventFilter(events.joined(separator: ","))
        self.output = output
    }

    /// Follows from the end of what is there until as many lines as wanted have come; without such a number, until a
    /// signal comes.
    ///
    /// - Returns: How many commands have failed.
    /// - Throws: `SystemCallError` when the file cannot be read, or the output not be written.
    package mutating func run() throws(SystemCallError) -> Int {
        try start()
        while !output.isDone {
            if try !turn() { Clock.sleep(nanoseconds: Self.pollNanoseconds) }
        }
        return output.failures
    }

    /// Begins at the end of what is there.
    mutating func start() throws(SystemCallError) {
        if try reopen() { offset = try size() }
    }

    /// Reads on, or else looks whether another file stands there.
    ///
    /// - Returns: Whether there may be more at once.
    mutating func turn() throws(SystemCallError) -> Bool {
        if try read() { return true }
        return try reopen()
    }

    /// Reads on in the file at hand.
    ///
    /// - Returns: Whether there was something.
    private mutating func read() throws(SystemCallError) -> Bool {
        let bytes: [UInt8]
        switch file {
        case .some(let open): bytes = try open.read(at: offset, count: Self.pieceBytes)
        case .none: return false
        }
        offset += bytes.count
        try take(bytes)
        return !bytes.isEmpty
    }

    private mutating func take(_ bytes: [UInt8]) throws(SystemCallError) {
        rest += bytes
        var start = 0
        while !output.isDone, let end = rest[start...].firstIndex(of: 0x0A) {
            let line = Array(rest[start...end])
            start = end + 1
            let name = Self.name(in: line)
            if let filter, !filter.includes(Array(name.utf8).span) { continue }
            try output.hand(line: Self.shown(line), input: line, variables: [("WSQUEUE_EVENT", name)])
        }
        rest.removeFirst(start)
        // A file without lines is no log.
        if rest.count > Self.lineLimitBytes { rest = [] }
    }

    /// Looks whether another file stands at the path, or the same has been cut off, and begins with it.
    ///
    /// - Returns: Whether there is something to be read from its beginning.
    private mutating func reopen() throws(SystemCallError) -> Bool {
        let status: FileStatus
        do {
            status = try Directory.status(at: path)
        } catch  where error.isNotFound {
            return false
        }
        if status.identity == identity {
            guard Int(status.sizeBytes) < offset else { return false }
            offset = 0
            rest = []
            return true
        }
        if identity != nil {
            // A rotation makes the new file before the server hears of it. Once something is in it, nothing more comes
            // to the old one, and all that did is read first.
            guard status.sizeBytes > 0 else { return false }
            while !output.isDone, try read() {}
            if output.isDone { return true }
        }
        let opened: InputFile
        do {
            opened = try InputFile.open(path)
        } catch  where error.isNotFound {
            return false
        }
        identity = try opened.status().identity
        file = consume opened
        offset = 0
        rest = []
        return true
    }

    private func size() throws(SystemCallError) -> Int {
        switch file {
        case .some(let open): Int(try open.status().sizeBytes)
        case .none: 0
        }
    }

    /// A server's own lines are safe for a terminal already; a file of another program's may not be.
    private static func shown(_ line: [UInt8]) -> [UInt8] {
        Array(TerminalText.plain(Array(line.dropLast())).utf8) + [0x0A]
    }

    /// What a line's `ev` says, as text or in JSON; empty where it says nothing.
    private static func name(in line: [UInt8]) -> String {
        let text = String(decoding: line, as: UTF8.self)
        for (mark, end) in [(" ev=", " "), (">ev=", " "), ("\"ev\":\"", "\"")] {
            guard let rest = text.behind(mark) else { continue }
            return String(rest.prefix { !end.contains($0) && !$0.isNewline })
        }
        return ""
    }
}
