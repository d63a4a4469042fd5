internal import WSQueueCore

/// The order of the events: the one owner of the number that was given last (seq) and of the numbering's name (epoch).
///
/// It decides what becomes of each event: sent under a number, known already, too late, or handed to the stream that
/// several servers share, which gives it its number. Whether the order is this server's own or shared is chosen when it
/// is made. It knows no file, socket, clock or thread.
package struct Sequencer {
    /// What the decision about an event needs to know of it.
    package struct Facts {
        package let isKnown: Bool
        /// Past which moment it must not be sent, Unix microseconds; `nil` is never.
        package let expiresAtMicroseconds: Int64?

        /// Makes the facts about an event.
        package init(isKnown: Bool, expiresAtMicroseconds: Int64? = nil) {
            self.isKnown = isKnown
            self.expiresAtMicroseconds = expiresAtMicroseconds
        }
    }

    /// Why an event is not sent.
    package enum Reason: Equatable, Sendable {
        /// It has been sent before, as its id says.
        case known
        /// Its time (`expires_at`) was over when it was looked at.
        case expired
        /// It is an entry of the shared stream that is no event this server can send.
        case foreign
    }

    /// What becomes of an event.
    package enum Decision: Equatable, Sendable {
        /// It is sent under this number.
        case send(seq: UInt64)
        /// It goes into the shared stream, from which it comes back with a number.
        case submit
        /// It is not sent, and has no number.
        case drop(Reason)
        /// It is not sent, but has a number: an event for nobody is recorded under it, so that no reader waits for it.
        case leaveOut(seq: UInt64, Reason)
        /// Its number was passed before: nothing is to be done.
        case passed
    }

    private enum Order {
        case own
        case shared(SharedOrder)
    }

    private var lastSeq: UInt64
    private var name: String
    private var knownCount: UInt64 = 0
    private var expiredCount: UInt64 = 0
    private let order: Order

    /// Begins an order of this server's own.
    ///
    /// - Parameters:
    ///   - epoch: The numbering's name.
    ///   - seq: The number given last.
    package init(epoch: String, after seq: UInt64) {
        name = epoch
        lastSeq = seq
        order = .own
    }

    /// Begins to follow an order that several servers share.
    package init(epoch: String, after seq: UInt64, sharing shared: SharedOrder) {
        name = epoch
        lastSeq = seq
        order = .shared(shared)
    }

    /// The number given last; 0 at the beginning of a numbering.
    package var seq: UInt64 { lastSeq }

    /// The numbering's name, the first part of every cursor.
    package var epoch: String { name }

    /// How many events were known already, and how many came too late.
    package var counts: (known: UInt64, expired: UInt64) { (knownCount, expiredCount) }

    // MARK: Decisions

    /// Decides about an event.
    ///
    /// - Parameters:
    ///   - place: The number that the shared stream has given it; `nil` for an event of the queue.
    ///   - unix: The present moment, Unix nanoseconds.
    package mutating func decide(_ facts: Facts, at place: UInt64? = nil, unix: Int64) -> Decision {
        if let place {
            guard place > lastSeq else { return .passed }
            lastSeq = place
        }
        if let reason = reason(facts, unix: unix) {
            count(reason)
            return place.map { .leaveOut(seq: $0, reason) } ?? .drop(reason)
        }
        if let place { return .send(seq: place) }
        switch order {
        case .own:
            lastSeq += 1
            return .send(seq: lastSeq)
        case .shared: return .submit
        }
    }

    /// Passes the number of an entry that is no event this server can send.
    package mutating func leaveOut(at place: UInt64) -> Decision {
        guard place > lastSeq else { return .passed }
        lastSeq = place
        return .leaveOut(seq: place, .foreign)
    }

    /// Gives events of this server's own, all of them new and none of them with a time, their numbers at once.
    ///
    /// - Returns: The numbers, in order; empty where the order is shared, which gives them one by one.
    package mutating func place(_ count: Int) -> Range<UInt64> {
        guard case .own = order else { return 0..<0 }
        defer { lastSeq += UInt64(count) }
        return lastSeq + 1..<lastSeq + 1 + UInt64(count)
    }

    /// Counts events that another part has found to be known, such as the first lines of a batch.
    package mutating func countKnown(_ count: Int) { knownCount += UInt64(count) }

    /// Goes on after another number, perhaps in another numbering.
    package mutating func restart(epoch: String, after seq: UInt64) {
        name = epoch
        lastSeq = seq
        shared?.noteRestart(after: seq)
    }

    private func reason(_ facts: Facts, unix: Int64) -> Reason? {
        if facts.isKnown { return .known }
        if let end = facts.expiresAtMicroseconds, unix / 1_000 > end { return .expired }
        return nil
    }

    private mutating func count(_ reason: Reason) {
        switch reason {
        case .known: knownCount += 1
        case .expired: expiredCount += 1
        case .foreign: break
        }
    }

    // MARK: What differs between the two orders

    /// The part that follows the shared stream; `nil` where the order is this server's own.
    private var shared: SharedOrder? {
        switch order {
        case .own: nil
        case .shared(let shared): shared
        }
    }

    /// Takes what the stream's thread tells.
    ///
    /// - Returns: Whether the stream cannot be reached from now on.
    package func hear(_ news: StreamNews) -> Bool { shared?.hear(news) ?? false }

    /// What the stream's thread is to do now.
    package func takeOrders() -> [StreamOrder] { shared?.takeOrders() ?? [] }

    /// What has come from the stream and is to be used next; `nil` when there is nothing, or not yet.
    ///
    /// - Parameter now: Monotonic nanoseconds.
    package func nextArrival(now: Int64) -> SharedOrder.Arrival? { shared?.next(now: now) }

    /// What ``nextArrival(now:)`` gave has been used.
    package func finishArrival() { shared?.finishNext() }

    /// What ``nextArrival(now:)`` gave cannot be used before a moment, monotonic nanoseconds.
    package func retryArrival(at moment: Int64) { shared?.retry(at: moment) }

    /// Whether something has come from the stream that is not used yet.
    package var hasArrivals: Bool { shared?.hasArrivals ?? false }

    /// Whether something has come that can be used now.
    package var hasWork: Bool { shared?.hasWork ?? false }

    /// Whether events of the queue get their numbers here, at once.
    package var placesQueue: Bool { shared == nil }

    /// Whether files of the queue may be submitted to the shared stream now.
    package var maySubmit: Bool { shared?.maySubmit(seq: lastSeq) ?? false }

    /// Adds an event whose decision was ``Decision/submit`` to the next transaction.
    package func submit(_ event: SpooledEvent, _ text: Span<UInt8>) { shared?.submit(event, text) }

    /// Notes a file whose events have all been submitted.
    package func submit(_ source: FileSource, contents: Span<UInt8>) { shared?.submit(source, contents: contents) }

    /// Whether the process before this one has put a file's events into the stream.
    package func hasSubmitted(_ source: FileSource, _ contents: Span<UInt8>) -> Bool {
        shared?.hasSubmitted(source, contents) ?? false
    }

    /// Up to which mark files may be deleted that were added with ``releaseMark(position:)``.
    ///
    /// - Parameter synced: Up to which position of the log the journal is on the disk.
    package func released(synced: UInt64) -> UInt64 { shared?.writtenNumber ?? synced }

    /// With which mark a file waits for its deletion: the log's position, or the number of a transaction.
    package func releaseMark(position: UInt64) -> UInt64 { shared?.transactionNumber ?? position }

    /// Whether entries that were in the stream when it was found are still on their way here.
    package var isCatchingUp: Bool { shared?.isCatchingUp ?? false }

    /// Whether everything is here now that was in the stream when it was found; said once.
    package func finishCatchingUp() -> Bool { shared?.finishCatchingUp(seq: lastSeq) ?? false }

    /// ``nextArrival(now:)`` gave the stream's end: what it had besides when it was found does not come any more.
    package func finishEnd() { shared?.finishEnd(seq: lastSeq) }

    /// Clients have to wait until the order has come to this number, unless they wait for another one already.
    package func catchUp(atLeast seq: UInt64) { shared?.catchUp(atLeast: seq) }

    /// Takes no more from the stream.
    package func stop() { shared?.stop() }

    /// Whether everything that was submitted is in the stream, or cannot get there.
    package func isFinished(isStreamUp: Bool) -> Bool { shared?.isFinished(isStreamUp: isStreamUp) ?? true }

    /// Decides where to read on in a stream that was found.
    ///
    /// - Parameter isProbeKnown: Whether the entry with the number ``seq`` is the event that has it here; `nil` where that
    ///   cannot be told.
    package func resolve(_ place: StreamPlace, isProbeKnown: Bool?) -> SharedOrder.Resolution {
        SharedOrder.resolve(place, epoch: name, seq: lastSeq, isProbeKnown: isProbeKnown)
    }

    /// Has the stream read on after ``seq``, and clients wait until it has come to where it stood.
    package func follow(_ place: StreamPlace) { shared?.follow(place, after: lastSeq) }

    /// Has the stream's numbering given another name: it has lost events that were sent.
    ///
    /// - Parameter state: What is right of the state.
    package func renew(_ place: StreamPlace, to newName: String, _ state: StateCorrections) {
        shared?.renew(place, from: name, to: newName, state)
    }

    /// What Redis has beside the stream of what is not in it any more; where it is not known it is asked for, and nothing
    /// that has come is given before it is here.
    package func knownPast() -> StreamPast? { shared?.knownPast() }

    /// Whether this server's history has gone up to a number, and the stream may go so far too.
    package func wantsTrim(upTo seq: UInt64) -> Bool { shared?.wantsTrim(upTo: seq) ?? false }

    /// Has the stream let go of what this server's history has let go of, when it is far enough behind.
    ///
    /// - Parameter marks: For whom those events were.
    package func trim(upTo seq: UInt64, marks: [UInt8]) {
        shared?.trim(StreamTrim(epoch: name, end: seq, marks: marks))
    }

    /// Has the stream let go of what is far enough behind by now.
    package func letGo() { shared?.letGo(behind: lastSeq) }

    /// Has the state beside the stream changed.
    package func correct(_ corrections: StateCorrections) { shared?.correct(corrections, epoch: name) }

    /// Has what was known before the stream's numbering put back into its state, once, and then looks again at what there
    /// is: ``knownPast()`` is not known until then.
    ///
    /// - Returns: Whether that was still to be done.
    package func putBack(_ corrections: () -> StateCorrections) -> Bool { shared?.putBack(corrections) ?? false }
}
