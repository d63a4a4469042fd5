package import WSQueueSystem

/// What the journal tells its owner, for the log.
package enum JournalFinding: Equatable, Sendable {
    /// The end of the newest segment was cut off: a write had not come to its end.
    case torn(name: String, byteCount: Int)
    /// Something in a file is not what was written, so part of the history is missing.
    case damaged(name: String, byteCount: Int)
    /// A segment of another numbering was removed.
    case foreign(name: String)
    /// It is not sure which numbers had been given, so these are left out.
    case skipped(from: UInt64, to: UInt64)
    /// It is a copy, or on another machine, or the machine was started anew: what it says may be less than was sent.
    case moved(String)
    /// History that had to go to keep the bounds.
    case trimmed(from: UInt64, to: UInt64, reason: String)
    /// What is gone could not be remembered, so it stays.
    case unkept(SystemCallError)
    /// A segment that is no longer needed could not be removed.
    case undeletable(name: String, SystemCallError)
    /// Where it is could not be noted: a copy of it that is put back later cannot be told from it.
    case unplaced(SystemCallError)
}

/// Puts the journal in order at the start.
struct JournalOpening {
    /// More numbers than can have been given without having reached the disk.
    static let skippedSeqs: UInt64 = 1 << 24

    private(set) var segments: [JournalSegment] = []
    private(set) var findings: [JournalFinding] = []
    private(set) var identities = JournalIdentities()
    /// For whom the events were that are gone.
    private(set) var trimmed: HistoryMarks
    /// The newest event of each key.
    private(set) var kept: KeptEvents
    private let storage: JournalStorage
    private let boot: String
    private let keptLimits: KeptLimits
    /// Which machine this is; `nil` does not ask where the journal was before.
    private let host: String?
    /// The numbers that no event bears because a server may have given them after a moment to which the machine was set
    /// back: a client that has one of them comes from there.
    private(set) var left: [ClosedRange<UInt64>] = []
    /// Whether the numbers are given elsewhere, so that what is here never says which were.
    private let isShared: Bool
    /// Whether numbers may have been given that the journal does not know.
    private var isUnsure = false
    private var leastSeq: UInt64 = 0
    /// Whether a whole file is none, so that no one knows which keys were in it.
    private var isFileLost = false

    init(_ storage: JournalStorage, boot: String, host: String?, isShared: Bool, _ limits: JournalLimits) {
        keptLimits = limits.kept
        kept = KeptEvents(limits.kept)
        trimmed = HistoryMarks(limit: limits.marks)
        self.host = host
        self.storage = storage
        self.isShared = isShared
        self.boot = boot
    }

    /// The segment that is written to; only after `run`.
    var active: JournalSegment {
        guard let last = segments.last else { preconditionFailure("a journal that was not opened") }
        return last
    }

    /// Opens and checks all segments, makes the first one where there is none, and sees to it that all of that is on the
    /// disk: files are deleted whose events are known from here.
    mutating func run(epoch: String, unix: Int64) throws(JournalOpeningError) {
        let found = try storage.open()
        do throws(SystemCallError) {
            try repair(found.segments, damaged: found.damaged, epoch: epoch, unix: unix)
            try readTrimmed()
            try makeDurable()
            // Last: until what is above is durable, the next opening has the same reasons for it. Where it cannot be written,
            // there is nothing to tell by, as with an older server.
            if let host, case .directory(let directory) = storage {
                do { try JournalPlace.note(in: directory, boot: boot, host: host) } catch {
                    findings.append(.unplaced(error))
                }
            }
        } catch {
            throw .failed(error)
        }
    }

    /// Finds for whom the events were that are gone, and ends what a server had begun that was killed while it trimmed.
    private mutating func readTrimmed() throws(SystemCallError) {
        if case .directory(let directory) = storage,
            let kept = try TrimmedFile.read(in: directory, epoch: active.epoch, limit: trimmed.limit)
        {
            trimmed = kept
        }
        while segments.count > 1, let oldest = segments.first, oldest.lastSeq <= trimmed.end {
            try? oldest.removeFile()
            identities.remove(oldest.identities)
            segments.removeFirst()
        }
        if let oldest = segments.first, oldest.precedingSeq > trimmed.end {
            trimmed.noteUnknown(upTo: oldest.precedingSeq)
        }
        for segment in segments.dropLast() { segment.finish() }
    }

    private func makeDurable() throws(SystemCallError) {
        guard case .directory = storage else { return }
        var sync = JournalSync()
        for segment in segments { sync.add(segment) }
        sync.add(storage)
        try sync.run()
    }

    private mutating func repair(
        _ found: [JournalSegment], damaged: [FileName], epoch: String, unix: Int64
    ) throws(SystemCallError) {
        try collect(found, damaged: damaged)
        try scan()
        distrustDisk()
        guard let last = segments.last else {
            return try begin(
                epoch: epoch, precedingSeq: leastSeq == 0 || isShared ? 0 : leastSeq + Self.skippedSeqs, unix: unix)
        }
        if last.state == .failing || (last.state == .open && last.boot != JournalSegmentHeader.boot(boot)) {
            isUnsure = true
        }
        let relation = isShared ? .same : try relation(last)
        if relation == .elsewhere {
            isUnsure = true
            findings.append(.moved("these are other files than those that were written last"))
        }
        guard isUnsure, !isShared else {
            if relation == .anotherBoot, last.lastSeq > 0 { return try leaveOut(after: last, unix: unix) }
            return try last.setState(.open, boot: JournalSegmentHeader.boot(boot))
        }
        let first = max(last.lastSeq, leastSeq)
        try begin(epoch: last.epoch, precedingSeq: first + Self.skippedSeqs, unix: unix)
        findings.append(.skipped(from: first + 1, to: first + Self.skippedSeqs))
        // The old segment says that there is doubt until all of this is durable: a closed one is trusted, so after a power
        // cut without the new one its numbers would be given again.
        try makeDurable()
        try last.setState(.closed, boot: JournalSegmentHeader.boot(boot))
    }

