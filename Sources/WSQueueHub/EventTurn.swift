internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueOperation
internal import WSQueueSequencer
internal import WSQueueSpool
internal import WSQueueSystem

/// The part of the hub's turn that concerns events: what becomes of each, its record, the journal's way to the disk, and
/// what is said once all clients have it.
struct EventTurn: ~Copyable {
    /// What has become of an event of the queue.
    enum Fate {
        /// It is recorded under a number.
        case recorded
        /// It is in the next transaction for the shared stream.
        case submitted
        /// It is not sent.
        case dropped
    }

    private var sequencer: Sequencer
    private let stream: StreamPort
    private var intake: StreamIntake
    private var recorder: Recorder
    private var keeper: Keeper
    private var ledger: Ledger
    private var readers: Readers
    private let presence: PresencePublisher
    private let eventLimitBytes: Int
    private var naming = FileNaming()

    init(
        _ configuration: Configuration, _ sequencer: Sequencer, _ stream: StreamPort, _ recorder: consuming Recorder,
        _ keeper: Keeper, _ ledger: Ledger, _ readers: Readers, _ presence: PresencePublisher
    ) {
        self.sequencer = sequencer
        self.stream = stream
        intake = StreamIntake(
            stream, SharedState(configuration.keptLimits, eventLimitBytes: configuration.eventLimitBytes))
        self.recorder = recorder
        self.keeper = keeper
        self.ledger = ledger
        self.readers = readers
        self.presence = presence
        eventLimitBytes = configuration.eventLimitBytes
        self.keeper.reportOpening(self.recorder.findings, self.recorder.history)
    }

    var seq: UInt64 { sequencer.seq }
    var unsettledCount: Int { ledger.unsettledCount }
    /// Where the log stands.
    var position: UInt64 { recorder.position }
    var historyBytes: Int { recorder.history.size.bytes }
    /// Whether events of the queue get their numbers here, and whether they may be submitted to those who give them.
    var placesQueue: Bool { sequencer.placesQueue }
    var maySubmit: Bool { sequencer.maySubmit }
    /// Whether the shared stream has brought something that can be used now.
    var hasWork: Bool { sequencer.hasWork }
    /// Whether clients must take something before more is recorded, and whether the queue waits for a first client.
    var isHeld: Bool { readers.isHeld }
    var isAwaitingClients: Bool { readers.isAwaitingClients }
    /// Before this position there is room for one more event.
    var roomEnd: UInt64 { readers.roomEnd(recorder) }
    var hasRoom: Bool { recorder.position < roomEnd }

    /// Whether too much is not on the disk yet to record more.
    func isBehind(undeletedFiles: Int) -> Bool {
        keeper.isBehind(
            position: recorder.position, isFull: recorder.isFull,
            waitingFiles: sequencer.placesQueue ? undeletedFiles : 0)
    }

    /// Whether there is something to say or to use though nothing has arrived.
    var canGoOn: Bool {
        ledger.hasWork(passed: readers.passed) || (readers.isHeld && hasRoom) || stream.hasNews
    }

    /// Up to which mark files may be deleted.
    var releasedMark: UInt64 { sequencer.released(synced: keeper.synced(orPassed: readers.passed)) }
    /// With which mark a file waits whose events are recorded, or submitted.
    var releaseMark: UInt64 { sequencer.releaseMark(position: recorder.position) }
    /// Whether the file of an event that was dropped may go at once: that the event is known may not be on the disk yet.
    var mayForget: Bool { !sequencer.placesQueue || keeper.isSynced(recorder.position) }

    /// Whether everything that was begun has been handed out.
    ///
    /// - Parameter hasFiles: Whether files wait for their deletion. What a journal or a stream that cannot be written
    ///   keeps from being deleted stays for the next server.
    func isFinished(hasFiles: Bool) -> Bool {
        guard sequencer.isFinished(isStreamUp: stream.isUp), ledger.unsettledCount == 0 else { return false }
        let isFailing = recorder.isFailing || keeper.isSyncFailing
        return !hasFiles || (sequencer.placesQueue ? isFailing : !stream.isUp)
    }

    /// Up to this number all events' files are gone, where that matters: what is in the shared stream is not sent again
    /// whatever the journal knows.
    func finishedSeq(removed: UInt64?, isInBatch: Bool) -> UInt64 {
        guard recorder.isKept, sequencer.placesQueue else { return .max }
        if let removed { return removed }
        // What is left of a batch begins after its last line that the journal knows.
        return isInBatch ? max(1, sequencer.seq) - 1 : .max
    }

    // MARK: Events of the queue

    func takeNews() -> [StreamNews] { stream.takeNews() }
    mutating func beginPass() { readers.beginPass() }

    /// The pass has left something because clients must take something first.
    mutating func hold() { readers.hold() }

    /// Nothing is taken, and the queue waits for no client.
    func endWaiting(now: Int64) { readers.endWaiting(now: now) }

