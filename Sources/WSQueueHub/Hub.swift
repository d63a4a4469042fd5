internal import WSQueueCore
internal import WSQueueLog
package import WSQueueOperation
package import WSQueueRedis
package import WSQueueSequencer
package import WSQueueSpool
package import WSQueueSystem

/// The way of an event from its file into ring and journal and, once it is safe, of its file to the end.
///
/// It belongs to one thread and never waits: what cannot go on now goes on at the next turn.
package struct Hub: ~Copyable {
    private var intake: Intake
    private var examiner: FileExaminer
    private var events: EventTurn
    private var deletion: FileDeletion
    private var batch: Batch?
    private var reporter: StatusReporter
    private var ages: Ages
    private var chores = Chores()

    /// Makes a hub that has no directory yet.
    ///
    /// - Parameters:
    ///   - ports: What it shares with other threads.
    ///   - recorder: What it writes to.
    ///   - link: The stream that it shares with other servers; `nil` is none.
    package init(
        _ configuration: Configuration, _ ports: HubPorts, sequencer: Sequencer, recorder: consuming Recorder,
        link: RedisLink?
    ) {
        let log = ports.log
        ages = Ages(log: log)
        intake = Intake(configuration, log: log)
        examiner = FileExaminer(configuration, log: log, ports.publishers)
        let found = FoundFiles(limitBytes: configuration.journalBytes, past: recorder.history.size.events)
        deletion = FileDeletion(log: log, hubWakeup: ports.hubWakeup, found: found)
        events = EventTurn(
            configuration, sequencer, StreamPort(link, gate: ports.gate, log: log), recorder,
            Keeper(log: log, syncer: ports.syncer, place: configuration.journalPlace),
            Ledger(configuration, log: log), Readers(configuration, ports.marks, ports.readers, ports.held),
            PresencePublisher(ports.presence, tellsHere: link == nil))
        reporter = StatusReporter(ports.status)
    }

    /// Works in a directory from now on, whose lock is held.
    package mutating func open(_ queue: Directory, _ lock: consuming QueueLock) throws(SystemCallError) {
        try intake.open(queue, lock)
    }

    /// Tells in the queue where the server listens.
    package mutating func announce(_ addresses: [String]) { intake.announce(addresses) }

    /// The number of the last event.
    package var seq: UInt64 { events.seq }
    /// What stands at the queue's path; `nil` while nothing does.
    package var queue: SpoolReader? { intake.reader }
    /// How many files are known to wait.
    package var waitingCount: Int { intake.count }
    /// Whether the directory has been listed, and nothing in it waits any more.
    package var isThrough: Bool { intake.isThrough && batch == nil }
    /// How many events have not been handed to all clients, or not been said.
    package var unsettledCount: Int { events.unsettledCount }
    /// For the poller: readable when notices about the queue wait; `nil` without inotify.
    package var noticeNumber: Int32? { intake.noticeNumber }

    /// Takes what the shared stream's thread tells, for the next turn.
    package func takeNews() -> [StreamNews] { events.takeNews() }

    /// How long the hub may sleep when nothing wakes it: until the next look at the directory.
    package func sleepMilliseconds(now: Int64) -> Int32 {
        let isTaking = batch != nil || events.hasWork || (intake.hasNext && (events.placesQueue || events.maySubmit))
        if isTaking, !events.isHeld, !events.isAwaitingClients, !isBehind { return 0 }
        let look = (intake.sleepNanoseconds(now: now) + 999_999) / 1_000_000
        let presence = mayTellPresence && !events.isHeld ? events.presenceSleepMilliseconds(now: now) : 1_000
        return Int32(max(0, min(1_000, look, presence)))
    }

    /// Whether the next pass tells news of presence that is due: until it may, no moment is near for its sake.
    private var mayTellPresence: Bool {
        intake.reader != nil && batch == nil && !events.isAwaitingClients && events.hasRoom && !isBehind
    }

    /// Whether there is something to do though nothing has arrived: clients took what was waited for.
    package var canGoOn: Bool { events.canGoOn || deletion.hasWork(released: events.releasedMark) }

    /// One pass over everything: what has arrived, what is due, what may be recorded, what is done.
    ///
    /// - Parameter news: What the shared stream's thread has told since the last turn.
    ///   - uptime: The machine's own time, by which things grow old; `nil` is `now`.
    package mutating func turn(
        hasNotices: Bool, _ news: [StreamNews], now: Int64, unix: Int64, uptime: Int64? = nil
    ) {
        ages.observe(uptime: uptime ?? now, unix: unix)
        intake.notice(hasNotices, now: now, unix: unix)
        look(now: now, unix: unix)
        take(news, now: now, unix: unix)
        settle(now: now, unix: unix)
    }

    /// Takes no further files.
    package mutating func stopTaking() {
        intake.noteWriting()
        intake.stop()
        events.stop()
    }

    /// One pass on the way out: no file is begun any more, but a batch that has begun is sent whole.
    package mutating func finishTurn(_ news: [StreamNews], now: Int64, unix: Int64) {
        // Nothing is looked for: this is how long the hub may sleep.
        intake.rest(until: now + 50_000_000)
        take(news, now: now, unix: unix)
        settle(now: now, unix: unix)
    }

    /// Whether everything that was begun has been handed out and deleted.
    package var isFinished: Bool {
        batch == nil && !deletion.isRemoving && events.isFinished(hasFiles: deletion.count > 0)
    }

    /// Writes the line that sums up events which have none of their own.
    package mutating func writeSum() { events.writeSum() }

    /// Says on the disk that the journal ends in order, and ends the shared stream's thread.
    package mutating func close() {
        _ = deletion.lookAgain(intake.writers, in: intake.identity, isEnding: true, now: 0)
        events.close()
    }

    /// Up to this number all events' files are gone.
    private var finishedSeq: UInt64 {
        events.finishedSeq(removed: deletion.finishedSeq(journalBytes: events.historyBytes), isInBatch: batch != nil)
    }
    private var isBehind: Bool { events.isBehind(undeletedFiles: deletion.count) }

    /// Records what waits in the queue or, where the order is shared, what the stream brings.
    private mutating func take(_ news: [StreamNews], now: Int64, unix: Int64) {
        deletion.beginPass()
        events.beginPass()
        guard events.placesQueue else {
            takeArrivals(news, now: now, unix: unix)
            submitQueue(now: now, unix: unix)
            return events.postOrders()
        }
        let hasFiles = intake.reader != nil || batch != nil
        let isWaiting = events.isAwaitingClients
        if hasFiles || isWaiting { intake.noteHolding(isWaiting) }
        guard hasFiles, !isWaiting else {
            events.endWaiting(now: now)
            return events.keep(finished: finishedSeq, now: now, unix: unix)
        }
        let (start, seq) = (events.position, events.seq)
        let limit = PassLimit(from: start)
        // A batch has nothing in between.
        if mayTellPresence { events.tellPresence(now: now, unix: unix) }
        var count = 0
        var readBytes = 0
        while events.position < limit.end(taken: count, left: intake.count, batchBytes: batch?.text.count),
            mayTake(count, readBytes)
        {
            guard events.hasRoom else {
                events.hold()
                break
            }
            guard !isBehind, takeNext(upTo: limit, now: now, unix: unix, readBytes: &readBytes) else { break }
            count += 1
        }
        deletion.allow(count)
        events.finishPass(since: start, seq, finished: finishedSeq, now: now, unix: unix)
    }

    /// Records what the shared stream brings.
    private mutating func takeArrivals(_ news: [StreamNews], now: Int64, unix: Int64) {
        events.hear(news)
        let (start, seq) = (events.position, events.seq)
        while events.position - start < PassLimit.bytes {
            guard events.hasRoom else {
                if events.hasArrivals { events.hold() }
                break
            }
            guard !isBehind, events.takeArrival(now: now, unix: unix) else { break }
        }
        events.finishPass(since: start, seq, finished: finishedSeq, now: now, unix: unix)
        events.openIfCaughtUp()
    }

    /// Submits what waits in the queue to the shared stream.
    private mutating func submitQueue(now: Int64, unix: Int64) {
        intake.noteHolding(events.isAwaitingClients)
        guard !events.isAwaitingClients else { return }
        var count = 0
        var readBytes = 0
        while events.maySubmit, mayTake(count, readBytes),
            takeNext(upTo: PassLimit(from: 0), now: now, unix: unix, readBytes: &readBytes)
        {
            count += 1
        }
        deletion.allow(count)
    }

    /// Whether one pass may read one more file: those that are refused take time too.
    private func mayTake(_ files: Int, _ readBytes: Int) -> Bool { files < 1_024 && readBytes < 4 * 1_048_576 }

    /// Goes on with the batch that was begun, or takes the oldest file.
    ///
    /// - Parameter limit: How far a batch is recorded.
    /// - Returns: Whether there was anything that could be taken or left.
    private mutating func takeNext(upTo limit: PassLimit, now: Int64, unix: Int64, readBytes: inout Int) -> Bool {
        if batch != nil {
            goOnWithBatch(upTo: limit, unix: unix)
            return true
        }
        guard let reader = intake.reader, let file = intake.next(now: now) else { return false }
        if examiner.wantsWriters(of: file) { intake.noteWriting() }
        switch examiner.examine(file, reader, intake.writers, now: now, unix: unix, readBytes: &readBytes) {
        case .event(let event, let source, let status):
            guard !awaitsTimes(event, source, status, now: now) else { return true }
            let contents = reader.contents
            var fate = EventTurn.Fate.dropped
            if !events.hasSubmitted(source, contents.span) {
                fate = events.carry(event, of: source, contents.span, unix: unix)
            }
            let mark = ReadFile.mark(file, status, contents.span)
            self.end(ReadFile(file, mark, reader, seq: events.seq), fate, source, contents.span, now: now)
        case .batch(let new):
            let first = new.isContinued ? nil : new.firstEvent
            guard !awaitsTimes(first, new.fileSource, new.fileStatus, now: now) else { return true }
            begin(new, now: now, unix: unix)
        case .nothing: intake.finish(file.name)
        case .later: intake.putBack(file, now: now)
        case .immovable: break
        }
        return !intake.isPausing
    }

    /// Whether a file has to wait: its writer may be about to set its times, by which it is a copy of one that was sent.
    private mutating func awaitsTimes(
        _ event: SpooledEvent?, _ source: FileSource, _ status: FileStatus, now: Int64
    ) -> Bool {
        guard let event, !source.hasItsTimes, events.mayBeCopy(event) else {
            examiner.endWaiting(source.file.name)
            return false
        }
        guard examiner.awaitsTimes(source.file.name, status, now: now) else { return false }
        intake.finish(source.file.name)
        return true
    }

    private mutating func begin(_ new: consuming Batch, now: Int64, unix: Int64) {
        var new = new
        let contents = new.text
        guard !events.hasSubmitted(new.fileSource, contents.span) else {
            return finish(deletion.delete(new.readFile(seq: events.seq), in: intake.identity, now: now))
        }
        if !new.isContinued { events.identify(&new, mayBeBegun: examiner.mayBeBegun(new, unix: unix)) }
        guard !events.placesQueue else {
            batch = new
            return
        }
        var fate = EventTurn.Fate.dropped
        while let (event, range) = new.next() {
            let one = events.carry(event, contents.span.extracting(range), present: unix, unix: unix)
            if case .submitted = one { fate = one }
        }
        end(new.readFile(seq: events.seq), fate, new.fileSource, contents.span, now: now)
    }

    /// Records lines of the batch, as long as the log has room and the pass goes; after the last one, the file is
    /// done.
    private mutating func goOnWithBatch(upTo limit: PassLimit, unix: Int64) {
        // Moved out while it is used, so that what it holds is not copied.
        guard var current = batch.take() else { return }
        // Asked once: what a pass records is little beside the room there is.
        let end = min(limit.end(batchBytes: current.text.count), events.roomEnd)
        guard events.carryLines(of: &current, upTo: end, unix: unix) else {
            return deletion.add(current.readFile(seq: events.seq), after: events.releaseMark)
        }
        batch = current
    }

    /// Notes what has become of the events of a file.
    private mutating func end(
        _ file: ReadFile, _ fate: EventTurn.Fate, _ source: FileSource, _ contents: Span<UInt8>, now: Int64
    ) {
        switch fate {
        case .dropped where events.mayForget:
            return finish(deletion.delete(file, in: intake.identity, now: now))
        case .submitted: events.noteSubmitted(source, contents)
        case .dropped, .recorded: break
        }
        deletion.add(file, after: events.releaseMark)
    }

    /// Notes what deletions have led to.
    private mutating func finish(_ outcome: FileDeletion.Outcome) {
        for name in outcome.finished { intake.finish(name) }
        for (name, progress) in outcome.grown { examiner.noteGrown(name, progress) }
        for name in outcome.retaken { intake.retake(name) }
    }

    /// Deletes what is kept, and says what everyone has been handed.
    private mutating func settle(now: Int64, unix: Int64) {
        events.noteSync(now: now)
        let outcome = deletion.deleteReleased(upTo: events.releasedMark, in: intake.identity, now: now)
        finish(outcome)
        deletion.noteFound(isThrough: isThrough, seq: events.seq)
        events.settle(hasDeleted: outcome.hasDeleted, finished: finishedSeq, unix: unix)
        guard reporter.isWanted else { return }
        var status = HubStatus()
        intake.describe(&status, begun: batch?.pendingFile)
        examiner.describe(&status)
        events.describe(&status, now: now)
        status.oldestAgeNanoseconds = status.oldestNanoseconds.map { ages.clock.waitingTime(since: $0) }
        events.wake(reporter.write(status, now: now))
    }

    /// The regular look at the directory, if it is time to.
    private mutating func look(now: Int64, unix: Int64) {
        guard let look = intake.look(now: now) else { return }
        if let opened = intake.reopen(after: look) { use(opened) }
        intake.list(after: look, retrying: examiner.retried, now: now, unix: unix)
        guard let reader = intake.reader else { return }
        finish(deletion.lookAgain(intake.writers, in: intake.identity, now: now))
        if deletion.hasUndeletable { finish(deletion.findChanged()) }
        for name in examiner.takeCompleted(in: reader, now: now, unix: unix) { intake.retake(name) }
        examiner.reportLate(in: reader, now: now)
        if examiner.hasStuckFiles || deletion.hasUndeletable, chores.isRetryDue(now: now) {
            finish(deletion.retry(in: intake.identity, now: now))
            for name in examiner.takeChanged(in: reader) { intake.retake(name) }
        }
        guard chores.isAgingDue(now: now) else { return }
        intake.noteDirectory(unix: unix)
        intake.age(ages.clock, now: now)
        events.age(ages.clock, finished: finishedSeq, unix: unix)
    }

    /// Uses a directory that stands at the path again. What was known of another one's files is forgotten.
    private mutating func use(_ opened: consuming QueueDirectory.Opened) {
        do throws(SystemCallError) {
            let isAnother = try intake.watch(opened)
            if isAnother {
                examiner.forget()
                deletion.forget()
                try events.moveJournal(to: opened.reader.directory)
            }
            intake.use(opened)
            if isAnother { intake.putBackTaken() }
        } catch { intake.noteFault(error) }
    }
}
