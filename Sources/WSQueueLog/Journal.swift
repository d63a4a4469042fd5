internal import WSQueueCore
package import WSQueueSystem

/// The publications of the past, as every loop reads them by position; ``JournalWriter`` is the one hand that writes.
///
/// What a publication log has published is here already, so a client that reads here up to where its loop stands has
/// missed nothing.
package final class Journal: Sendable {
    /// Where a reader stands.
    package struct Position: Sendable {
        let segment: JournalSegment
        let offset: Int

        /// The last number before the segment in which it stands: after a jump over records that are gone, more than
        /// the reader has seen.
        package var precedingSeq: UInt64 { segment.precedingSeq }

        /// How much to read from here in steps of about `size`, so that all who read so come to the same places, wherever
        /// they have begun.
        package func step(_ size: Int) -> Int {
            let rest = size - offset % size
            return rest < size / 8 ? rest + size : rest
        }

        /// The place so many bytes after this one, in the same segment.
        package func advanced(by count: Int) -> Position { Position(segment: segment, offset: offset + count) }
    }

    /// What reading gives.
    package struct Chunk: Sendable {
        /// Whole records, at least one.
        package let records: [UInt8]
        /// Where the first of them stands.
        package let start: Position
        /// How they are written.
        package let format: JournalFormat

        /// The record that begins at `offset` in ``records``; `nil` where there is no whole and sound one.
        package func text(at offset: Int) -> JournalRecordText? {
            JournalRecordText.decode(records.span, at: offset, as: format)
        }

        /// The place of the record that begins at `offset` in ``records``; its end is the place after the last.
        package func position(at offset: Int) -> Position { start.advanced(by: offset) }
    }

    struct State {
        var epoch: String
        var inheritedSeq: UInt64
        /// Oldest first; there is always one, to which the hub appends.
        var segments: [JournalSegment]
        /// Records that were published and could not be written yet. They will stand after the last segment's end.
        var pending: [UInt8] = []
        var lastSeq: UInt64
        /// For whom the events were that are gone.
        var trimmed: HistoryMarks
        /// The newest event of each key.
        var kept: KeptEvents
        /// What news of channels say, whose records have no message.
        var news = NewsShelf()
    }

    /// Whether the numbering is shared with other servers: some of them may be further than this one.
    package let isShared: Bool
    /// Numbers that no event of this history bears, though clients may have some that do.
    package let left: [ClosedRange<UInt64>]
    private let guarded: Guarded<State>

    init(
        epoch: String, segments: [JournalSegment], isShared: Bool, left: [ClosedRange<UInt64>] = [],
        trimmed: HistoryMarks = HistoryMarks(),
        kept: KeptEvents = KeptEvents()
    ) {
        self.isShared = isShared
        self.left = left
        let seq = segments.last?.lastSeq ?? 0
        guarded = Guarded(
            State(
                epoch: epoch, inheritedSeq: seq, segments: segments, lastSeq: seq, trimmed: trimmed, kept: kept))
    }

    /// The identity of the numbering.
    package var epoch: String { guarded.withLock { $0.epoch } }

    /// The last number given before this process: connections that older events name are gone.
    package var inheritedSeq: UInt64 { guarded.withLock { $0.inheritedSeq } }

    /// What tells the event with this number apart from all others, if it is here and can be read. A number that no event
    /// bears here may be another event's elsewhere.
    package func identity(of seq: UInt64) -> JournalRecord.Identity? {
        guard seq > precedingSeq, seq <= lastSeq, var place = position(after: seq - 1) else { return nil }
        while let chunk = try? read(from: place, limitBytes: 65_536) {
            var offset = 0
            while let text = chunk.text(at: offset) {
                guard text.seq < seq else {
                    guard text.seq == seq, text.kind != .leftOut else { return nil }
                    return text.identity(in: chunk.records.span)
                }
                offset = text.end
            }
            guard offset > 0 else { return nil }
            place = chunk.position(at: offset)
        }
        return nil
    }

    /// The number of the last publication.
    package var lastSeq: UInt64 { guarded.withLock { $0.lastSeq } }

    /// The last number before the oldest record.
    package var precedingSeq: UInt64 { guarded.withLock { $0.segments.first?.precedingSeq ?? $0.lastSeq } }

    /// For whom the events were that are gone.
    package var trimmed: HistoryMarks { guarded.withLock { $0.trimmed } }

    /// The newest event of each key at this moment, and the number up to which all events count in it.
    package var kept: (events: KeptEvents, seq: UInt64) {
        guarded.withLock { ($0.kept, max($0.lastSeq, $0.kept.lastSeq)) }
    }

    /// The same for a client: where the history has not come to the number whose state it is, it is not whole.
    package var state: (events: KeptEvents, seq: UInt64) {
        var moment = kept
        if moment.events.baseSeq > moment.seq { moment.events.noteLoss() }
        return moment
    }

    /// Whether the state is that of a number to which the history has not come yet.
    package var isStateAhead: Bool { guarded.withLock { $0.kept.baseSeq > $0.lastSeq } }

    /// The message of the news of a channel with this number; `nil` where it is too old.
    package func news(_ seq: UInt64) -> [UInt8]? { guarded.withLock { $0.news[seq] } }

    /// What a record says; `nil` where it is news that are too old by now.
    package func message(of record: JournalRecordText, in chunk: Chunk) -> ArraySlice<UInt8>? {
        record.kind == .news ? news(record.seq)?[...] : chunk.records[record.message]
    }

    /// How many events it holds, and how many bytes those are.
    package var size: (events: Int, bytes: Int) {
        withState { $0.segments.reduce((0, 0)) { ($0.0 + $1.count, $0.1 + $1.end) } }
    }

    /// The number up to which all events are older than a time: what comes after it is what came since then, and nothing of
    /// that is left out.
    ///
    /// Times need not rise with numbers, as clocks are set: of what was recorded after the first event of that time all
    /// counts. What is not written yet was recorded after everything else.
    /// - Returns: 0 where events that have gone may be of that time too.
    package func seq(before unixNanoseconds: Int64) -> UInt64 {
        let (segments, hasGone) = withState { state in
            (state.segments, (state.segments.first?.precedingSeq ?? 0) > 0)
        }
        // There are about eight.
        guard let index = segments.firstIndex(where: { $0.latestUnixNanoseconds >= unixNanoseconds }) else {
            return segments.last?.lastSeq ?? 0
        }
        var (offset, seq) = segments[index].place(before: unixNanoseconds)
        while let chunk = try? read(from: Position(segment: segments[index], offset: offset), limitBytes: 65_536) {
            var position = 0
            while case .record(let end) = JournalScanner.look(chunk.records.span, at: position) {
                if JournalScanner.unixNanoseconds(chunk.records.span, at: position) >= unixNanoseconds {
                    return seq == segments[0].precedingSeq && hasGone ? 0 : seq
                }
                seq = JournalScanner.seq(chunk.records.span, at: position)
                position = end
            }
            guard position > 0, chunk.start.segment === segments[index] else { break }
            offset = chunk.start.offset + position
        }
        return seq
    }

    /// Where to begin reading for everything after `seq`: at that record or somewhat before it, or at the oldest.
    package func position(after seq: UInt64) -> Position? {
        let segment = withState { state -> JournalSegment? in
            let next = state.segments.partitionPoint { $0.precedingSeq > seq }
            return state.segments.isEmpty ? nil : state.segments[max(0, next - 1)]
        }
        return segment.map { Position(segment: $0, offset: $0.offset(before: seq)) }
    }

    /// Reads whole records from `position` on, about `limitBytes` of them, but at least one.
    ///
    /// At the end of a segment that is followed by another, it goes on there.
    /// - Returns: `nil` when there is nothing behind `position` yet.
    package func read(from position: Position, limitBytes: Int) throws(SystemCallError) -> Chunk? {
        var position = position
        while true {
            let (bytes, format) = try bytes(at: position, limitBytes: limitBytes)
            if !bytes.isEmpty { return Chunk(records: bytes, start: position, format: format) }
            guard let next = segment(behind: position) else { return nil }
            position = Position(segment: next, offset: JournalSegmentHeader.byteCount)
        }
    }

    /// Where the segment after the one of `position` begins: to go on where a record is damaged.
    package func nextSegment(behind position: Position) -> Position? {
        withState { state in
            let next = state.segments.first { $0.follows(position.segment) }
            return next.map { Position(segment: $0, offset: JournalSegmentHeader.byteCount) }
        }
    }

    func withState<Result>(_ body: (inout State) -> Result) -> Result {
        guarded.withLock { body(&$0) }
    }

    /// The segment in which a reader goes on that has come to the end of another.
    private func segment(behind position: Position) -> JournalSegment? {
        withState { state in
            let next = state.segments.first { $0.follows(position.segment) }
            // Records may have been added since the reader looked; the segment is finished only once another follows.
            guard let next, position.offset >= position.segment.end else { return nil }
            return next
        }
    }

    private func bytes(
        at position: Position, limitBytes: Int
    ) throws(SystemCallError) -> (bytes: [UInt8], format: JournalFormat) {
        var limit = limitBytes
        while true {
            let (bytes, format) = try someBytes(at: position, count: limit)
            guard case .cut(let needed) = JournalScanner.look(bytes.span, at: 0) else {
                let whole = JournalScanner.wholeBytes(bytes.span)
                // What is no record is given as it is: decoding it fails.
                return (whole == 0 || whole == bytes.count ? bytes : Array(bytes[..<whole]), format)
            }
            // A length that leads past the end is none: it is given as it is too.
            guard !bytes.isEmpty, needed > limit else { return (bytes, format) }
            limit = needed
        }
    }

    private func someBytes(
        at position: Position, count: Int
    ) throws(SystemCallError) -> (bytes: [UInt8], format: JournalFormat) {
        let (pending, end) = withState { state -> ([UInt8], Int) in
            state.segments.last === position.segment ? (state.pending, position.segment.end) : ([], .max)
        }
        guard position.offset >= end else {
            return (try position.segment.read(at: position.offset, count: count), position.segment.format)
        }
        let start = position.offset - end
        // What could not be written yet is in the newest format, after whatever segment it stands for now.
        return (start < pending.count ? Array(pending[start..<min(pending.count, start + count)]) : [], .newest)
    }
}