    /// Finds out which event a batch is, and which of its lines a server before this one has sent, if it may have.
    mutating func identify(_ batch: inout Batch, mayBeBegun: Bool) {
        let hasPast = sequencer.placesQueue && recorder.history.inheritedSeq > 0
        let known = naming.name(&batch, recorder, isSearched: mayBeBegun && hasPast)
        guard known > 0 else { return }
        sequencer.countKnown(known)
        ledger.noteKnown(id: batch.firstID, file: batch.pendingFile.name.description, lines: known)
    }

    func mayBeCopy(_ event: SpooledEvent) -> Bool { recorder.mayBeCopy(event) }

    /// Decides about the event of a file of its own, and does what follows.
    mutating func carry(_ event: SpooledEvent, of source: FileSource, _ text: Span<UInt8>, unix: Int64) -> Fate {
        guard event.fingerprint != nil else { return carry(event, text, present: Clock.unixNanoseconds(), unix: unix) }
        let named = naming.name(event, of: source, recorder)
        return carry(named ?? event, text, isKnown: named == nil, present: Clock.unixNanoseconds(), unix: unix)
    }

    /// Whether the process before this one has submitted a file.
    func hasSubmitted(_ source: FileSource, _ text: Span<UInt8>) -> Bool { sequencer.hasSubmitted(source, text) }

    /// Decides about an event, and does what follows.
    ///
    /// - Parameters:
    ///   - place: The number that the shared stream has given it; `nil` for an event of the queue.
    ///   - isKnown: Whether it has been sent before, where that is decided already.
    ///   - present: Until when it has waited, Unix nanoseconds.
    ///   - unix: When this pass began, Unix nanoseconds.
    @discardableResult
    mutating func carry(
        _ event: SpooledEvent, _ text: Span<UInt8>, at place: UInt64? = nil, isKnown: Bool? = nil,
        isNews: Bool = false, present: Int64, unix: Int64
    ) -> Fate {
        let identity = event.identity(in: text)
        let facts = Sequencer.Facts(
            isKnown: isKnown ?? recorder.knows(event, identity, text),
            expiresAtMicroseconds: event.text.expiresAtMicroseconds)
        switch sequencer.decide(facts, at: place, unix: unix) {
        case .send(let seq):
            let recorded = recorder.record(event, text, identity, seq: seq, unix: unix, isNews: isNews)
            ledger.noteSent(
                event, text, seq: seq, recorded, present: present, position: recorder.position, unix: unix,
                clientCount: readers.clientCount)
            return .recorded
        case .submit:
            sequencer.submit(event, text)
            return .submitted
        case .leaveOut(let seq, let reason):
            if reason == .expired {
                recorder.leaveOut(nil, ending: event, seq: seq, unix: unix)
            } else {
                recorder.leaveOut(identity, seq: seq, unix: unix)
                // Beside the stream it is the state of its key; here it has never been.
                correctState(of: event, at: seq, isChanged: true)
            }
            ledger.noteLeftOut(reason, event, text, unix: unix)
        case .drop(let reason): ledger.noteLeftOut(reason, event, text, unix: unix)
        case .passed: break
        }
        return .dropped
    }

    /// Decides about lines of a batch until the log stands at a position, and does what follows.
    ///
    /// - Returns: `false` after the last line.
    mutating func carryLines(of batch: inout Batch, upTo end: UInt64, unix: Int64) -> Bool {
        let (contents, source) = (batch.text, batch.lineSource)
        let present = Clock.unixNanoseconds()
        while recorder.position < end {
            guard let line = batch.nextUnsent() else { return false }
            if let source, case .plain(let text) = line {
                let id = batch.id(ofLine: line.number)
                let bytes = contents.span.extracting(text.range)
                let isDone = source.carry(
                    text, bytes, lineID: id.span, &sequencer, &recorder, &ledger, present: present, unix: unix)
                if isDone { continue }
            }
            let (event, range) = batch.event(of: line)
            carry(event, contents.span.extracting(range), present: present, unix: unix)
        }
        return true
    }

    /// Notes a file whose events have all been submitted.
    func noteSubmitted(_ source: FileSource, _ contents: Span<UInt8>) { sequencer.submit(source, contents: contents) }

    /// Has what was submitted, and what else the stream is to do, carried out.
    func postOrders() { stream.post(sequencer.takeOrders()) }

    /// Publishes what the channels are to be told by now of who is where.
    mutating func tellPresence(now: Int64, unix: Int64) {
        let news = presence.take(now: now)
        for (one, seq) in zip(news, sequencer.place(news.count)) {
            let id = Array("presence-\(sequencer.epoch)-\(seq)".utf8)
            recorder.recordNews(one.text, in: one.event, id: id, channel: one.channel, seq: seq, unix: unix)
        }
    }

    func presenceSleepMilliseconds(now: Int64) -> Int64 { presence.sleepMilliseconds(now: now) }

    // MARK: The pass

    /// Writes what a pass has recorded, and shows it to the loops.
    mutating func finishPass(since start: UInt64, _ seq: UInt64, finished: UInt64, now: Int64, unix: Int64) {
        readers.noteWaiting(position: recorder.position, now: now)
        // First, because a client may come back with the number of any event it was sent.
        keep(finished: finished, now: now, unix: unix)
        guard recorder.position != start else { return }
        ledger.notePass(
            bytes: recorder.position - start, events: sequencer.seq - min(seq, sequencer.seq),
            hasClients: readers.clientCount > 0, position: recorder.position)
        recorder.publish(oldestNeeded: readers.passed)
        readers.wake()
    }

