internal import Synchronization
package import WSQueueCore
package import WSQueueSystem

/// The publications in order, as the bytes that clients are sent: one writer appends, every loop reads by position.
///
/// A position counts bytes since the start and never goes back. The bytes between two positions that were published
/// are whole frames. What lies more than the capacity before the end is gone; the writer sees to it that no reader
/// still needs it (``PublicationWriter/room``).
package final class PublicationLog: Sendable {
    /// A publication that not everyone gets.
    package final class Selection: Sendable {
        /// Where its frame lies.
        package let range: Range<UInt64>
        /// Its order number. Several selections of one event share it; a client gets the first that is for him.
        package let seq: UInt64
        package let audience: Audience
        /// How many clients it was handed to, added up by the loops.
        private let receiverCount = Atomic<Int>(0)

        init(range: Range<UInt64>, seq: UInt64, audience: Audience) {
            self.range = range
            self.seq = seq
            self.audience = audience
        }

        package func addReceivers(_ count: Int) { receiverCount.add(count, ordering: .relaxed) }
        package var receivers: Int { receiverCount.load(ordering: .relaxed) }
    }

    /// One publication's place.
    package struct Frame: Equatable, Sendable {
        /// Where it lies.
        package let range: Range<UInt64>
        /// Its order number.
        package let seq: UInt64
    }

    /// What a reader learns of the log's end.
    package struct Snapshot {
        /// The position after the last publication.
        package let end: UInt64
        /// The order number of the last publication; 0 when there was none.
        package let seq: UInt64
        /// How often the numbers have gone on after another one.
        package let skips: Int
        /// The publications since the reader's position that not everyone gets, in order.
        package let selections: ArraySlice<Selection>
    }

    /// Whether even what is for everyone is not for all: readers look at each client then.
    private let selective = Atomic<Bool>(false)

    private struct Tail {
        var end: UInt64 = 0
        var seq: UInt64
        var skips = 0
        var selections: [Selection] = []
        /// Every publication that a reader may still need, in order, and some before them: so its bytes need not be read
        /// to find its end and its number.
        var frames: [Frame] = []
        /// At this number those that no reader needs are forgotten: seldom, because that is looked for under the lock.
        var frameLimit = leastFrameLimit

        static let leastFrameLimit = 256
    }

    /// The bytes themselves.
    package let ring: MappedRing
    private let endPosition = Atomic<UInt64>(0)
    private let tail: Guarded<Tail>

    /// Makes an empty log of at least `minimumBytes`.
    ///
    /// Whether some clients may not have even what is for everyone: then that is a selection like any other.
    package var isSelective: Bool {
        get { selective.load(ordering: .relaxed) }
        set { selective.store(newValue, ordering: .relaxed) }
    }

    /// - Parameter seq: The order number of the last publication before this log; 0 for a new numbering.
    package init(minimumBytes: Int, seq: UInt64) throws(SystemCallError) {
        ring = try MappedRing(minimumBytes: minimumBytes)
        tail = Guarded(Tail(seq: seq))
    }

    /// The position after the last publication: the cheap question whether there is anything new.
    package var end: UInt64 { endPosition.load(ordering: .sequentiallyConsistent) }

    /// The log's end, and what since `position` is not for everyone.
    package func snapshot(since position: UInt64) -> Snapshot {
        tail.withLock { tail in
            let first = tail.selections.firstIndex(endingAfter: position)
            return Snapshot(end: tail.end, seq: tail.seq, skips: tail.skips, selections: tail.selections[first...])
        }
    }

    /// The first publications that lie in a range, up to a limit; the range begins and ends with whole ones.
    package func frames(in range: Range<UInt64>, limit: Int = .max) -> [Frame] {
        tail.withLock { tail in
            let first = tail.frames.partitionPoint { $0.range.lowerBound >= range.lowerBound }
            let end = tail.frames[first...].partitionPoint { $0.range.lowerBound >= range.upperBound }
            return Array(tail.frames[first..<end].prefix(limit))
        }
    }

    /// The end of the frame in which `position` stands, or `position` itself where a frame begins or the log ends.
    package func frameEnd(at position: UInt64) -> UInt64 {
        guard let frame = frame(endingAfter: position), frame.range.lowerBound < position else { return position }
        return frame.range.upperBound
    }

    /// The order number of the frame that begins at `position`; `nil` at the log's end.
    package func seq(ofFrameAt position: UInt64) -> UInt64? { frame(endingAfter: position)?.seq }

    private func frame(endingAfter position: UInt64) -> Frame? {
        tail.withLock { tail in
            let index = tail.frames.partitionPoint { $0.range.upperBound > position }
            return index < tail.frames.endIndex ? tail.frames[index] : nil
        }
    }

    fileprivate func publish(
        end: UInt64, seq: UInt64, skips: Int, frames: [Frame], selections: [Selection], oldestNeeded: UInt64
    ) {
        tail.withLock { tail in
            tail.end = end
            tail.seq = seq
            tail.skips = skips
            tail.frames += frames
            if tail.frames.count >= tail.frameLimit {
                tail.frames.removeFirst(tail.frames.partitionPoint { $0.range.upperBound > oldestNeeded })
                tail.frameLimit = max(Tail.leastFrameLimit, 2 * tail.frames.count)
            }
            if let gone = tail.selections.first, gone.range.upperBound <= oldestNeeded {
                tail.selections.removeAll { $0.range.upperBound <= oldestNeeded }
            }
            tail.selections.append(contentsOf: selections)
            // Before anyone can have a snapshot of it: no reader stands after the end that it looks at next.
            endPosition.store(end, ordering: .sequentiallyConsistent)
        }
    }
}

