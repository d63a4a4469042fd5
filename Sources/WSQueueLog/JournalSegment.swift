internal import WSQueueCore
internal import WSQueueSystem

/// One file of the journal. The hub appends to the newest; any thread reads.
package final class JournalSegment: Sendable {
    /// What is known about the records, and grows.
    struct Contents {
        /// After the last whole record.
        var end = JournalSegmentHeader.byteCount
        var count = 0
        var lastSeq: UInt64
        /// When the last event got its number, Unix nanoseconds, and the latest of these times: clocks are set back.
        var lastUnixNanoseconds: Int64 = 0
        var latestUnixNanoseconds = Int64.min
        var marks: [Mark] = []
        /// Whether any of them has a key.
        var hasKeys = false
        /// Whom the events were for; as bytes once nothing is added, for there may be many.
        var audiences = HistoryMarks()
        var finishedAudiences: [UInt8]?
        /// The hashes of the events' identities, so that they can be forgotten with the segment.
        var identities: [UInt64] = []
    }

    /// What is known to be on the disk.
    struct Durable {
        var end = 0
        /// What stands between `end` and here may be lost although it can be read; `nil` where nothing is.
        var doubtfulEnd: Int?
    }

    /// Where a record begins: one of many, so that the memory for a search does not grow with the history.
    struct Mark {
        let seq: UInt64
        let offset: Int
        /// The latest time of the records up to this one, Unix nanoseconds.
        let latestUnixNanoseconds: Int64
    }

    /// How a segment's file ends.
    enum Tail: Equatable {
        case whole
        /// In the middle of a record: the write did not come to its end.
        case torn(byteCount: Int)
        /// With something that is no record, or not the one that was written.
        case damaged(byteCount: Int)
    }

    /// After how many records or bytes there is a mark.
    fileprivate static let markRecords = 64
    fileprivate static let markBytes = 65_536
    private static let scanBytes = 1_048_576

    /// The last number before this segment.
    package let precedingSeq: UInt64
    /// How its records are written.
    let format: JournalFormat
    let name: FileName
    private let storage: JournalStorage
    let createdNanoseconds: Int64
    private let path: String
    private let descriptor: FileDescriptor
    private let header: Guarded<JournalSegmentHeader>
    private let contents: Guarded<Contents>
    private let durable = Guarded(Durable())

    init(
        name: FileName, in storage: JournalStorage, path: String, descriptor: consuming FileDescriptor,
        header: JournalSegmentHeader
    ) {
        precedingSeq = header.precedingSeq
        format = header.format
        createdNanoseconds = header.createdNanoseconds
        self.name = name
        self.storage = storage
        self.path = path
        self.descriptor = descriptor
        self.header = Guarded(header)
        contents = Guarded(Contents(lastSeq: header.precedingSeq))
    }

    /// After the last record.
    var end: Int { contents.withLock { $0.end } }
    var count: Int { contents.withLock { $0.count } }
    var lastSeq: UInt64 { contents.withLock { $0.lastSeq } }
    var hasKeys: Bool { contents.withLock { $0.hasKeys } }
    var lastUnixNanoseconds: Int64 { contents.withLock { $0.lastUnixNanoseconds } }
    /// The latest time of all records, Unix nanoseconds.
    var latestUnixNanoseconds: Int64 { contents.withLock { $0.latestUnixNanoseconds } }
    var identities: [UInt64] { contents.withLock { $0.identities } }
    var state: JournalSegmentHeader.State { header.withLock { $0.state } }
    var boot: [UInt8] { header.withLock { $0.boot } }
    var epoch: String { header.withLock { $0.epoch } }

    /// Whether it is read after another one; two that begin after the same number are one, the other without records.
    func follows(_ other: JournalSegment) -> Bool { precedingSeq >= other.precedingSeq && self !== other }

    /// The offset of a record at or before the one with this number, found in a sorted list.
    func offset(before seq: UInt64) -> Int {
        contents.withLock { contents in
            let next = contents.marks.partitionPoint { $0.seq > seq }
            return next == 0 ? JournalSegmentHeader.byteCount : contents.marks[next - 1].offset
        }
    }

    /// A record before all that are not older than a time, found by halving, and its number; the beginning where there is none
    /// such record.
    func place(before unixNanoseconds: Int64) -> (offset: Int, seq: UInt64) {
        contents.withLock { contents in
            let next = contents.marks.partitionPoint { $0.latestUnixNanoseconds >= unixNanoseconds }
            guard next > 0 else { return (JournalSegmentHeader.byteCount, precedingSeq) }
            return (contents.marks[next - 1].offset, contents.marks[next - 1].seq)
        }
    }

    /// Up to `count` bytes from `offset` on, as far as records were announced.
    func read(at offset: Int, count: Int) throws(SystemCallError) -> [UInt8] {
        // A reader may stand after the end: what it has read there was written to another segment in the end.
        try descriptor.read(at: offset, count: max(0, min(count, end - offset)), object: path)
    }

    /// Writes records after the last one; no one sees them before `announce`.
    func write(_ records: Span<UInt8>) throws(SystemCallError) {
        try descriptor.writeAll(records, at: end, object: path)
    }

    /// For whom its events were.
    var audiences: HistoryMarks {
        contents.withLock { contents in
            contents.finishedAudiences.flatMap { HistoryMarks($0.span) } ?? contents.audiences
        }
    }

    /// Nothing will be added.
    func finish() {
        contents.withLock { contents in
            contents.finishedAudiences = contents.audiences.bytes
            contents.audiences = HistoryMarks()
        }
    }

    /// Shows the records that were written last.
    ///
    /// - Parameters:
    ///   - identities: Their hashes.
    ///   - audiences: Whom they are for.
    ///   - hasKeys: Whether any of them has a key.
    func announce(
        _ records: Span<UInt8>, identities: [UInt64], audiences: HistoryMarks = HistoryMarks(), hasKeys: Bool = false
    ) {
        contents.withLock { contents in
            contents.take(records)
            contents.audiences.note(audiences)
            if hasKeys { contents.hasKeys = true }
            contents.identities += identities
        }
    }

    /// Says in the header what is known of the segment's end.
    func setState(_ state: JournalSegmentHeader.State, boot: [UInt8]) throws(SystemCallError) {
        try header.withLock { header throws(SystemCallError) in
            header.state = state
            header.boot = boot
            try descriptor.writeAll(header.bytes.span, at: 0, object: path)
        }
    }

    /// Makes all records durable (fdatasync(2)).
    ///
    /// Where that has failed the kernel may have thrown away what it could not write, and calls the next attempt good:
    /// so everything since the last good one is written again first.
    ///
    /// One thread at a time, and the others wait: the kernel tells of what it has thrown away once for each open file, so of
    /// two that sync at the same moment one is told, and the other's call is good although what it wrote again is gone.
    func sync() throws(SystemCallError) {
        try durable.withLock { durable throws(SystemCallError) in
            let end = end
            do throws(SystemCallError) {
                if durable.doubtfulEnd != nil { try rewrite(durable.end..<end) }
                try descriptor.sync(dataOnly: true, object: path)
            } catch {
                // With what another thread has written by now and not shown yet.
                durable.doubtfulEnd = (try? descriptor.status(object: path)).map { Int($0.sizeBytes) } ?? .max
                throw error
            }
            if let doubtfulEnd = durable.doubtfulEnd, doubtfulEnd <= end { durable.doubtfulEnd = nil }
            durable.end = max(durable.end, end)
        }
    }

    /// Says that a sync of an earlier process may have failed: the next one writes all records again first.
    func distrustDisk() { durable.withLock { $0.doubtfulEnd = 0 } }

    /// Removes its file from where it is, which need not be where the journal is written now; readers that have it open
    /// can read on.
    func removeFile() throws(SystemCallError) {
        guard case .directory(let directory) = storage else { return }
        do {
            // After moving there and back an empty one and its successor have had the same name.
            let identity = try descriptor.status(object: path).identity
            if try directory.status(of: name).identity == identity { try directory.remove(name) }
        } catch  where error.isNotFound {
            return
        }
    }

    /// Cuts off what stands after the last whole record.
    func cut() throws(SystemCallError) { try descriptor.setSize(end, object: path) }

    /// Writes what stands in the file once more, if it is still what was written.
    private func rewrite(_ range: Range<Int>) throws(SystemCallError) {
        try setState(state, boot: boot)
        var position = max(range.lowerBound, JournalSegmentHeader.byteCount)
        var wanted = Self.scanBytes
        while position < range.upperBound {
            let bytes = try descriptor.read(at: position, count: min(wanted, range.upperBound - position), object: path)
            var count = 0
            while let end = JournalScanner.soundEnd(of: bytes.span, at: count) { count = end }
            if count == 0 {
                guard case .cut(let needed) = JournalScanner.look(bytes.span, at: 0), needed > wanted else {
                    throw SystemCallError.inputOutput("pread", path)
                }
                wanted = needed
                continue
            }
            try descriptor.writeAll(bytes.span.extracting(..<count), at: position, object: path)
            position += count
        }
    }

    /// Reads the whole file, checks each record, and learns where they are.
    ///
    /// - Parameter body: Gets each record, the number before its own, and the event if it has a key.
    /// - Returns: How the file ends; what is after the last whole record is not looked at again.
    func scan(_ body: (JournalRecord, UInt64, KeptEvent?) -> Void) throws(SystemCallError) -> Tail {
        var wanted = Self.scanBytes
        while true {
            let start = end
            let bytes = try descriptor.read(at: start, count: wanted, object: path)
            guard !bytes.isEmpty else { return .whole }
            var position = 0
            var hashes: [UInt64] = []
            var audiences = HistoryMarks()
            var hasKeys = false
            var last = lastSeq
            while let text = JournalRecordText.decode(bytes.span, at: position, as: format), text.seq > last {
                let record = text.record(in: bytes.span)
                let event = text.keptEvent(record, in: bytes.span)
                if event != nil { hasKeys = true }
                body(record, last, event)
                record.forEachKey { hashes.append($0) }
                audiences.note(record)
                last = text.seq
                position = text.end
            }
            announce(bytes.span.extracting(..<position), identities: hashes, audiences: audiences, hasKeys: hasKeys)
            if position > 0 {
                wanted = Self.scanBytes
                continue
            }
            let size = Int(try descriptor.status(object: path).sizeBytes)
            guard case .cut(let needed) = JournalScanner.look(bytes.span, at: 0) else {
                return .damaged(byteCount: size - start)
            }
            if needed > size - start { return .torn(byteCount: size - start) }
            wanted = max(needed, Self.scanBytes)
        }
    }
}

extension JournalSegment.Contents {
    /// Counts whole records, and marks some.
    fileprivate mutating func take(_ records: Span<UInt8>) {
        var position = 0
        while case .record(let next) = JournalScanner.look(records, at: position) {
            let offset = end + position
            lastSeq = JournalScanner.seq(records, at: position)
            lastUnixNanoseconds = JournalScanner.unixNanoseconds(records, at: position)
            latestUnixNanoseconds = max(latestUnixNanoseconds, lastUnixNanoseconds)
            if isMarkDue(at: offset) {
                marks.append(
                    JournalSegment.Mark(
                        seq: lastSeq, offset: offset, latestUnixNanoseconds: latestUnixNanoseconds))
            }
            count += 1
            position = next
        }
        end += position
    }

    private func isMarkDue(at offset: Int) -> Bool {
        guard let last = marks.last else { return true }
        return count % JournalSegment.markRecords == 0 || offset - last.offset >= JournalSegment.markBytes
    }
}
