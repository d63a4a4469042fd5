internal import WSQueueCore
internal import WSQueueSpool
internal import WSQueueSystem

/// The order that several servers share, by a stream: what this server submits, what comes back, and how far it is.
///
/// The thread that talks to Redis carries out ``StreamOrder`` and tells ``StreamNews``; this decides.
package final class SharedOrder {
    /// What came from the stream and waits for its turn.
    package enum Arrival {
        case entry(StreamEntry)
        case place(StreamPlace)
        /// The stream has nothing more for now.
        case end
    }

    /// Where to read on in a stream that was found.
    package enum Resolution: Equatable {
        /// After the last event that is here.
        case follow
        /// After this number, with a history that begins anew: what lies before is not there any more, or is of another
        /// numbering.
        case restart(epoch: String, after: UInt64)
        /// The stream has lost events that were sent: its numbering needs another name.
        case renew
    }

    private var outbox: StreamOutbox
    private var arrivals = Fifo<Arrival>()
    private var orders: [StreamOrder] = []
    /// The files that a process before this one has put into the stream and perhaps not deleted; `nil` until Redis has
    /// said which, and no file is taken before.
    private var submittedBefore: [[UInt8]: FileMark]?
    private var lastWrittenNumber: UInt64 = 0
    /// The number of the last event that this server has put into the stream.
    private var lastWrittenSeq: UInt64 = 0
    /// Up to here the stream is read before clients are let in; `nil` until it is known, and once it is done.
    private var catchUpSeq: UInt64?
    /// Whether everything has been read that was in the stream when this process found it.
    private var hasCaughtUp = false
    private var isStopping = false
    /// When what has failed is tried again, monotonic nanoseconds.
    private var nextTry: Int64 = 0
    /// How far submitted events may be ahead of what this server has read itself: half of what the stream keeps.
    private let aheadLimit: UInt64

    /// Begins with nothing submitted.
    ///
    /// - Parameters:
    ///   - stream: The stream's key.
    ///   - historyEvents: How many events it keeps.
    package init(stream: String, historyEvents: Int) {
        outbox = StreamOutbox(stream: stream, historyEvents: historyEvents)
        aheadLimit = UInt64(max(1, historyEvents / 2))
    }

    func hear(_ news: StreamNews) -> Bool {
        switch news {
        case .fenced(let sent): submittedBefore = sent.map(StreamOutbox.files) ?? [:]
        case .written(let number, let seq):
            outbox.finish()
            lastWrittenNumber = number
            lastWrittenSeq = max(lastWrittenSeq, seq)
        case .entries(let entries): arrivals.append(contentsOf: entries.map(Arrival.entry))
        case .attached(let place): arrivals.append(.place(place))
        case .readToEnd: arrivals.append(.end)
        case .down: return true
        }
        return false
    }

    func takeOrders() -> [StreamOrder] {
        if let batch = outbox.take() { orders.append(.write(batch)) }
        defer { orders = [] }
        return orders
    }

    var hasArrivals: Bool { !arrivals.isEmpty }
    var hasWork: Bool { hasArrivals && !isStopping && nextTry == 0 }

    func next(now: Int64) -> Arrival? {
        guard !isStopping, now >= nextTry, let arrival = arrivals.first else { return nil }
        nextTry = 0
        return arrival
    }

    func finishNext() { arrivals.popFirst() }
    func retry(at moment: Int64) { nextTry = moment }

    /// Whether files may be taken. Not before this process has read what was in the stream: a process that was killed may
    /// have put files there that its last note does not name, because they were not deleted when the next transaction
    /// was under way. Those are known by their events.
    func maySubmit(seq: UInt64) -> Bool {
        submittedBefore != nil && hasCaughtUp && outbox.hasRoom && lastWrittenSeq < seq + aheadLimit
    }

    func submit(_ event: SpooledEvent, _ text: Span<UInt8>) { outbox.add(event, text) }
    func submit(_ source: FileSource, contents: Span<UInt8>) {
        outbox.add(source.file.name, source.mark(contents))
    }

    func hasSubmitted(_ source: FileSource, _ contents: Span<UInt8>) -> Bool {
        guard let submittedBefore, !submittedBefore.isEmpty,
            let mark = submittedBefore[Array(source.file.name.bytes)]
        else { return false }
        return mark.matches(source.mark(contents))
    }

    var transactionNumber: UInt64 { outbox.number }
    /// Up to this transaction everything is in the stream.
    var writtenNumber: UInt64 { lastWrittenNumber }

    var isCatchingUp: Bool { catchUpSeq != nil }

    func finishCatchingUp(seq: UInt64) -> Bool {
        guard let end = catchUpSeq, seq >= end else { return false }
        catchUpSeq = nil
        hasCaughtUp = true
        return true
    }

    func finishEnd(seq: UInt64) {
        catchUpSeq = catchUpSeq.map { min($0, seq) }
        finishNext()
    }
    func catchUp(atLeast seq: UInt64) { catchUpSeq = catchUpSeq ?? seq }

    func stop() { isStopping = true }
    func isFinished(isStreamUp: Bool) -> Bool { outbox.isEmpty || !isStreamUp }

    static func resolve(_ place: StreamPlace, epoch: String, seq: UInt64, isProbeKnown: Bool?) -> Resolution {
        guard place.epoch == epoch else { return .restart(epoch: place.epoch, after: place.first - 1) }
        // It has no longer the events that it had, or has others under their numbers.
        if place.last < seq || (place.probe?.seq == seq && isProbeKnown == false) { return .renew }
        return place.first > seq + 1 ? .restart(epoch: epoch, after: place.first - 1) : .follow
    }

    func follow(_ place: StreamPlace, after seq: UInt64) {
        catchUpSeq = place.last
        orders.append(.follow(after: seq, attempt: place.attempt))
    }

    func renew(_ place: StreamPlace, from name: String, to newName: String) {
        orders.append(.renew(from: name, to: newName, attempt: place.attempt))
    }
}