/// The one hand that writes the log. It belongs to the hub's thread.
package struct PublicationWriter: ~Copyable {
    private let log: PublicationLog
    /// The position after the last append, published or not.
    package private(set) var position: UInt64 = 0
    /// The order number of the last append.
    package private(set) var seq: UInt64
    private var skips = 0
    private var staged: [PublicationLog.Selection] = []
    private var stagedFrames: [PublicationLog.Frame] = []

    /// Makes the writer of a new log; there is one a log.
    package init(_ log: PublicationLog) {
        self.log = log
        seq = log.snapshot(since: 0).seq
    }

    /// How many bytes may be appended before something is overwritten that lies after `oldestNeeded`.
    package func room(oldestNeeded: UInt64) -> Int { log.ring.capacityBytes - Int(position - oldestNeeded) }

    /// Appends one frame; no one sees it before `publish`.
    ///
    /// - Parameters:
    ///   - byteCount: The frame's length, at most ``room(oldestNeeded:)``.
    ///   - seq: The event's order number, or the same again for a further copy of it.
    ///   - audience: Whom it is for.
    ///   - fill: Writes the frame.
    /// - Returns: The selection, when it is not for everyone.
    @discardableResult
    package mutating func append(
        byteCount: Int, seq: UInt64, audience: Audience, _ fill: (inout OutputSpan<UInt8>) -> Void
    ) -> PublicationLog.Selection? {
        log.ring.write(at: position, count: byteCount, fill)
        let range = position..<(position + UInt64(byteCount))
        position = range.upperBound
        self.seq = seq
        stagedFrames.append(PublicationLog.Frame(range: range, seq: seq))
        var audience = audience
        if case .everyone = audience {
            guard log.isSelective else { return nil }
            audience = .everyoneExcept(.none)
        }
        let selection = PublicationLog.Selection(range: range, seq: seq, audience: audience)
        staged.append(selection)
        return selection
    }

    /// Goes on after another number, before the next `publish`.
    package mutating func skip(to seq: UInt64) {
        self.seq = seq
        skips += 1
    }

    /// Shows everything appended to the readers, at once.
    package mutating func publish(oldestNeeded: UInt64) {
        log.publish(
            end: position, seq: seq, skips: skips, frames: stagedFrames, selections: staged, oldestNeeded: oldestNeeded)
        staged.removeAll(keepingCapacity: true)
        stagedFrames.removeAll(keepingCapacity: true)
    }
}

extension [PublicationLog.Selection] {
    /// The index of the first selection that ends after `position`, found by halving: they lie in order.
    package func firstIndex(endingAfter position: UInt64) -> Int {
        partitionPoint { $0.range.upperBound > position }
    }
}
