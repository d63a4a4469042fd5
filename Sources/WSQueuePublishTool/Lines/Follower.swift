package import WSQueuePublish
internal import WSQueueSystem

/// Publishes lines as they come, a batch every so often, for as long as they come.
///
/// The writer of the lines is never kept waiting for a server: batches are files. What cannot be written for now, as on
/// a full disk, is kept and tried again; only when that has become much, the writer waits.
package struct Follower: ~Copyable {
    private let publisher: Publisher
    private var encoder: LineEncoder
    private var input: Input
    private let every: Int64
    private let report: (String) -> Void
    private var pending: [UInt8] = []
    private var events = 0
    /// When something may be published next (monotonic nanoseconds).
    private var next: Int64 = 0
    /// What was said last of a queue that cannot be written to.
    private var fault: PublishError?
    /// How many lines have been passed over.
    package private(set) var refused = 0

    /// How much is one batch, and is published without waiting.
    private static let batchBytes = 4 * 1_048_576
    /// How much is kept while nothing can be written.
    private static let limitBytes = 32 * 1_048_576
    private static let retryNanoseconds: Int64 = 1_000_000_000
    private static let refusalsShown = 20

    /// Begins.
    ///
    /// - Parameters:
    ///   - encoder: Makes events of the lines.
    ///   - every: The time between two batches.
    ///   - report: Gets a line for people when something is wrong.
    /// - Throws: ``PublishError`` when there is no queue to begin with.
    package init(
        _ publisher: Publisher, _ encoder: LineEncoder, _ input: consuming Input, every: Duration,
        report: @escaping (String) -> Void
    ) throws(PublishError) {
        _ = try publisher.writer()
        self.publisher = publisher
        self.encoder = encoder
        self.input = input
        self.every = every.nanoseconds
        self.report = report
    }

    /// Publishes to the end of the input, or until a signal comes. What is read by then is published.
    package mutating func run(until ending: inout Ending) throws(CommandFault) {
        var isMore = true
        while isMore {
            let isReading = pending.count < Self.limitBytes
            switch try input.wait(until: &ending, isReading: isReading, milliseconds: patience()) {
            case .signal:
                try flush()
                throw .interrupted
            case .input: isMore = try take()
            case .timeout: break
            }
            publishIfDue()
        }
        try flush()
    }

    /// How long may be waited: until a batch is due.
    private func patience() -> Int32 {
        guard !pending.isEmpty else { return -1 }
        let rest = max(0, next - Clock.monotonicNanoseconds())
        return Int32(min(60_000, (rest + 999_999) / 1_000_000))
    }

    private mutating func take() throws(CommandFault) -> Bool {
        // A batch says the moment at which it was begun.
        if pending.isEmpty { encoder.stamp() }
        let before = encoder.events
        var faults: [PublishError] = []
        let isMore = try input.takeLines(limitBytes: publisher.settings.limitBytes) {
            bytes, range throws(CommandFault) in
            try CommandFault.catching(
                try encoder.encode(bytes, in: range, into: &pending) { error throws(PublishError) in
                    faults.append(error)
                })
        }
        events += encoder.events - before
        for fault in faults { pass(fault) }
        return isMore
    }

    /// One wrong line of a stream without end must not end it.
    private mutating func pass(_ fault: PublishError) {
        refused += 1
        if refused <= Self.refusalsShown { report("\(fault); passed over") }
        if refused == Self.refusalsShown { report("further lines that are wrong are passed over without a word") }
    }

    private mutating func publishIfDue() {
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

    private mutating func flush() throws(CommandFault) {
        if !pending.isEmpty { try CommandFault.catching(try publish()) }
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
