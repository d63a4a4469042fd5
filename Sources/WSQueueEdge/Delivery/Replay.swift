internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueOperation
internal import WSQueueWire

/// What a client is getting of the past. Meanwhile it gets nothing live: what is published it finds at the end of its
/// replay, so that there is one order and no seam.
final class Replay {
    /// What a client asked for.
    struct Request {
        let since: Cursor
        /// The channel whose past is wanted; `nil` is all that it listens to.
        let channel: String?
    }

    let request: Request
    /// The channels and patterns whose past is wanted.
    let channels: Set<String>
    /// Where the client stands after what it can no longer get.
    let start: UInt64
    /// Up to here it has been sent live what was for it; everything behind is held back.
    let heldSince: UInt64
    /// The first number that has not been looked at.
    var next: UInt64
    /// Where that is, once it has been found.
    var position: Journal.Position?
    /// What is lost to the client.
    private(set) var gap: ResumeGap?
    /// When its socket took something last (monotonic nanoseconds).
    var progressAt: Int64
    private let epoch: String
    /// When a client whose place lies before us is told that there is none such, monotonic nanoseconds.
    private(set) var awaitedUntil: Int64

    /// How long the others' events may take to come here.
    private static let awaitNanoseconds: Int64 = 5_000_000_000

    /// Begins a replay.
    ///
    /// - Parameters:
    ///   - channels: The channels that it listens to, if their past is wanted.
    ///   - seq: Where its loop stands.
    init(_ request: Request, channels: [String], journal: Journal, seq: UInt64, now: Int64) {
        self.request = request
        self.channels = Set(channels)
        epoch = journal.epoch
        heldSince = seq
        progressAt = now
        awaitedUntil = now + Self.awaitNanoseconds
        if Self.isAwaited(request.since, in: journal) {
            // Another server has sent it what is still on its way to this one.
            next = request.since.seq + 1
            start = request.since.seq
            return
        }
        // A client may send any number, the greatest too.
        next = min(request.since.seq, journal.lastSeq) + 1
        start = Self.start(after: request.since, in: journal, seq: seq)
        if request.since.epoch != epoch || request.since.seq > journal.lastSeq {
            lose(upTo: start, reason: .epoch)
        } else if start > request.since.seq {
            lose(upTo: start, reason: .trimmed)
        }
    }

    /// Where a client will stand who comes with `cursor`: there, or behind what is lost to it.
    ///
    /// A number that this loop has not reached yet may be one that another loop has sent.
    static func start(after cursor: Cursor, in journal: Journal, seq: UInt64) -> UInt64 {
        if isAwaited(cursor, in: journal) { return cursor.seq }
        guard cursor.epoch == journal.epoch, cursor.seq <= journal.lastSeq else { return seq }
        return max(cursor.seq, min(seq, journal.precedingSeq))
    }

    /// Whether a place lies before us, where only another server can have been.
    private static func isAwaited(_ cursor: Cursor, in journal: Journal) -> Bool {
        journal.isShared && cursor.epoch == journal.epoch && cursor.seq > journal.lastSeq && cursor.seq < .max
    }

    /// Goes on waiting for what other servers have sent: nothing of theirs comes here now.
    func awaitLonger(now: Int64) { awaitedUntil = now + Self.awaitNanoseconds }

    /// Notes that records behind the client's place are gone, up to this number.
    func lose(upTo seq: UInt64, reason: ResumeGap.Reason = .trimmed) {
        next = seq + 1
        guard let end = Cursor(epoch: epoch, seq: seq) else { return }
        gap = ResumeGap(from: gap?.from ?? request.since, to: end, reason: gap?.reason ?? reason)
    }

    /// Whether the past of what comes through one of these subscriptions is wanted; `nil` is no subscription.
    func includes(_ subscriptions: [String]?) -> Bool {
        guard let subscriptions else { return request.channel == nil }
        return subscriptions.contains { channels.contains($0) }
    }
}

/// Frames that are built anew from the journal, with the place in the journal behind each.
struct ReplayFrames {
    /// How far a client is when it has been sent a frame.
    struct Mark {
        let end: Int
        let next: UInt64
        let offset: Int
    }

    private(set) var bytes: [UInt8] = []
    private(set) var marks: [Mark] = []

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: bytes.capacity <= 1_048_576)
        marks.removeAll(keepingCapacity: true)
    }

    /// Appends a frame.
    ///
    /// - Parameters:
    ///   - message: What was sent live, but for the member for the channel.
    ///   - channel: Where this copy goes.
    ///   - view: How the client sees it.
    ///   - next: The first number behind the event.
    ///   - offset: The place behind its record.
    mutating func append(
        _ message: ArraySlice<UInt8>, channel: String?, as view: EventView, next: UInt64, offset: Int
    ) {
        // The brace that ends the object comes after the channel, whose name needs no escapes.
        let member = channel.map { Array(",\"channel\":\"\($0)\"}".utf8) }
        if !view.isLogs {
            let whole = member.map { message.dropLast() + $0 } ?? message
            guard view.append(Array(whole).span, to: &bytes) else { return }
        } else if let member {
            FrameEncoder.appendHeader(.text, payloadLength: message.count - 1 + member.count, to: &bytes)
            bytes += message.dropLast()
            bytes += member
        } else {
            FrameEncoder.appendHeader(.text, payloadLength: message.count, to: &bytes)
            bytes += message
        }
        marks.append(Mark(end: bytes.count, next: next, offset: offset))
    }

    /// How many frames have begun to go when `count` bytes have gone.
    func count(begunIn count: Int) -> Int {
        if count == bytes.count { return marks.count }
        return count == 0 ? 0 : (marks.firstIndex { $0.end >= count } ?? marks.count - 1) + 1
    }

    /// The frame that is under way, or just done, when `count` bytes have gone.
    func mark(after count: Int) -> Mark? {
        count == 0 ? nil : marks.first { $0.end >= count }
    }
}
