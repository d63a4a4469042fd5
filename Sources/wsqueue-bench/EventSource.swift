internal import Glibc
internal import WSQueueNet
internal import WSQueueSystem

/// Publishes numbered events in the way a server wants them.
struct EventSource: ~Copyable {
    private let dialect: Dialect
    private let event: BenchEvent
    private let subject: String
    /// The spool, where events are files.
    private let directory: Directory?
    /// The connection, where they are messages.
    private let descriptor: Int32
    /// The number of the next event.
    private(set) var next = 0
    private var fileNumber = 0
    /// Others may publish into the same spool.
    private let process = getpid()
    private var hidden: [(hidden: FileName, visible: FileName)] = []
    private var pending: [UInt8] = []
    private var sent = 0
    private var ignored = [UInt8](repeating: 0, count: 65_536)

    /// - Parameters:
    ///   - directory: The path of the spool.
    ///   - port: Where publishers connect, for servers that have no spool.
    init(dialect: Dialect, event: BenchEvent, directory: String?, port: UInt16) throws(SystemCallError) {
        let spool: Directory? = if let directory { try Directory.open(directory) } else { nil }
        let number: Int32 = dialect == .spool ? -1 : try ClientSocket.connect(port: port)
        self.dialect = dialect
        self.event = event
        subject = event.channel ?? "bench"
        self.directory = spool
        descriptor = number
        let greeting = dialect.publisherGreeting(subject: subject)
        if descriptor >= 0, !greeting.isEmpty { _ = Socket.send(greeting.span, to: descriptor) }
    }

    deinit { if descriptor >= 0 { ClientSocket.abort(descriptor) } }

    /// Prepares events, so that publishing them costs this program as little as it can.
    mutating func prepare(_ count: Int) throws {
        for _ in 0..<count {
            let text = event.text(next)
            next += 1
            if directory != nil {
                try write(text, suffix: "json")
            } else {
                pending += dialect.publication(text, subject: subject)
            }
        }
    }

    /// Prepares events as one batch file.
    mutating func prepareBatch(_ count: Int) throws {
        guard directory != nil else { return try prepare(count) }
        var lines: [UInt8] = []
        for _ in 0..<count {
            lines += event.text(next)
            lines.append(10)
            next += 1
        }
        try write(lines, suffix: "jsonl")
    }

    /// Publishes what was prepared: all of it becomes visible, or is handed to the socket as far as that takes it.
    ///
    /// - Returns: Whether it must be called again.
    mutating func publish() throws -> Bool {
        if let directory {
            for names in hidden { try directory.rename(names.hidden, to: names.visible, in: directory) }
            hidden.removeAll(keepingCapacity: true)
            return false
        }
        let number = descriptor
        var span = ignored.mutableSpan
        _ = Socket.receive(into: &span, from: number)
        while sent < pending.count {
            guard case .bytes(let count) = Socket.send(pending.span.extracting(sent...), to: descriptor) else {
                return true
            }
            sent += count
        }
        pending.removeAll(keepingCapacity: true)
        sent = 0
        return false
    }

    /// Whether the spool has no event files any more.
    func isSpoolEmpty() throws -> Bool {
        var isEmpty = true
        try directory?.forEachName { if $0[0] != UInt8(ascii: ".") { isEmpty = false } }
        return isEmpty
    }

    private mutating func write(_ bytes: [UInt8], suffix: String) throws {
        guard let directory else { return }
        fileNumber += 1
        let digits = String(fileNumber)
        let stem = "17920000" + String(repeating: "0", count: 11 - digits.count) + digits + "-\(process)-1-1"
        let name = FileName(".\(stem).tmp")
        let file = try directory.createFile(name, mode: 0o644)
        try file.writeAll(bytes.span, object: directory.path(of: name))
        hidden.append((name, FileName("\(stem).\(suffix)")))
    }
}
