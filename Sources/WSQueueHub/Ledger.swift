internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueOperation
internal import WSQueueSequencer
internal import WSQueueSystem

/// Log lines and counts about events: when they are recorded, and when all clients have been handed them.
struct Ledger {
    /// The line about an event, to be written once every loop has passed it.
    private struct Settled {
        /// The line to write, where it has one of its own.
        let sent: SentEvent?
        let selections: [PublicationLog.Selection]
    }

    /// What was handed to the loops together.
    private struct Pass {
        /// Monotonic nanoseconds.
        let publishedAt: Int64
        let events: UInt64
    }

    private let log: Log
    private var lines: EventLines
    private var ignored: IgnoredMembers
    private var figures = DeliveryFigures()
    private var settlement = Settlement<Settled>()
    private var passes = Settlement<Pass>()
    private var appendedBytes: UInt64 = 0
    private var summedLines: UInt64 = 0
    /// From the publisher's time until an event was handed to the loops, and from then until the last byte for the last
    /// client was with the kernel.
    private var waits = Histogram()
    private var sends = Histogram()

    init(_ configuration: Configuration, log: Log) {
        self.log = log
        lines = EventLines(log: log, mode: configuration.eventLines)
        ignored = IgnoredMembers(log: log)
    }

    /// How many events have not been handed to all clients, or not been said.
    var unsettledCount: Int { settlement.count }
    /// Events since the start.
    var sentCount: UInt64 { figures.sent }

    /// Whether something can be said by now.
    func hasWork(passed: UInt64) -> Bool { settlement.hasSettled(passed: passed) }

    /// Notes that an event was recorded.
    ///
    /// - Parameters:
    ///   - present: Until when it has waited, Unix nanoseconds.
    ///   - position: Where the log stands after it.
    ///   - unix: When this pass began, Unix nanoseconds.
    mutating func noteSent(
        _ event: SpooledEvent, _ text: Span<UInt8>, seq: UInt64, _ recorded: Recorder.Recorded, present: Int64,
        position: UInt64, unix: Int64, clientCount: @autoclosure () -> Int
    ) {
        if let name = event.text.ignored { ignored.note(name, in: text) { event.id(in: text) } }
        let wait = event.waited(until: present)
        figures.count(waitNanoseconds: wait)
        waits.count(nanoseconds: wait)
        guard lines.takesOwnLine(unix: unix) else {
            summedLines += 1
            lines.count(byteCount: recorded.byteCount, waitNanoseconds: wait)
            guard !recorded.selections.isEmpty else { return }
            return settlement.add(Settled(sent: nil, selections: recorded.selections), end: position)
        }
        let sent = SentEvent(
            id: event.id(in: text), seq: seq, name: event.name(in: text), channels: event.text.channels.map(\.name),
            owner: event.owner, byteCount: recorded.byteCount, waitNanoseconds: wait,
            traceparent: event.text.traceparent.map {
                String(decoding: [UInt8](text, in: JSONString.contents(of: $0)), as: UTF8.self)
            }, clientCount: clientCount(), file: event.fileName?.description)
        settlement.add(Settled(sent: sent, selections: recorded.selections), end: position)
    }

    /// Whether the next event gets a line of its own.
    mutating func givesOwnLine(unix: Int64) -> Bool { lines.givesOwnLine(unix: unix) }

    /// Notes that a plain line of a batch was recorded that gets no line of its own.
    mutating func noteSent(
        _ line: PlainEventText, _ text: Span<UInt8>, lineID: Span<UInt8>, waitNanoseconds: Int64, byteCount: Int
    ) {
        if let name = line.ignored {
            ignored.note(name, in: text) {
                line.text.idLabel(in: text)?.text ?? String(decoding: [UInt8](lineID), as: UTF8.self)
            }
        }
        figures.count(waitNanoseconds: waitNanoseconds)
        waits.count(nanoseconds: waitNanoseconds)
        summedLines += 1
        lines.count(byteCount: byteCount, waitNanoseconds: waitNanoseconds)
    }

    /// Says that an event is not sent.
    mutating func noteLeftOut(_ reason: Sequencer.Reason, _ event: SpooledEvent, _ text: Span<UInt8>, unix: Int64) {
        let file = event.fileName?.description
        switch reason {
        case .known: noteKnown(id: event.id(in: text), file: file)
        case .expired:
            lines.writeExpired(id: event.id(in: text), name: event.name(in: text), file: file ?? "", unix: unix)
        case .foreign: break
        }
    }

    /// Says that an event, or the first lines of a batch, are not sent again.
    func noteKnown(id: String, file: String?, lines count: Int? = nil) {
        var line = LogLine(.info, "event.duplicate").with("id", id)
        if let file { line = line.with("file", file) }
        if let count { line = line.with("lines", count) }
        log.write(line)
    }

    /// Notes what a pass has appended.
    ///
    /// - Parameter hasClients: Whether there is anyone to hand it to.
    mutating func notePass(bytes: UInt64, events: UInt64, hasClients: Bool, position: UInt64) {
        appendedBytes += bytes
        guard hasClients else { return }
        passes.add(Pass(publishedAt: Clock.monotonicNanoseconds(), events: events), end: position)
    }

    /// Says what everyone has been handed.
    ///
    /// - Parameters:
    ///   - passed: Up to where that is.
    ///   - passedAt: When the last loop came so far, monotonic nanoseconds.
    mutating func settle(passed: UInt64, passedAt: Int64) {
        while let pass = passes.next(passed: passed) {
            sends.count(nanoseconds: passedAt - pass.publishedAt, times: pass.events)
        }
        while let settled = settlement.next(passed: passed) {
            guard let sent = settled.sent else { continue }
            let isForSome = !settled.selections.isEmpty
            let clients = isForSome ? settled.selections.reduce(0) { $0 + $1.receivers } : sent.clientCount
            lines.write(sent, clients: clients)
        }
    }

    /// Writes the sum of a second that is over.
    mutating func turn(unix: Int64) { lines.turn(unix: unix) }

    /// Writes the sum of what has no lines of its own.
    mutating func writeSum() { lines.writeSum() }

    /// Adds what it has counted.
    func count(into counters: inout HubCounters) {
        counters.bytes = appendedBytes
        counters.summedLines = summedLines
        counters.waits = waits
        counters.sends = sends
    }

    /// The last waits of about a second, the shortest first.
    mutating func lastWaits(now: Int64) -> [Int64] { figures.lastWaits(now: now) }
}
