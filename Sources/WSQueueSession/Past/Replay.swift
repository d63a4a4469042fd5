internal import WSQueueCore
package import WSQueueLog
package import WSQueueWire

/// What a client is getting of the past: from where to where, what of it is lost, and what comes next.
///
/// Meanwhile the client gets nothing live: what is published it finds at the end of its replay, so that there is one order
/// and no seam.
package struct Replay: Sendable {
    /// What is to be done now.
    package enum Step: Equatable, Sendable {
        /// It has come to where its loop stands.
        case finish
        /// There is nothing for it yet.
        case wait
        /// The rest of its state is to be sent.
        case state
        /// Records are to be read.
        case read
    }

    /// What the client asked for.
    package let request: PastRequest
    /// Where the client stands after what it can no longer get.
    package let start: UInt64
    /// Up to here it has been sent live what was for it; everything after it is held back.
    package let heldSince: UInt64
    /// In which history that is.
    let epoch: String
    private var next: UInt64
    private var place: Journal.Position?
    private var lost: ResumeGap?
    private var wanted: Set<String>
    private var isWaiting: Bool
    private var isSure = false
    private var isHealing = false
    /// Whether something is lost that its state, which is of an earlier moment, cannot tell.
    private var isStateBehind = false
    /// The state that it is sent among the events it missed.
    private var state: StateReplay?
    private var movedAt: Int64
    private var waitsUntil: Int64

    /// How long the others' events may take to come here.
    private static let awaitNanoseconds: Int64 = 5_000_000_000

    /// Plans a replay.
    ///
    /// - Parameters:
    ///   - channels: The channels that the client listens to, if their past is wanted.
    ///   - seq: Where its loop stands.
    package init(
        _ request: PastRequest, channels: [String], bounds: PastBounds, seq: UInt64, now: Int64,
        state: StateReplay? = nil
    ) {
        self.state = state
        self.request = request
        wanted = Set(channels)
        isWaiting = !request.awaited.isEmpty
        epoch = bounds.epoch
        heldSince = seq
        movedAt = now
        waitsUntil = now + Self.awaitNanoseconds
        start = bounds.start(after: request.since, seq: seq)
        guard let since = request.since else {
            next = seq + 1
            return
        }
        let isAwaited = bounds.isAwaited(since)
        // Another server has sent it what is still on its way to this one; else a client may send any number, the greatest too.
        next = (isAwaited ? since.seq : min(since.seq, bounds.lastSeq)) + 1
        guard isAwaited || bounds.isOfHistory(since) else {
            // What is gone before the oldest record may have been for others: that is looked at when it is come to.
            lose(upTo: start, reason: .epoch)
            return
        }
        // Of its other channels it has had nothing of what is held back.
        if hadSeq > 0 { next = seq + 1 }
    }

    /// The channels and patterns whose past is wanted.
    package var channels: Set<String> { wanted }
    /// Whether it waits for channels about which the application is asked.
    package var isHeld: Bool { isWaiting }

    /// Goes on, with the channels that have come, and the state of all.
    package mutating func join(_ channels: [String], state: StateReplay?) {
        (wanted, isWaiting) = (Set(channels), false)
        self.state = state
    }

    /// Up to here it has had what is in the channel that it asks for, from another loop or server, though its loop has not come
    /// there; 0 where it has.
    var hadSeq: UInt64 { request.channel != nil && start > heldSince ? start : 0 }

    /// The first number that has not been looked at.
    package var nextSeq: UInt64 { next }
    /// Up to here the client has been handed everything that was for it.
    package var reached: UInt64 { next - 1 }
    /// Where the next record is, once that has been found.
    package var position: Journal.Position? { place }
    /// What is lost to the client, and whether that may be nothing after all.
    package var gap: ResumeGap? { lost }
    package var isGapUnsure: Bool { lost != nil && !isSure }
    /// How many numbers are left up to where its loop stands.
    package func left(upTo seq: UInt64) -> UInt64 { seq + 1 - min(seq + 1, next) }

    /// Whether its socket has taken nothing for longer than that.
    package func isStuck(now: Int64, limitNanoseconds: Int64) -> Bool { now - movedAt > limitNanoseconds }

    /// Decides what comes next.
    ///
    /// - Parameters:
    ///   - seq: Where the loop stands.
    ///   - isFollowing: Whether events that other servers send come here now: while they do not, a place ahead of all
    ///     records may still be reached.
    package mutating func step(seq: UInt64, isFollowing: Bool, now: Int64) -> Step {
        if next <= seq { return .read }
        if max(next - 1, hadSeq) > seq {
            if !isFollowing { waitsUntil = now + Self.awaitNanoseconds }
            guard now >= waitsUntil else { return .wait }
            // No server has had such a number: the client is told that its place does not exist.
            lose(upTo: seq, reason: .epoch)
        }
        guard let state else { return .finish }
        if state.hasMore(before: next) { return .state }
        // The state is of a moment to which the loop has not come yet.
        return state.cut > seq ? .wait : .finish
    }

    /// Its socket has taken something, or there was nothing for it to take.
    package mutating func noteProgress(now: Int64) { movedAt = now }

    /// Where the next record is.
    package mutating func find(_ position: Journal.Position) { place = position }

    /// Everything before `next` has been dealt with.
    package mutating func advance(to next: UInt64, at position: Journal.Position) {
        self.next = next
        place = position
    }

    /// How far the client has been sent its state; `nil` where it has wanted none.
    package var stateProgress: StateReplay.Progress? { state?.progress }
    package func nextState(after progress: StateReplay.Progress, before seq: UInt64) -> StateReplay.Item? {
        state?.next(after: progress, before: seq)
    }
    package mutating func noteState(_ progress: StateReplay.Progress) { state?.note(progress) }
    /// Whether a record is in the state of its channels, or was; not all of them are those whose state is wanted.
    package func isState(_ record: JournalRecordText) -> Bool {
        record.key != nil && record.seq <= state?.cut ?? 0
    }
    /// Whether there was room for all that is state; `nil` where it has wanted none.
    package var isStateComplete: Bool? { state.map { $0.isComplete && !isStateBehind } }
    /// Up to which number all events count in its state.
    var stateCut: UInt64? { state?.cut }
    /// Whether something is lost that its state has made up for, and nothing else.
    package var isHealed: Bool { isHealing && lost == nil }

    /// What is gone up to this number had keys, and is in the state that the client is sent, or has been replaced there.
    package mutating func heal(upTo seq: UInt64) {
        next = seq + 1
        isHealing = true
    }

    /// What is gone up to this number was not for the client.
    package mutating func pass(upTo seq: UInt64) { next = seq + 1 }

    /// Records after the client's place are gone, up to this number.
    ///
    /// - Parameter isUnsure: Whether they may all have been for others, which is not remembered of so many.
    package mutating func lose(upTo seq: UInt64, reason: ResumeGap.Reason = .trimmed, isUnsure: Bool = false) {
        next = seq + 1
        isSure = isSure || !isUnsure
        if let state, seq > state.cut { isStateBehind = true }
        guard let end = Cursor(epoch: epoch, seq: seq),
            let since = request.since ?? Cursor(epoch: epoch, seq: heldSince)
        else { return }
        lost = ResumeGap(from: lost?.from ?? since, to: end, reason: lost?.reason ?? reason)
    }

    /// Whether a record needs not be looked at: of what was not held back nothing is sent that is state, nor who was where,
    /// which is told anew to whoever comes.
    package func isPassed(_ record: JournalRecordText) -> Bool {
        record.seq <= heldSince && (isState(record) || record.kind == .news)
    }

    /// Whether the past of what comes through one of these subscriptions is wanted; `nil` is no subscription.
    package func includes(_ subscriptions: [String]?) -> Bool {
        guard let subscriptions else { return request.channel == nil }
        return subscriptions.contains { channels.contains($0) }
    }
}
