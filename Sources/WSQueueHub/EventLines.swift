internal import WSQueueLog
internal import WSQueueOperation
internal import WSQueueSystem

/// An event that was sent, as its line will say.
struct SentEvent {
    let id: String
    let seq: UInt64
    let name: String
    let channels: [String]
    /// Who has published it; `nil` where a server before 0.2 has.
    let owner: EventOwner?
    let byteCount: Int
    let waitNanoseconds: Int64
    /// Its trace context, where it has one.
    let traceparent: String?
    /// How many clients there were; used only for an event for everyone.
    let clientCount: Int
    /// `nil` where the file was another server's.
    let file: String?
}

/// Lines about events, by the rule of SPEC §6: up to 50 a second one by one, the others in one sum a second.
struct EventLines {
    private let log: Log
    private let mode: Configuration.EventLines
    private var second: Int64 = 0
    private var linesLeft = Self.linesPerSecond
    private var sum = Sum()
    private var names = PublisherNames()

    private static let linesPerSecond = 50
    /// Enough for quantiles; of more events in a second the first of them stand for all.
    private static let sampleLimit = 4_096

    /// What one second of events comes to.
    private struct Sum {
        var sent = 0
        var byteCount = 0
        var expired = 0
        var waits: [Int64] = []
        var isEmpty: Bool { sent == 0 && expired == 0 }
    }

    init(log: Log, mode: Configuration.EventLines) {
        self.log = log
        self.mode = mode
    }

    /// Whether the next event gets a line of its own; otherwise it is to be counted.
    mutating func takesOwnLine(unix: Int64) -> Bool {
        guard givesOwnLine(unix: unix) else { return false }
        linesLeft -= 1
        return true
    }

    /// The same, and nothing is taken yet.
    mutating func givesOwnLine(unix: Int64) -> Bool {
        switch mode {
        case .all: return true
        case .off: return false
        case .sampled:
            turn(unix: unix)
            return linesLeft > 0
        }
    }

    /// Counts an event that was sent and has no line of its own.
    mutating func count(byteCount: Int, waitNanoseconds: Int64) {
        sum.sent += 1
        sum.byteCount += byteCount
        if sum.waits.count < Self.sampleLimit { sum.waits.append(waitNanoseconds) }
    }

    /// Writes the line of an event that all its clients have been handed.
    mutating func write(_ event: SentEvent, clients: Int) {
        var line = LogLine(.info, "event.sent").with("id", event.id).with("seq", event.seq).with("event", event.name)
        if !event.channels.isEmpty { line = line.with("ch", event.channels.joined(separator: ",")) }
        line = line.with("pub", names.name(of: event.owner))
        line = line.with("clients", clients).with("bytes", event.byteCount)
            .with("wait_ms", milliseconds: event.waitNanoseconds)
        if let file = event.file { line = line.with("file", file) }
        if let traceparent = event.traceparent { line = line.with("traceparent", traceparent) }
        log.writeUnlimited(line)
    }

    /// Says that an event came too late.
    mutating func writeExpired(id: String, name: String, file: String, unix: Int64) {
        guard takesOwnLine(unix: unix) else {
            sum.expired += 1
            return
        }
        log.writeUnlimited(
            LogLine(.info, "event.expired").with("id", id).with("event", name).with("file", file))
    }

    /// Writes the sum of a second that is over.
    mutating func turn(unix: Int64) {
        let present = unix / 1_000_000_000
        guard present != second else { return }
        second = present
        linesLeft = Self.linesPerSecond
        writeSum()
    }

    /// Writes the sum of what was counted.
    mutating func writeSum() {
        guard !sum.isEmpty, mode == .sampled else { return }
        var line = LogLine(.info, "events.sum").with("sent", sum.sent)
        if sum.expired > 0 { line = line.with("expired", sum.expired) }
        let waits = sum.waits.sorted()
        if let last = waits.last {
            line = line.with("bytes", sum.byteCount)
                .with("wait_p50_ms", milliseconds: waits[waits.count / 2])
                .with("wait_p99_ms", milliseconds: waits[waits.count * 99 / 100])
                .with("wait_max_ms", milliseconds: last)
        }
        log.writeUnlimited(line)
        sum = Sum()
    }
}

/// What publishers are called in lines: by their user's name, where it has one.
struct PublisherNames {
    private var known: [EventOwner: String] = [:]

    /// Stands for those of whom no one can tell who they are.
    static let unknown = "?"
    private static let limit = 4_096

    /// Finds a publisher's name.
    mutating func name(of owner: EventOwner?) -> String {
        guard let owner, owner != .unknown else { return Self.unknown }
        if let name = known[owner] { return name }
        let text = String(decoding: owner.name, as: UTF8.self)
        let name = UInt32(text).flatMap(Account.userName) ?? text
        if known.count < Self.limit { known[owner] = name }
        return name
    }
}
