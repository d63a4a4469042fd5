package import WSQueueCore
package import WSQueueSystem

/// How much history is kept: whichever bound is reached first.
package struct JournalLimits: Equatable, Sendable {
    /// At least so many events are kept, and an eighth or the events of one pass more.
    package var events: Int
    /// Events older than this go.
    package var ageNanoseconds: Int64
    /// The files together are no larger.
    package var bytes: Int
    /// How much state is kept, however old.
    package var kept = KeptLimits()
    /// Of how many channels and users it is remembered up to where their events are gone.
    package var marks = HistoryMarks.limit

    package init(events: Int = 10_000, ageNanoseconds: Int64 = 86_400_000_000_000, bytes: Int = 64 * 1_048_576) {
        self.events = events
        self.ageNanoseconds = ageNanoseconds
        self.bytes = bytes
    }
}

/// The one hand that writes the journal. It belongs to the hub's thread.
///
/// Records are staged, then written by one pwrite(2) a pass. What could not be written stays staged, readers see it
/// all the same, and it goes first when writing is possible again.
package struct JournalWriter: ~Copyable {
    package let journal: Journal
    /// What was found when it was opened, for the log.
    package private(set) var findings: [JournalFinding] = []
    /// Whether events with known identities are known over restarts.
    package let isKept: Bool
    /// Whether events are known at all.
    private let isKnowing: Bool
    /// Whether the last write failed.
    package private(set) var isFailing = false
    private var storage: JournalStorage
    private var trimmer: JournalTrimmer
    private let boot: String
    private var active: JournalSegment
    private var identities = JournalIdentities()
    private var staged = JournalStage()
    private var mustMove = false
    private var unsynced = JournalSync()
    /// Whether what was written could not be brought to the disk.
    private var isSyncFailing = false

    /// How much may wait for a journal that cannot be written before the queue waits too.
    private static let stagedLimitBytes = 16 * 1_048_576

    /// Opens the journal, checks all that is in it, and begins a new one where there is none.
    ///
    /// - Parameters:
    ///   - epoch: The identity of a new numbering, if one must be begun.
    ///   - unix: The present moment in Unix nanoseconds.
    ///   - boot: Which run of the machine this is.
    ///   - host: Which machine this is; `nil` does not ask where the journal was before.
    ///   - isShared: Whether the numbers are given elsewhere, for several servers.
    package init(
        _ storage: JournalStorage, limits: JournalLimits, epoch: String, unix: Int64, boot: String,
        host: String? = nil, isShared: Bool = false
    ) throws(JournalOpeningError) {
        var opening = JournalOpening(storage, boot: boot, host: host, isShared: isShared, limits)
        try opening.run(epoch: epoch, unix: unix)
        journal = Journal(
            epoch: opening.active.epoch, segments: opening.segments, isShared: isShared, left: opening.left,
            trimmed: opening.trimmed, kept: opening.kept)
        findings = opening.findings
        identities = opening.identities
        active = opening.active
        if case .memory = storage { isKept = false } else { isKept = true }
        isKnowing = isKept || isShared
        self.storage = storage
        trimmer = JournalTrimmer(limits, AgeClock(uptime: 0, unix: unix))
        self.boot = boot
    }

    /// Whether the journal knows an event, or a line of a batch; always `false` of one that is not kept.
    package func knows(_ identity: JournalRecord.Identity) -> Bool {
        isKnowing && identities.contains(identity)
    }

    /// Whether it knows an event that has this key.
    package func knows(key: UInt64) -> Bool { isKnowing && identities.contains(key) }

    /// Whether it knows these bytes of a file whose name may be used again, as an event of the same name and mtime.
    package func knows(_ identity: JournalRecord.Identity, as fingerprint: JournalRecord.Fingerprint) -> Bool {
        isKnowing && identities.contains(identity.key(of: fingerprint))
    }

    /// Whether it knows these bytes as those of a copy that keeps times, of this name and any mtime.
    package func knowsCopy(_ identity: JournalRecord.Identity, as fingerprint: JournalRecord.Fingerprint) -> Bool {
        isKnowing && identities.contains(identity.keyOfCopies(fingerprint))
    }

    /// Whether it may know events without owners, of servers before 0.2.
    package var knowsOwnerless: Bool { identities.hasOwnerless }

    /// Adds an event, whose message lies somewhere else, to those that the next `commit` writes.
    package mutating func stage(_ record: JournalRecord, message: Span<UInt8>) {
        stage(record, messageBytes: message.count) { $0.append(memory: message) }
    }

    /// Adds an event to those that the next `commit` writes.
    ///
    /// - Parameters:
    ///   - messageBytes: The length of the message for clients, without the member for its channel.
    ///   - fill: Writes that message, all of it, into the place that is reserved for it.
    package mutating func stage(
        _ record: JournalRecord, messageBytes: Int, _ fill: (inout OutputSpan<UInt8>) -> Void
    ) {
        staged.add(record, messageBytes: messageBytes, fill)
        if !record.isForEveryone, let key = record.parts.key { keep(record, key, messageBytes: messageBytes) }
        guard isKnowing else { return }
        identities.note(record.identity.owner)
        record.forEachKey(inThisRun: true) { key in
            identities.insert(key)
            staged.note(key)
        }
    }

    /// Adds an event for everyone, of a line of a batch whose name is used once: what ``stage(_:message:)`` would add, of
    /// texts that lie elsewhere.
    ///
    /// - Parameters:
    ///   - line: The id of its line, where `id` is another one.
    ///   - key: Under which it is to be known.
    package mutating func stageLine(
        _ id: Span<UInt8>, _ line: Span<UInt8>?, _ owner: EventOwner, key: UInt64, seq: UInt64, unix: Int64,
        message: Span<UInt8>
    ) {
        staged.addLine(id, line, owner, seq: seq, unix: unix, message: message)
        guard isKnowing else { return }
        identities.note(owner)
        identities.insert(key)
        staged.note(key)
    }

    /// Adds news of a channel: the file has their number, and memory what they say, as no one who comes later is sent them.
    package mutating func stageNews(_ record: JournalRecord, message: [UInt8]) {
        stage(record, messageBytes: 0) { _ in }
        journal.withState { $0.news.add(record.seq, message) }
    }

    /// Puts an event with a key in the place of the one before it.
    private func keep(_ record: JournalRecord, _ key: [UInt8], messageBytes: Int) {
        let event = KeptEvent(record, key: key, message: Array(staged.records.suffix(messageBytes)))
        journal.withState { $0.kept.take(event, isClearing: record.parts.isClearing) }
    }

    /// The state may be older than it should be.
    package func noteStateLoss() { journal.withState { $0.kept.noteLoss() } }

    /// Whether anything is staged.
    package var hasStaged: Bool { !staged.isEmpty }

    /// Whether it could be written now, as far as rights and the mount decide.
    ///
    /// - Throws: ``SystemCallError`` when it could not.
    package func checkWritable() throws(SystemCallError) { try storage.checkWritable() }

    /// Whether too much waits to be written to stage more.
    package var isFull: Bool { isFailing && staged.bytes > Self.stagedLimitBytes }

    /// Writes what is staged, and shows it to the readers, whether it could be written or not.
    ///
    /// - Parameter finished: Up to this number all events' files are gone. Those of later ones would be sent again after
    ///   a crash if the journal did not know them, so these stay whatever the bounds say.
    /// - Returns: What had to go to keep the bounds.
    /// - Throws: Why it could not be written; nothing is lost, and it is to be tried again.
    package mutating func commit(unix: Int64, finished: UInt64 = .max) throws(SystemCallError) -> [JournalFinding] {
        guard !staged.isEmpty else { return [] }
        do throws(SystemCallError) {
            try writeStaged(unix: unix)
        } catch {
            fail()
            throw error
        }
        journal.withState { state in
            active.announce(
                staged.records.span, identities: staged.identities, audiences: staged.audiences,
                hasKeys: staged.hasKeys)
            state.lastSeq = active.lastSeq
            state.pending = []
        }
        staged.removeAll()
        unsynced.add(active)
        if isFailing {
            isFailing = false
            setState()
        }
        if mustMove || trimmer.isFull(active) { roll(unix: unix) }
        return trim(finished: finished)
    }

    /// Shows the readers what is staged, where writing it has failed and is not tried again yet.
    package func showStaged() {
        guard !staged.isEmpty else { return }
        let (pending, seq) = (staged.records, staged.seq)
        journal.withState { state in
            state.pending = pending
            state.lastSeq = seq
        }
    }

    /// Takes note of how old things are now.
    package mutating func note(_ ages: AgeClock) { trimmer.note(ages) }

    /// Lets go of what is too old, where nothing new comes to push it out.
    package mutating func age(unix: Int64, finished: UInt64 = .max) -> [JournalFinding] {
        if !hasStaged, active.count > 0, trimmer.isTooOld(active) { roll(unix: unix) }
        return trim(finished: finished)
    }

    /// What was written since it was asked last. Files must not be deleted before their events are on the disk.
    package mutating func takeUnsynced() -> JournalSync {
        defer { unsynced = JournalSync() }
        return unsynced
    }

    /// The segments that have gone since it was asked last. Their files are closed with the last of their users, which
    /// takes the time to free all that is in them: let another thread be that.
    package mutating func takeRetired() -> [JournalSegment] {
        trimmer.takeRetired()
    }

    /// Notes whether what was written could be brought to the disk.
    package mutating func noteSync(isFailing: Bool) {
        isSyncFailing = isFailing
        setState()
    }

    /// Writes new segments to another directory: the queue has been replaced. What is in the old one can be read until
    /// its time is over.
    package mutating func move(to storage: JournalStorage, unix: Int64) {
        self.storage = storage
        mustMove = true
        if !hasStaged { roll(unix: unix) }
    }

    /// Begins anew after another number, perhaps in another numbering. The history goes; which events it knew stays
    /// known.
    ///
    /// - Parameter past: What is known of what comes before that number.
    /// - Throws: Why that could not be kept, or the first segment not be made; nothing has changed then for who reads here.
    package mutating func restart(
        epoch: String, precedingSeq: UInt64, unix: Int64, past: JournalPast = JournalPast()
    ) throws(SystemCallError) {
        // The newest numbering is the one that was begun last, and the wall clock may have been set back since another was.
        let newest = journal.withState { state in state.segments.map(\.createdNanoseconds).max() ?? 0 }
        let header = JournalSegmentHeader(
            epoch: epoch, precedingSeq: precedingSeq, createdNanoseconds: max(unix, newest + 1), boot: boot)
        // First: a server that is killed before the segment is there finds state of another numbering, or of a later number,
        // and begins anew too.
        let (trimmed, kept) = try past.keep(upTo: precedingSeq, storage, epoch: epoch, journal.kept.events.emptied)
        let next = try storage.create(header)
        let old = journal.withState { state in
            defer {
                state = Journal.State(
                    epoch: epoch, inheritedSeq: precedingSeq, segments: [next], lastSeq: precedingSeq,
                    trimmed: trimmed, kept: kept)
            }
            return state.segments
        }
        next.announce([UInt8]().span, identities: old.flatMap(\.identities) + staged.identities)
        active = next
        staged = JournalStage()
        unsynced.add(next)
        unsynced.add(storage)
        // One with the new one's name is the new one.
        for segment in old where segment.name != next.name { try? segment.removeFile() }
    }

    /// Says on disk that the journal ends here in order.
    package mutating func close() throws(SystemCallError) {
        guard !hasStaged else { return }
        // All of them, so that the next server need not write again what it cannot know to be on the disk. Their names before:
        // a closed one is trusted, and after a power cut without the one behind it its numbers would be given again.
        let open = journal.withState { $0.segments }.filter { $0.state != .closed }
        var sync = JournalSync()
        for segment in open { sync.add(segment) }
        sync.add(storage)
        try sync.run()
        for segment in open {
            try segment.setState(.closed, boot: JournalSegmentHeader.boot(boot))
            try segment.sync()
        }
    }

    private mutating func writeStaged(unix: Int64) throws(SystemCallError) {
        if active.format != .newest { try beginSegment(unix: unix) }
        do {
            try active.write(staged.records.span)
        } catch  where mustMove {
            // The queue has been replaced because its disk is gone, and the segment is on that.
            roll(unix: unix)
            guard !mustMove else { throw error }
            try active.write(staged.records.span)
        }
    }

    private mutating func fail() {
        // Written over in place, which even a full disk allows.
        let wasFailing = isFailing
        isFailing = true
        if !wasFailing { setState() }
        showStaged()
    }

    /// Says on disk whether the numbers after the last record may have been given.
    private func setState() {
        let state: JournalSegmentHeader.State = isFailing || isSyncFailing ? .failing : .open
        try? active.setState(state, boot: JournalSegmentHeader.boot(boot))
    }

    /// Begins a new segment. Where that is not possible now, the old one grows and it is tried again at the next commit.
    private mutating func roll(unix: Int64) {
        try? beginSegment(unix: unix)
    }

    private mutating func beginSegment(unix: Int64) throws(SystemCallError) {
        let header = JournalSegmentHeader(
            epoch: journal.epoch, precedingSeq: active.lastSeq, createdNanoseconds: unix, boot: boot)
        let (old, next) = (active, try storage.create(header))
        old.finish()
        active = next
        mustMove = false
        unsynced.add(next)
        unsynced.add(storage)
        if isSyncFailing { setState() }
        journal.withState { state in
            // One without records begins after the same number, and may have had the same name.
            if old.count == 0 { state.segments.removeLast() }
            state.segments.append(next)
        }
        if old.count == 0 { try? old.removeFile() }
    }

    /// Lets go of what is too much. `finished` is as in `commit`.
    package mutating func trim(finished: UInt64) -> [JournalFinding] {
        // The state has what is not written, and not what that has replaced.
        guard !staged.hasKeys else { return [] }
        let (gone, findings) = trimmer.trim(journal, storage, finished: finished, written: active.lastSeq)
        for segment in gone { identities.remove(segment.identities) }
        return findings
    }
}