    /// How a journal is related to where it was when it was last in use.
    private func relation(_ last: JournalSegment) throws(SystemCallError) -> JournalPlace.Relation {
        guard let host, case .directory(let directory) = storage else { return .same }
        let relation = try JournalPlace.relation(in: directory, boot: boot, host: host)
        let isOfBefore = last.state == .closed && last.boot != JournalSegmentHeader.boot(boot)
        return relation == .same && isOfBefore ? .anotherBoot : relation
    }

    /// Leaves out the numbers that may have been given after a journal was closed in order: most likely the machine was
    /// only started anew, so who has all events up to then misses nothing; but it may have been set back to that moment.
    private mutating func leaveOut(after last: JournalSegment, unix: Int64) throws(SystemCallError) {
        let (first, end) = (last.lastSeq + 1, last.lastSeq + Self.skippedSeqs)
        // One without records would have the name of the next.
        if last.count == 0 { segments.removeLast() }
        try begin(epoch: last.epoch, precedingSeq: last.lastSeq, unix: unix)
        var record = JournalRecord(
            seq: end, unixNanoseconds: unix, identity: JournalRecord.Identity(id: [], owner: .unknown))
        record.parts.recipients = []
        record.parts.kind = .leftOut
        var stage = JournalStage()
        stage.add(record, messageBytes: 0) { _ in }
        try active.write(stage.records.span)
        active.announce(stage.records.span, identities: [])
        left.append(first...end - 1)
        findings.append(.moved("the machine was started anew, or set back"))
        findings.append(.skipped(from: first, to: end))
    }

    private mutating func begin(epoch: String, precedingSeq: UInt64, unix: Int64) throws(SystemCallError) {
        let header = JournalSegmentHeader(
            epoch: epoch, precedingSeq: precedingSeq, createdNanoseconds: unix, boot: boot)
        segments.append(try storage.create(header))
    }

    /// Finds the segments of the newest numbering, and removes those of others.
    private mutating func collect(_ found: [JournalSegment], damaged: [FileName]) throws(SystemCallError) {
        let newest = found.max {
            ($0.createdNanoseconds, $0.precedingSeq) < ($1.createdNanoseconds, $1.precedingSeq)
        }
        for segment in found where segment.epoch != newest?.epoch {
            try storage.remove(segment.name)
            findings.append(.foreign(name: segment.name.description))
        }
        segments = found.filter { $0.epoch == newest?.epoch }.sorted { $0.precedingSeq < $1.precedingSeq }
        for name in damaged {
            findings.append(.damaged(name: name.description, byteCount: JournalSegmentHeader.byteCount))
            guard newest == nil || JournalStorage.epoch(of: name) == newest?.epoch else { continue }
            isFileLost = true
            let seq = JournalStorage.precedingSeq(of: name)
            guard seq >= segments.last?.precedingSeq ?? 0 else { continue }
            leastSeq = max(leastSeq, seq)
            isUnsure = true
        }
    }

    /// A server that was killed may have had a sync fail, after which the kernel calls lost pages clean: they can be read
    /// until the power is cut, and no further sync writes them. After a power cut only what is on the disk can be read.
    private func distrustDisk() {
        for segment in segments where segment.state != .closed && segment.boot == JournalSegmentHeader.boot(boot) {
            segment.distrustDisk()
        }
    }

    /// Checks all records. Damage in the middle leaves a hole: readers see it by the preceding number of the segment
    /// after it. At the end of the newest segment it leaves doubt about the numbers.
    private mutating func scan() throws(SystemCallError) {
        var keptEnd: UInt64 = 0
        if case .directory(let directory) = storage, let epoch = segments.last?.epoch,
            let found = try KeptFile.read(in: directory, epoch: epoch, keptLimits)
        {
            (kept, keptEnd) = found
        } else if isShared, let oldest = segments.first, oldest.precedingSeq > 0 {
            // It is there from the moment on from which a shared history does not begin with the first number.
            kept.noteLoss()
        }
        if isFileLost { kept.noteLoss() }
        var reached = keptEnd
        for segment in segments {
            // What was between may have had keys.
            if isShared, segment.precedingSeq > max(reached, segments[0].precedingSeq) { kept.noteLoss() }
            defer { reached = max(reached, segment.lastSeq) }
            let tail = try segment.scan { record, preceding, event in
                if let event, record.seq > keptEnd { kept.take(event, isClearing: record.parts.isClearing) }
                identities.note(record.identity.owner)
                record.forEachKey { identities.insert($0) }
                guard record.parts.kind == .leftOut, record.seq - preceding == Self.skippedSeqs else { return }
                left.append(preceding + 1...record.seq - 1)
            }
            let name = segment.name.description
            switch tail {
            case .whole: continue
            case .torn(let byteCount) where segment === segments.last:
                findings.append(.torn(name: name, byteCount: byteCount))
                try segment.cut()
            case .torn(let byteCount), .damaged(let byteCount):
                kept.noteLoss()
                findings.append(.damaged(name: name, byteCount: byteCount))
                if segment === segments.last { isUnsure = true }
            }
        }
    }
}
