internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueOperation
internal import WSQueueSequencer
internal import WSQueueSpool
internal import WSQueueSystem

/// Reads files and finds out what they hold. What cannot be sent as it is gets time while it changes, then it is set
/// aside.
struct FileExaminer {
    /// What was found out about a file.
    enum Finding {
        /// An event, whose text is in the reader.
        case event(SpooledEvent, FileSource, FileStatus)
        case batch(Batch)
        /// Nothing can be done with it now, or ever: its name is forgotten.
        case nothing
        /// It cannot be read for the moment, and what comes after it is not to overtake it.
        case later
        /// It can be neither sent nor moved: its name stays known, so that it is named once and not looked at for ever.
        case immovable
    }

    private let log: Log
    private let eventLimitBytes: Int
    private let batchLimitBytes: Int
    /// Files that are not whole yet, as far as that can be told.
    private var unfinished: Unfinished
    /// Batches that got longer after they were sent, and how far they were read.
    private var begun: [FileName: BatchProgress] = [:]
    /// Files that were set aside, and may be completed there.
    private var setAside = SetAsideFiles()
    /// Files that could not be read for now, or never and not moved either.
    private var unread = UnreadFiles()
    /// Copies whose writers may be about to set their times, what they looked like, and since when they wait.
    private var untimed: [FileName: (look: Unfinished.Look, since: Int64)] = [:]
    private var rejected: UInt64 = 0
    private var owners: FileOwners
    /// `nil` where everybody may publish everything.
    private var judge: PublisherJudge?
    /// The wall clock when the server came, nanoseconds.
    private let startedAt = Clock.unixNanoseconds()
    private let startedNow = Clock.monotonicNanoseconds()

    init(_ configuration: Configuration, log: Log, _ publishers: PublisherPolicy?) {
        self.log = log
        unfinished = Unfinished(startedAt: startedAt, startedNow: startedNow)
        eventLimitBytes = configuration.eventLimitBytes
        batchLimitBytes = configuration.batchLimitBytes
        owners = FileOwners(areNamed: configuration.redis != nil)
        judge = PublisherJudge(publishers)
    }

    /// Files that are to be looked at again.
    var retried: [FileName] { unfinished.names + unread.failed + untimed.keys }
    /// Whether files can be neither read nor moved.
    var hasStuckFiles: Bool { unread.hasStuck }

    /// Forgets what was known of another directory's files.
    mutating func forget() {
        unfinished = Unfinished(startedAt: startedAt, startedNow: startedNow)
        begun = [:]
        setAside = SetAsideFiles()
        unread = UnreadFiles()
        untimed = [:]
    }

    /// Adds how many files were refused, and how many are to be looked at again.
    func describe(_ status: inout HubStatus) {
        status.counters.rejected = rejected
        status.unfinished = retried.count
    }

    /// Notes that a batch has got longer after it was sent.
    mutating func noteGrown(_ name: FileName, _ progress: BatchProgress) { begun[name] = progress }

    /// Whether what notices tell of a file's writer matters before it is read.
    func wantsWriters(of file: PendingFile) -> Bool {
        file.isBatch || (!file.isNamedByContract && !unfinished.isEmpty)
    }

    /// Reads a file, and finds out what it holds.
    ///
    /// - Parameters:
    ///   - writers: What notices tell of those who write in place.
    ///   - readBytes: Grows by what was read: files that are refused take time too.
    mutating func examine(
        _ file: PendingFile, _ reader: SpoolReader, _ writers: SeenWriters, now: Int64, unix: Int64,
        readBytes: inout Int
    ) -> Finding {
        // Who writes in place follows the contract no further than by the name, and may go on with any line.
        let file = file.isBatch && file.isNamedByContract && writers.isChanging(file.name) ? file.writtenInPlace : file
        do throws(SystemCallError) {
            if try isWaiting(file, reader, writers, now: now) { return .nothing }
        } catch { return noteFailure(error, of: file.name, now: now) }
        let outcome = reader.read(file.name, limitBytes: file.isBatch ? batchLimitBytes : eventLimitBytes)
        guard case .contents(let status) = outcome else {
            return note(outcome, file, reader, writers, now: now, unix: unix)
        }
        unread.noteRead(file.name)
        guard UTF8Validator.isValid(file.stem.span) else {
            return judge(.name, status, file, reader, writers, now: now, unix: unix)
        }
        readBytes += reader.contents.count
        let publisher: (owner: EventOwner, stemCount: Int?)
        do { publisher = try owners.publisher(of: file, status, in: reader.directory) } catch {
            return noteFailure(error, of: file.name, now: now)
        }
        if file.isBatch { return batch(in: file, status, by: publisher, reader, writers, now: now, unix: unix) }
        let contents = reader.contents
        do throws(EventFault) {
            let text = try EventFile.decode(contents.span)
            try EventRoom.check(channelCount: text.channels.count, contents.count, limitBytes: eventLimitBytes)
            if let refusal = judge?.refusal(of: text, in: contents.span, by: publisher.owner, user: status.owner) {
                return refuse(refusal, status, file, reader)
            }
            forget(file.name)
            let source = FileSource(file, status, owner: publisher.owner, stemCount: publisher.stemCount)
            return .event(SpooledEvent(text, in: contents.span, of: source), source, status)
        } catch {
            let fault = SpoolFault.content(reason: error.reason, offset: error.offset, line: nil)
            return judge(fault, status, file, reader, writers, now: now, unix: unix)
        }
    }