    /// Writes what is recorded to the journal.
    mutating func keep(finished: UInt64, now: Int64, unix: Int64) {
        keeper.keep(&recorder, finished: finished, now: now, unix: unix)
    }

    /// Notes what has got to the disk.
    mutating func noteSync(now: Int64) { keeper.noteSync(&recorder, now: now) }

    /// Says what everyone has been handed, and lets history go whose files are gone.
    mutating func settle(hasDeleted: Bool, finished: UInt64, unix: Int64) {
        if hasDeleted { keeper.trim(&recorder, finished: finished) }
        trimStream()
        keeper.releaseRetired(&recorder)
        ledger.settle(passed: readers.passed, passedAt: readers.passedAt)
        ledger.turn(unix: unix)
    }

    mutating func age(_ ages: AgeClock, finished: UInt64, unix: Int64) {
        keeper.age(&recorder, ages, finished: finished, unix: unix)
    }
    /// Writes the journal on in a directory that has taken the place of the queue, where it is kept there.
    mutating func moveJournal(to queue: Directory) throws(SystemCallError) {
        // The journal tells which of its files were sent, as after a start.
        naming.forgetNames()
        try keeper.move(&recorder, to: queue)
    }

    /// Says on the disk that the journal ends in order, and ends the stream's thread.
    mutating func close() {
        keeper.close(&recorder)
        stream.end()
    }

    mutating func stop() { sequencer.stop() }
    mutating func writeSum() { ledger.writeSum() }

    // MARK: What the shared stream brings

    /// Takes what the stream's thread has told.
    mutating func hear(_ news: [StreamNews]) {
        stream.noteFollowing(isCatchingUp: sequencer.isCatchingUp)
        for one in news where sequencer.hear(one) {
            // Clients that have been here before may have what the journal has.
            if recorder.isKept, recorder.history.inheritedSeq > 0, !recorder.isStateAhead { stream.openGate() }
        }
    }

    /// Lets clients in once everything is here that was in the stream when it was found.
    func openIfCaughtUp() { if sequencer.finishCatchingUp() { stream.openGate() } }

    /// Records what has come next.
    ///
    /// - Returns: Whether there was anything that could be used.
    mutating func takeArrival(now: Int64, unix: Int64) -> Bool {
        switch intake.next(&sequencer, &recorder, &keeper, readers, now: now, unix: unix) {
        case .entry(let entry): take(entry, unix: unix)
        case .used: break
        case .nothing: return false
        }
        return true
    }

    /// Whether something has come that is not used yet.
    var hasArrivals: Bool { sequencer.hasArrivals }

    private mutating func take(_ entry: StreamEntry, unix: Int64) {
        defer { stream.noteUsed(entry.byteCount) }
        guard entry.seq > sequencer.seq else { return }
        if let told = entry.told { presence.noteTold(told) }
        do throws(EventFault) {
            let event = try EventRoom.event(in: entry, limitBytes: eventLimitBytes)
            carry(
                event, entry.event.span, at: entry.seq, isNews: entry.told != nil, present: Clock.unixNanoseconds(),
                unix: unix)
            if event.text.key != nil, !entry.isInState {
                // Of a server before 0.2, or added by an application itself.
                correctState(of: event, at: entry.seq, isChanged: false)
                if recorder.isStateAhead { recorder.noteStateLoss() }
            }
        } catch {
            stream.reportForeign(seq: entry.seq, reason: error.reason)
            guard case .leaveOut(let seq, _) = sequencer.leaveOut(at: entry.seq) else { return }
            recorder.leaveOut(nil, seq: seq, unix: unix)
        }
    }

    /// Has the stream let go of what the history here has let go of.
    private mutating func trimStream() {
        let history = recorder.history
        if sequencer.wantsTrim(upTo: history.precedingSeq) {
            let trimmed = history.trimmed
            sequencer.trim(upTo: trimmed.end, marks: trimmed.bytes)
        }
        sequencer.letGo()
    }

    private func correctState(of event: SpooledEvent, at seq: UInt64, isChanged: Bool) {
        guard let corrections = recorder.corrections(of: event, at: seq, isChanged: isChanged) else { return }
        sequencer.correct(corrections)
    }

    // MARK: For the operator

    /// Adds how events stand.
    mutating func describe(_ status: inout HubStatus, now: Int64) {
        status.seq = sequencer.seq
        status.isHolding = readers.isAwaitingClients
        status.sent = ledger.sentCount
        status.waits = ledger.lastWaits(now: now)
        (status.counters.duplicates, status.counters.expired) = sequencer.counts
        ledger.count(into: &status.counters)
        if let fault = keeper.fault(now: now) ?? recorder.fault { status.faults.append(fault) }
        if let fault = stream.fault { status.faults.append(fault) }
    }

    /// Wakes the loops that have asked how things stand.
    func wake(_ loops: Set<Int>) { readers.wake(loops) }
}
