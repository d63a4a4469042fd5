package import WSQueueSystem

/// Whether a server holds a queue, as far as its publishers can tell: its lock is its own, which they may not open.
package enum ServerPresence: Equatable, Sendable {
    /// One does.
    case held
    /// None does.
    case none
    /// It cannot be told: an older server is, or was, at work there.
    case unknown

    /// The FIFO that a server keeps open for reading as long as it holds the queue, and never reads. Everybody may open it
    /// for writing, which fails where no one reads.
    package static let fifoName = FileName(".server")
    static let fifoMode: UInt32 = 0o622
    /// Where a FIFO cannot tell, a server sets the time of its address anew so often.
    package static let touchNanoseconds: Int64 = 2_000_000_000
    private static let patienceNanoseconds = 5 * touchNanoseconds

    /// Looks at a queue, which need not be readable.
    package static func of(_ queue: Directory) -> ServerPresence {
        do throws(SystemCallError) {
            let status = try queue.openForWriting(fifoName).status(object: "")
            return status.kind == .fifo && isTrusted(status, in: queue) ? .held : .unknown
        } catch {
            if error.isNotFound { return byAddress(queue) }
            guard error.isNoDevice, isFIFO(in: queue) else { return .unknown }
            // A FIFO has its readers on one machine.
            return LocalFileSystem.holding(queue.path) == nil ? byAddress(queue) : .none
        }
    }

    /// Whether an entry may say something about the server: no other publisher can have made it.
    static func isTrusted(_ status: FileStatus, in queue: Directory) -> Bool {
        status.owner == 0 || status.owner == Process.user || status.owner == (try? queue.status())?.owner
    }

    private static func isFIFO(in queue: Directory) -> Bool {
        guard let status = try? queue.status(of: fifoName) else { return false }
        return status.kind == .fifo && isTrusted(status, in: queue)
    }

    private static func byAddress(_ queue: Directory) -> ServerPresence {
        if let status = try? queue.status(of: ServerAddress.name) {
            guard status.kind == .regular, isTrusted(status, in: queue) else { return .unknown }
            return Clock.unixNanoseconds() - status.modifiedNanoseconds < patienceNanoseconds ? .held : .none
        }
        do throws(SystemCallError) {
            _ = try queue.status(of: lockName)
            return .unknown
        } catch {
            // Every server makes one.
            return error.isNotFound ? .none : .unknown
        }
    }

    /// The file that the server of a queue has locked.
    package static let lockName = FileName(".lock")
}

/// The sign by which publishers see that a server holds a queue, for as long as this value lives.
package struct ServerSign: ~Copyable {
    private let fifo: FileDescriptor?
    /// Whether the time of the address has to tell, because a FIFO cannot, or not everybody.
    package let needsTouch: Bool

    /// Gives the sign, as far as the file system can.
    package init(in queue: Directory, _ entries: OwnEntries) throws(SystemCallError) {
        fifo = try entries.openFIFO(ServerPresence.fifoName, mode: ServerPresence.fifoMode)
        needsTouch = fifo == nil || LocalFileSystem.holding(queue.path) == nil
    }
}

/// Which process serves a queue, and where it listens: `.address` in the queue.
package struct ServerAddress: Equatable, Sendable {
    /// The server's process, by its own number for it.
    package let process: Int32
    /// Where it listens.
    package let addresses: [String]

    package static let name = FileName(".address")
    private static let mode: UInt32 = 0o644
    private static let limitBytes = 4_096

    /// Makes what is to be written.
    package init(process: Int32, addresses: [String]) {
        self.process = process
        self.addresses = addresses
    }

    /// Reads what the server has written; `nil` where there is nothing, or not from one whom this user may believe. It
    /// counts only as long as the queue is held.
    package static func read(in queue: Directory) -> ServerAddress? {
        var bytes: [UInt8] = []
        guard let file = try? queue.openForReading(name), let status = try? file.status(object: ""),
            status.kind == .regular, ServerPresence.isTrusted(status, in: queue),
            (try? file.readAll(into: &bytes, limitBytes: limitBytes, object: "")) != nil
        else { return nil }
        var process: Int32?
        var addresses: [String] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let parts = line.split(separator: UInt8(ascii: "="), maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = String(decoding: parts[1], as: UTF8.self)
            if parts[0].elementsEqual("pid".utf8) { process = Int32(value) }
            if parts[0].elementsEqual("listen".utf8) { addresses.append(value) }
        }
        return process.map { ServerAddress(process: $0, addresses: addresses) }
    }

    /// Writes it for everybody to read, in place of what was there.
    package func write(in queue: Directory) throws(SystemCallError) {
        let hidden = FileName(".address-\(process)-\(RandomText.make(count: 8)).tmp")
        var file = try AtomicFile.create(hidden, in: queue, durability: .none)
        let lines = ["pid=\(process)"] + addresses.map { "listen=\($0)" }
        try file.append(Array(lines.map { "\($0)\n" }.joined().utf8).span)
        try file.seal(mode: Self.mode)
        do {
            try file.reveal(as: Self.name, replacing: true)
        } catch {
            throw error.cause
        }
    }

    /// Sets its time anew, which tells that the server is there where no FIFO does.
    package static func touch(in queue: Directory, unix: Int64) { try? queue.setModified(of: name, unix) }
}