    /// Notes why a file has given nothing.
    private mutating func note(
        _ outcome: SpoolReader.Outcome, _ file: PendingFile, _ reader: SpoolReader, _ writers: SeenWriters,
        now: Int64, unix: Int64
    ) -> Finding {
        switch outcome {
        case .contents: break
        case .gone: forgetGone(file.name)
        case .failed(let error): return noteFailure(error, of: file.name, now: now)
        case .fault(let fault, let status): return judge(fault, status, file, reader, writers, now: now, unix: unix)
        }
        return .nothing
    }

    /// Notes that a file could not be read, or that it could not be asked who writes it. Whether it is good, and whole, is
    /// not known yet: it stays, and is looked at again. Logged once for each reason.
    private mutating func noteFailure(_ error: SystemCallError, of name: FileName, now: Int64) -> Finding {
        guard !error.isNotFound else {
            forgetGone(name)
            return .nothing
        }
        let (isNew, keepsPlace) = unread.note(error, of: name, now: now)
        if isNew { log.write(LogLine(.warning, "queue.unreadable").with("error", error.description)) }
        return keepsPlace ? .later : .nothing
    }

    private mutating func forgetGone(_ name: FileName) {
        forget(name)
        endWaiting(name)
        unread.noteRead(name)
    }

    /// The events in a batch that was read, all of them checked; its contents are the batch's then.
    private mutating func batch(
        in file: PendingFile, _ status: FileStatus, by publisher: (owner: EventOwner, stemCount: Int?),
        _ reader: SpoolReader, _ writers: SeenWriters, now: Int64, unix: Int64
    ) -> Finding {
        var known = begun[file.name]
        // Written anew it is another batch.
        let contents = reader.contents
        if let mark = known?.mark, status.identity != mark.status.identity || !mark.begins(contents.span) {
            known = nil
        }
        do throws(Batch.Fault) {
            let checked = try Batch.check(contents, after: known, limitBytes: eventLimitBytes) { text, line in
                judge?.refusal(of: text, in: line, by: publisher.owner, user: status.owner)
            }
            forget(file.name)
            let source = FileSource(file, status, owner: publisher.owner, stemCount: publisher.stemCount)
            return .batch(
                Batch(file, source, status, reader, contents: reader.takeContents(), checked: checked, after: known))
        } catch {
            if let refusal = error.refusal { return refuse(refusal, line: error.line, status, file, reader) }
            return judge(
                .content(reason: error.fault.reason, offset: error.fault.offset, line: error.line), status, file,
                reader, writers, now: now, unix: unix)
        }
    }

    /// Whether a file has to wait, because it may be a copy whose writer sets its times after its contents: at most for
    /// a tenth of a second in which it does not change.
    mutating func awaitsTimes(_ name: FileName, _ status: FileStatus, now: Int64) -> Bool {
        let look = Unfinished.Look(status)
        if let known = untimed[name], known.look == look, now - known.since >= Self.timesNanoseconds {
            untimed[name] = nil
            return false
        }
        if untimed[name]?.look != look { untimed[name] = (look, now) }
        return true
    }

    /// Forgets a file that waited for its times, and has been taken or has gone.
    mutating func endWaiting(_ name: FileName) { if !untimed.isEmpty { untimed[name] = nil } }

    private static let timesNanoseconds: Int64 = 100_000_000

    private mutating func forget(_ name: FileName) {
        unfinished.forget(name)
        setAside.forget(name)
        if !begun.isEmpty { begun[name] = nil }
    }

    /// Whether a server before this one may have sent lines of a batch.
    func mayBeBegun(_ batch: Batch, unix: Int64) -> Bool { batch.mayBeBegun(before: startedAt, unix: unix) }

    /// Forgets the files that could not be moved and are gone or others by now, which makes them events of their own, and has
    /// those tried again that may be moved by now.
    ///
    /// - Returns: Their names.
    mutating func takeChanged(in reader: SpoolReader) -> [FileName] { unread.takeStuck(in: reader.directory) }

    /// Files that were set aside and have been completed there, as it seems, under the names that they have again.
    mutating func takeCompleted(in reader: SpoolReader, now: Int64, unix: Int64) -> [FileName] {
        setAside.takeCompleted(in: reader, now: now, unix: unix)
    }

    /// Says which files have waited for their writers for long.
    mutating func reportLate(in reader: SpoolReader, now: Int64) {
        for name in unfinished.takeLate(now: now) {
            let path = TerminalText.shellWord(reader.directory.path(of: name))
            log.write(
                LogLine(.warning, "queue.unfinished").with("file", name.description).with("seconds", 60)
                    .with(
                        "hint",
                        "a program has it open for writing, and it is sent once that closes it; find it with: "
                            + "fuser -v \(path)"))
        }
    }

