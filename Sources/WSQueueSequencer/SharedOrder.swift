internal import WSQueueCore
package import WSQueueLog
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

    /// What is known of what Redis has beside the stream.
    private enum Past {
        case unknown
        case asked
        case known(StreamPast)
    }

    private var outbox: StreamOutbox
    private var past = Past.unknown
    /// Whether this server has put back what it knew, since the stream was found.
    private var hasPutBack = false
    /// The state was taken over as it was after this number: clients are let in no earlier.
    private var stateSeq: UInt64 = 0
    private var trims = StreamTrims()
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
    /// How far submitted events may be ahead of what this server has read itself.
    private let aheadLimit: UInt64

    /// Begins with nothing submitted.
    ///
    /// - Parameters:
    ///   - stream: The stream's key.
    ///   - state: The key beside it where the state of each key is.
    ///   - limits: How much state this server keeps.
    ///   - aheadEvents: How far submitted events may be ahead of what this server has read itself.
    package init(stream: String, state: String, limits: KeptLimits, aheadEvents: Int) {
        outbox = StreamOutbox(stream: stream, state: state, limits: limits)
        aheadLimit = UInt64(max(1, aheadEvents))
    }

    func hear(_ news: StreamNews) -> Bool {
        switch news {
        case .fenced(let sent): submittedBefore = sent.map(StreamOutbox.files) ?? [:]
        case .written(let number, let seq):
            outbox.finish()
            lastWrittenNumber = number
            lastWrittenSeq = max(lastWrittenSeq, seq)
        case .entries(let entries): arrivals.append(contentsOf: entries.map(Arrival.entry))
        case .attached(let place):
            past = .unknown
            hasPutBack = false
            arrivals.append(.place(place))
        // What was asked for before the stream was found anew is too old by the time it is needed.
        case .past(let found): if isAwaitingPast { past = .known(found) }
        case .readToEnd: arrivals.append(.end)
        case .down:
            past = .unknown
            return true
        }
        return false
    }

    func takeOrders() -> [StreamOrder] {
        if let batch = outbox.take() { orders.append(.write(batch)) }
        defer { orders = [] }
        return orders
    }

    var hasArrivals: Bool { !arrivals.isEmpty }
    var hasWork: Bool { hasArrivals && !isStopping && nextTry == 0 && !isAwaitingPast }

    private var isAwaitingPast: Bool { if case .asked = past { true } else { false } }

    func next(now: Int64) -> Arrival? {
        guard !isStopping, now >= nextTry, !isAwaitingPast, let arrival = arrivals.first else { return nil }
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
    func catchUp(atLeast seq: UInt64) { catchUpSeq = max(catchUpSeq ?? 0, seq) }

    func stop() { isStopping = true }
    func isFinished(isStreamUp: Bool) -> Bool { outbox.isEmpty || !isStreamUp }

    static func resolve(_ place: StreamPlace, epoch: String, seq: UInt64, isProbeKnown: Bool?) -> Resolution {
        guard place.epoch == epoch else { return .restart(epoch: place.epoch, after: place.first - 1) }
        // It has no longer the events that it had, or has others under their numbers.
        if place.last < max(seq, place.known) || (place.probe?.seq == seq && isProbeKnown == false) { return .renew }
        return place.first > seq + 1 ? .restart(epoch: epoch, after: place.first - 1) : .follow
    }

    func follow(_ place: StreamPlace, after seq: UInt64) {
        catchUpSeq = max(place.last, stateSeq)
        orders.append(.follow(after: seq, attempt: place.attempt))
    }

    func renew(_ place: StreamPlace, from name: String, to newName: String, _ state: StateCorrections) {
        orders.append(.renew(from: name, to: newName, attempt: place.attempt, state))
    }

    // MARK: What is not in the stream any more

    /// What Redis has beside the stream; `nil` where it is not known yet: it has been asked for, and nothing else is given
    /// before it has come.
    func knownPast() -> StreamPast? {
        switch past {
        case .known(let found): return found
        case .asked: return nil
        case .unknown:
            past = .asked
            orders.append(.readPast(after: nil))
            return nil
        }
    }

    /// The history has begun anew after a number.
    func noteRestart(after seq: UInt64) {
        if case .known(let found) = past { stateSeq = found.last }
        past = .unknown
        // It bounds how far ahead this server writes, and may be of another numbering.
        lastWrittenSeq = 0
        trims = StreamTrims(after: seq)
    }

    /// Whether the stream is to be trimmed up to a number.
    func wantsTrim(upTo seq: UInt64) -> Bool { hasCaughtUp && seq > trims.end }

    func trim(_ trim: StreamTrim) { trims.add(trim) }

    /// Has the stream let go of what is far enough behind a number.
    func letGo(behind seq: UInt64) {
        if let trim = trims.take(behind: seq) { orders.append(.trim(trim)) }
    }

    func correct(_ corrections: StateCorrections, epoch: String) {
        orders.append(.correct(corrections, epoch: epoch))
    }

    /// Has what was known before the numbering put back, once, and then looks again at what there is.
    ///
    /// - Returns: Whether that was still to be done.
    func putBack(_ corrections: () -> StateCorrections) -> Bool {
        guard !hasPutBack else { return false }
        hasPutBack = true
        past = .asked
        orders.append(.readPast(after: corrections()))
        return true
    }
}
