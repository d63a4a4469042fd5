internal import WSQueuePublish
internal import WSQueueSystem

/// Events on their way into the queue, a batch every so often. What cannot be written for now, as on a full disk, is kept and
/// tried again.
struct Outlet {
    private let publisher: Publisher
    private let every: Int64
    private let report: (String) -> Void
    private var pending: [UInt8] = []
    private var events = 0
    /// When something may be published next (monotonic nanoseconds).
    private var next: Int64 = 0
    /// What was said last of a queue that cannot be written to.
    private var fault: PublishError?

    /// How much is one batch, and is published without waiting.
    private static let batchBytes = 4 * 1_048_576
    /// How much is kept while nothing can be written.
    private static let limitBytes = 32 * 1_048_576
    private static let retryNanoseconds: Int64 = 1_000_000_000

    /// Begins.
    ///
    /// - Parameters:
    ///   - every: The time between two batches.
    ///   - report: Gets a line for people when something is wrong.
    init(_ publisher: Publisher, every: Duration, report: @escaping (String) -> Void) {
        self.publisher = publisher
        self.every = every.nanoseconds
        self.report = report
    }

    /// Whether nothing waits.
    var isEmpty: Bool { pending.isEmpty }

    /// Whether there is room for more.
    var hasRoom: Bool { pending.count < Self.limitBytes }

    /// Whether a batch may be published now.
    var isDue: Bool { Clock.monotonicNanoseconds() >= next }

    /// How long may be waited until a batch is due, in milliseconds.
    var patience: Int32 {
        let rest = max(0, next - Clock.monotonicNanoseconds())
        return Int32(min(60_000, (rest + 999_999) / 1_000_000))
    }

    /// Takes lines of a batch file.
    mutating func add(_ lines: [UInt8], events count: Int) {
        pending += lines
        events += count
    }

    /// Publishes what waits, where it is time. A fault is told when it is new.
    mutating func publishIfDue() {
        guard !pending.isEmpty else { return }
        let now = Clock.monotonicNanoseconds()
        guard now >= next || (fault == nil && pending.count >= Self.batchBytes) else { return }
        do {
            try publish()
            next = now + every
        } catch {
            if fault?.reason != error.reason { report("\(error); trying again") }
            fault = error
            next = now + max(every, Self.retryNanoseconds)
        }
    }

    /// Publishes what waits, now.
    mutating func flush() throws(PublishError) {
        if !pending.isEmpty { try publish() }
    }

    private mutating func publish() throws(PublishError) {
        var batch = try Batch(publisher)
        try batch.append(pending)
        try batch.publish(events: events)
        if fault != nil { report("the queue can be written to again") }
        fault = nil
        pending.removeAll(keepingCapacity: true)
        events = 0
    }
}