    /// Decides about a file that cannot be delivered as it is: it gets time while somebody writes it or it changes, then
    /// it is set aside.
    private mutating func judge(
        _ fault: SpoolFault, _ status: FileStatus, _ file: PendingFile, _ reader: SpoolReader, _ writers: SeenWriters,
        now: Int64, unix: Int64
    ) -> Finding {
        let look = Unfinished.Look(status)
        if unread.isStuck(file.name, look) { return .immovable }
        let writer: FileWriter
        do { writer = try self.writer(of: file, status, reader, writers) } catch {
            return noteFailure(error, of: file.name, now: now)
        }
        let rest = file.isBatch && writer == .unknown ? Unfinished.batchRestNanoseconds : Unfinished.restNanoseconds
        unfinished.note(file.name, look, writer, isRefused: true, now: now)
        guard unfinished.isDue(file.name, writer, rest: rest, now: now) else { return .nothing }
        unfinished.forget(file.name)
        guard let moved = moveAway(file.name, look, reason: fault.reason, reader) else { return .immovable }
        if status.kind == .regular { setAside.add(moved, as: file.name, look, now: now) }
        return .nothing
    }

    /// Sets a file aside that may not be published, at once: no time makes it better.
    private mutating func refuse(
        _ refusal: PublisherJudge.Refusal, line: Int? = nil, _ status: FileStatus, _ file: PendingFile,
        _ reader: SpoolReader
    ) -> Finding {
        let look = Unfinished.Look(status)
        if unread.isStuck(file.name, look) { return .immovable }
        unfinished.forget(file.name)
        setAside.forget(file.name)
        let reason = line.map { "line \($0): \(refusal.reason)" } ?? refusal.reason
        let moved = moveAway(file.name, look, reason: reason, by: refusal.publisher, reader)
        return moved == nil ? .immovable : .nothing
    }

    /// Moves a file to `.failed/`.
    ///
    /// - Returns: Its name there; `nil` where it cannot be moved.
    private mutating func moveAway(
        _ name: FileName, _ look: Unfinished.Look, reason: String, by publisher: String? = nil, _ reader: SpoolReader
    ) -> FileName? {
        let reason = reason + (begun[name].map { "; the lines before \($0.lines + 1) were sent" } ?? "")
        func line(_ level: LogLevel) -> LogLine {
            let line = LogLine(level, "event.rejected").with("file", name.description)
            return (publisher.map { line.with("pub", $0) } ?? line).with("reason", reason)
        }
        do throws(SystemCallError) {
            let moved = try reader.quarantine(name, reason: reason)
            begun[name] = nil
            if !unread.noteMoved(name) { rejected += 1 }
            log.write(line(.warning).with("moved", ".failed/\(moved.name)"))
            if let pruned = moved.pruned { log.write(LogLine(.warning, "queue.pruned").with("files", pruned.count)) }
            return moved.name
        } catch {
            guard unread.noteStuck(name, look, error) else { return nil }
            rejected += 1
            log.write(
                line(.error).with("error", error.description).with("hint", "left in the queue; remove it by hand"))
            return nil
        }
    }

    /// Whether a file need not be read now: it looks as it did when it was refused and has time left, or it is a batch
    /// that may not be finished. One that is written in place may end at any line and still look like a good one, so there
    /// must be a reason to think that it is whole: a name by the contract, no writer, or time to rest.
    ///
    /// - Throws: Why that could not be found out.
    private mutating func isWaiting(
        _ file: PendingFile, _ reader: SpoolReader, _ writers: SeenWriters, now: Int64
    ) throws(SystemCallError) -> Bool {
        let isForeignBatch = file.isBatch && !file.isNamedByContract
        // A notice may say that its writer has closed it, which no status shows.
        guard isForeignBatch || (!file.isNoticed && !unfinished.isEmpty) else { return false }
        let status = try reader.directory.status(of: file.name)
        guard status.kind == .regular else { return false }
        let look = Unfinished.Look(status)
        let writer = try writer(of: file, status, reader, writers)
        if writer == .closed || !isForeignBatch {
            return !file.isNoticed && unfinished.isResting(file.name, look, writer, now: now)
        }
        unfinished.note(file.name, look, writer, isRefused: false, now: now)
        return !unfinished.isDue(file.name, writer, rest: Unfinished.batchRestNanoseconds, now: now)
    }

    private func writer(
        of file: PendingFile, _ status: FileStatus, _ reader: SpoolReader, _ writers: SeenWriters
    ) throws(SystemCallError) -> FileWriter {
        guard status.kind == .regular else { return .closed }
        return FileWriter(
            lease: try reader.directory.isBeingWritten(file.name),
            isSeenOpen: writers.isOpen(file.name, sizeBytes: status.sizeBytes), isNoticed: file.isNoticed)
    }
}
