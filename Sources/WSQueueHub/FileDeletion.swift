internal import WSQueueBroker
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSpool
internal import WSQueueSystem

/// The end of files: which may be deleted when, and what became of it.
struct FileDeletion: ~Copyable {
    /// What deletions have led to.
    struct Outcome {
        private var names: [FileName] = []
        private var others: [FileName] = []
        private var longer: [(name: FileName, progress: BatchProgress)] = []
        private var isAny = false

        /// Whether any file was deleted, so that history may go.
        var hasDeleted: Bool { isAny }
        /// Names that are no longer in use.
        var finished: [FileName] { names }
        /// Names under which another file stands than the one that was read, which is an event of its own.
        var retaken: [FileName] { others }
        /// Batches that have got longer after they were read, and how far they were.
        var grown: [(name: FileName, progress: BatchProgress)] { longer }

        fileprivate mutating func noteDeletion() { isAny = true }

        fileprivate mutating func finish(_ name: FileName) { names.append(name) }

        /// Notes that an event of its own stands under a name that need not be the one that the file had; of a batch that
        /// has got longer, how far it was read.
        fileprivate mutating func retake(
            _ name: FileName, from former: FileName, grownAfter progress: BatchProgress? = nil
        ) {
            if name != former { finish(former) }
            others.append(name)
            if let progress { longer.append((name, progress)) }
        }
    }

    private let log: Log
    private let hubWakeup: Wakeup
    /// Files whose events have been recorded or submitted.
    private var waiting = Settlement<ReadFile>()
    /// Deletes them where they are many; `nil` before the first backlog.
    private var remover: RemoverThread?
    /// What it is deleting, list by list as it was asked to, and how many these are.
    private var removing: [[ReadFile]] = []
    private var removingCount = 0
    /// How many files the present pass may still delete.
    private var left = 0
    /// Files that were sent and could not be deleted, and what they looked like, if they could be looked at.
    private var undeletable: [FileName: (file: ReadFile, look: Unfinished.Look?)] = [:]
    /// Those that were there at the start.
    private var found: FoundFiles
    /// Files that may still be written into.
    private var taken = TakenFiles()

    /// A sync releases many files at once; deleting them all in one pass would keep new ones waiting. As many more as were
    /// taken make up for it.
    private static let passFiles = 32
    /// When this many files may go at once, the remover deletes them.
    private static let backlogFiles = 128
    /// The remover has at most this many; beyond them the hub deletes as well, which slows it down as it should.
    private static let removingLimit = 16_384

    /// - Parameter found: What the journal knows of files that are there at the start.
    init(log: Log, hubWakeup: Wakeup, found: FoundFiles) {
        self.found = found
        self.log = log
        self.hubWakeup = hubWakeup
    }

    /// How many files wait for their deletion.
    var count: Int { waiting.count }

    /// Whether files are being deleted on the thread for it.
    var isRemoving: Bool { removingCount > 0 }

    /// Whether files could be neither deleted nor forgotten.
    var hasUndeletable: Bool { !undeletable.isEmpty }

    /// Whether there is something to do by now.
    func hasWork(released mark: UInt64) -> Bool {
        waiting.hasSettled(passed: mark) || (remover?.hasOutcomes ?? false)
    }

    /// Up to this number all events' files are gone; `nil` where no file waits.
    ///
    /// - Parameter journalBytes: How large the journal is.
    func finishedSeq(journalBytes: Int) -> UInt64? { found.needAll(journalBytes) ? 0 : deletedSeq }

    private var deletedSeq: UInt64? { (removing.first?.first ?? waiting.first).map { max(1, $0.seq) - 1 } }

    /// Notes how far the files have got that were there at the start.
    ///
    /// - Parameters:
    ///   - isThrough: Whether the queue has been listed, and nothing waits in it now.
    ///   - seq: The number of the last event.
    mutating func noteFound(isThrough: Bool, seq: UInt64) {
        found.note(isThrough: isThrough, seq: seq, finished: deletedSeq)
    }

    /// Adds a file that may be deleted from a mark on; marks never go back.
    mutating func add(_ file: ReadFile, after mark: UInt64) { waiting.add(file, end: mark) }

    /// Begins a pass.
    mutating func beginPass() { left = Self.passFiles }

    /// Has the present pass delete as many files more as it has taken.
    mutating func allow(_ files: Int) { left += files }

    /// Deletes what is released.
    ///
    /// - Parameters:
    ///   - identity: The directory in which files are found now.
    ///   - now: The monotonic clock, nanoseconds.
    mutating func deleteReleased(upTo mark: UInt64, in identity: FileIdentity?, now: Int64) -> Outcome {
        var outcome = Outcome()
        finishRemovals(identity, now: now, &outcome)
        if waiting.hasSettled(Self.backlogFiles, passed: mark), removingCount < Self.removingLimit {
            handOver(upTo: mark)
        }
        while left > 0, let file = waiting.next(passed: mark) {
            left -= 1
            delete(file, identity, now: now, &outcome)
        }
        return outcome
    }

    /// Deletes a file that needs no mark.
    mutating func delete(_ file: ReadFile, in identity: FileIdentity?, now: Int64) -> Outcome {
        var outcome = Outcome()
        delete(file, identity, now: now, &outcome)
        return outcome
    }

