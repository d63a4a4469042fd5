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
        private var isAny = false

        /// Whether any file was deleted, so that history may go.
        var hasDeleted: Bool { isAny }
        /// Names that are no longer in use.
        var finished: [FileName] { names }
        /// Names under which another file stands than the one that was read, which is an event of its own.
        var retaken: [FileName] { others }

        fileprivate mutating func noteDeletion() { isAny = true }

        fileprivate mutating func finish(_ name: FileName, isOther: Bool) {
            if isOther { others.append(name) } else { names.append(name) }
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
    /// Files that were sent and could not be deleted, and what they looked like.
    private var undeletable: [FileName: Unfinished.Look] = [:]

    /// A sync releases many files at once; deleting them all in one pass would keep new ones waiting. As many more as were
    /// taken make up for it.
    private static let passFiles = 32
    /// When this many files may go at once, the remover deletes them.
    private static let backlogFiles = 128
    /// The remover has at most this many; beyond them the hub deletes as well, which slows it down as it should.
    private static let removingLimit = 16_384

    init(log: Log, hubWakeup: Wakeup) {
        self.log = log
        self.hubWakeup = hubWakeup
    }

    /// How many files wait for their deletion.
    var count: Int { waiting.count }

    /// Whether nothing waits, and whether nothing is being deleted.
    var isEmpty: Bool { waiting.isEmpty }
    var isRemoving: Bool { removingCount > 0 }

    /// Whether files could be neither deleted nor forgotten.
    var hasUndeletable: Bool { !undeletable.isEmpty }

    /// Whether there is something to do by now.
    func hasWork(released mark: UInt64) -> Bool {
        waiting.hasSettled(passed: mark) || (remover?.hasOutcomes ?? false)
    }

    /// Up to this number all events' files are gone; `nil` where no file waits.
    var finishedSeq: UInt64? { (removing.first?.first ?? waiting.first).map { max(1, $0.seq) - 1 } }

    /// Adds a file that may be deleted from a mark on; marks never go back.
    mutating func add(_ file: ReadFile, after mark: UInt64) { waiting.add(file, end: mark) }

    /// Begins a pass.
    mutating func beginPass() { left = Self.passFiles }

    /// Has the present pass delete as many files more as it has taken.
    mutating func allow(_ files: Int) { left += files }

    /// Deletes what is released.
    ///
    /// - Parameter identity: The directory in which files are found now.
    mutating func deleteReleased(upTo mark: UInt64, in identity: FileIdentity?) -> Outcome {
        var outcome = Outcome()
        finishRemovals(identity, &outcome)
        if waiting.hasSettled(Self.backlogFiles, passed: mark), removingCount < Self.removingLimit {
            handOver(upTo: mark)
        }
        while left > 0, let file = waiting.next(passed: mark) {
            left -= 1
            delete(file, identity, &outcome)
        }
        return outcome
    }

    /// Deletes a file that needs no mark.
    mutating func delete(_ file: ReadFile, in identity: FileIdentity?) -> Outcome {
        var outcome = Outcome()
        delete(file, identity, &outcome)
        return outcome
    }

    /// Tries again what could not be deleted; a file that is another one by now is an event of its own.
    mutating func retry(in reader: SpoolReader) -> Outcome {
        var outcome = Outcome()
        for (name, look) in undeletable
        where look.hasChanged(name, in: reader.directory) || (try? reader.directory.remove(name)) != nil {
            undeletable[name] = nil
            outcome.finish(name, isOther: true)
        }
        return outcome
    }

    /// Forgets what was known of another directory's files.
    mutating func forget() { undeletable = [:] }

    private mutating func delete(_ file: ReadFile, _ identity: FileIdentity?, _ outcome: inout Outcome) {
        outcome.noteDeletion()
        do throws(SystemCallError) {
            let isGone = try SpoolReader.delete(file.name, in: file.directory, readAs: file.status)
            note(file, isGone: isGone, identity, &outcome)
        } catch {
            noteFailure(file, error, identity)
        }
    }

    private mutating func handOver(upTo mark: UInt64) {
        // Without a thread the hub does it, as it always may.
        if remover == nil { remover = try? RemoverThread(hubWakeup: hubWakeup) }
        guard let remover else { return }
        var files: [ReadFile] = []
        while files.count < Self.removingLimit, let file = waiting.next(passed: mark) { files.append(file) }
        remover.remove(files.map { RemoverThread.Order(name: $0.name, status: $0.status, directory: $0.directory) })
        removing.append(files)
        removingCount += files.count
    }

    /// Notes what the remover has done.
    private mutating func finishRemovals(_ identity: FileIdentity?, _ outcome: inout Outcome) {
        guard removingCount > 0, let done = remover?.takeOutcomes() else { return }
        for results in done {
            let files = removing.removeFirst()
            removingCount -= files.count
            outcome.noteDeletion()
            for (file, result) in zip(files, results) {
                switch result {
                case .success(let isGone): note(file, isGone: isGone, identity, &outcome)
                case .failure(let error): noteFailure(file, error, identity)
                }
            }
        }
    }

    private func note(_ file: ReadFile, isGone: Bool, _ identity: FileIdentity?, _ outcome: inout Outcome) {
        // A file of the same name in a directory that stands there by now is another one.
        guard file.directoryIdentity == identity else { return }
        outcome.finish(file.name, isOther: !isGone)
    }

    private mutating func noteFailure(_ file: ReadFile, _ error: SystemCallError, _ identity: FileIdentity?) {
        if file.directoryIdentity == identity, let status = try? file.directory.status(of: file.name) {
            undeletable[file.name] = Unfinished.Look(status)
        }
        log.write(
            LogLine(.error, "event.undeletable").with("file", file.name.description).with("error", error.reason)
                .with("hint", "sent once and not again; let the server's user write and delete in the queue"))
    }
}