    /// Looks again at files that may still be written into.
    ///
    /// - Parameter isEnding: Whether the server ends, so that only what is known to be open stays.
    mutating func lookAgain(
        _ writers: SeenWriters, in identity: FileIdentity?, isEnding: Bool = false, now: Int64
    ) -> Outcome {
        var outcome = Outcome()
        guard !taken.isEmpty else { return outcome }
        for (file, result) in taken.lookAgain(writers, isEnding: isEnding, now: now) {
            note(file, result, identity, now: now, &outcome)
        }
        return outcome
    }

    /// Finds files that could not be deleted and are others by now, which makes them events of their own; of very many
    /// only some.
    mutating func findChanged() -> Outcome {
        var outcome = Outcome()
        for name in Array(undeletable.keys.prefix(Self.passFiles)) { _ = lookAgain(name, &outcome) }
        return outcome
    }

    /// Tries again what could not be deleted; a file that is another one by now is an event of its own.
    mutating func retry(in identity: FileIdentity?, now: Int64) -> Outcome {
        var outcome = Outcome()
        for name in Array(undeletable.keys) {
            guard let one = lookAgain(name, &outcome),
                let ended = try? Removal(name, in: one.file.directory, readAs: one.file.mark).carryOut()
            else { continue }
            undeletable[name] = nil
            note(one.file, .success(ended), identity, now: now, &outcome)
        }
        return outcome
    }

    /// Looks whether a file that could not be deleted is still what was read: its mode, owner, names and times may change.
    ///
    /// - Returns: What is known of it, if it is.
    private mutating func lookAgain(
        _ name: FileName, _ outcome: inout Outcome
    ) -> (file: ReadFile, look: Unfinished.Look?)? {
        guard let one = undeletable[name] else { return nil }
        let relation: ReadMark.Relation
        do {
            let present = try one.file.directory.status(of: name)
            guard Unfinished.Look(present) != one.look else { return one }
            let removal = Removal(name, in: one.file.directory, readAs: one.file.mark)
            relation = try removal.relation(to: present, before: one.look)
            if relation == .same {
                undeletable[name]?.look = Unfinished.Look(present)
                return one
            }
        } catch {
            // What cannot be looked at may be what was sent.
            guard error.isNotFound else { return nil }
            relation = .other
        }
        undeletable[name] = nil
        outcome.retake(name, from: name, grownAfter: relation == .grown ? one.file.progress : nil)
        return nil
    }

    /// Forgets what was known of another directory's files.
    mutating func forget() {
        undeletable = [:]
        taken.forget()
    }

    private mutating func delete(_ file: ReadFile, _ identity: FileIdentity?, now: Int64, _ outcome: inout Outcome) {
        outcome.noteDeletion()
        let result = Result { () throws(SystemCallError) in
            try Removal(file.name, in: file.directory, readAs: file.mark).carryOut()
        }
        note(file, result, identity, now: now, &outcome)
    }

    private mutating func handOver(upTo mark: UInt64) {
        // Without a thread the hub does it, as it always may.
        if remover == nil { remover = try? RemoverThread(hubWakeup: hubWakeup) }
        guard let remover else { return }
        var files: [ReadFile] = []
        while files.count < Self.removingLimit, let file = waiting.next(passed: mark) { files.append(file) }
        remover.remove(files.map { RemoverThread.Order(name: $0.name, mark: $0.mark, directory: $0.directory) })
        removing.append(files)
        removingCount += files.count
    }

    /// Notes what the remover has done.
    private mutating func finishRemovals(_ identity: FileIdentity?, now: Int64, _ outcome: inout Outcome) {
        guard removingCount > 0, let done = remover?.takeOutcomes() else { return }
        for results in done {
            let files = removing.removeFirst()
            removingCount -= files.count
            outcome.noteDeletion()
            for (file, result) in zip(files, results) { note(file, result, identity, now: now, &outcome) }
        }
    }

    private mutating func note(
        _ file: ReadFile, _ result: Result<Removal.Outcome, SystemCallError>, _ identity: FileIdentity?, now: Int64,
        _ outcome: inout Outcome
    ) {
        // A file of the same name in a directory that stands there by now is another one.
        let isHere = file.directoryIdentity == identity
        switch result {
        case .success(.gone): if isHere { outcome.finish(file.name) }
        case .success(.other(let name)): if isHere { outcome.retake(name, from: file.name) }
        case .success(.grown(let name)): if isHere { outcome.retake(name, from: file.name, grownAfter: file.progress) }
        case .success(.taken(let name, let mark, _)):
            taken.add(ReadFile(file, name, mark), now: now)
            if isHere { outcome.finish(file.name) }
        case .failure(let error): noteFailure(file, error, isHere: isHere, &outcome)
        }
    }

    private mutating func noteFailure(
        _ file: ReadFile, _ error: SystemCallError, isHere: Bool, _ outcome: inout Outcome
    ) {
        if isHere {
            do throws(SystemCallError) {
                undeletable[file.name] = (file, Unfinished.Look(try file.directory.status(of: file.name)))
            } catch {
                guard !error.isNotFound else { return outcome.finish(file.name) }
                undeletable[file.name] = (file, nil)
            }
        }
        log.write(
            LogLine(.error, "event.undeletable").with("file", file.name.description).with("error", error.reason)
                .with("hint", "sent once and not again; let the server's user write and delete in the queue"))
    }
}
