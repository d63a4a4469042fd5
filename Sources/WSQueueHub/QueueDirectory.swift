internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueSpool
package import WSQueueSystem

/// The queue's directory, which one server has to itself: it is opened, may get lost, and is found again.
struct QueueDirectory: ~Copyable {
    /// A directory that is ours alone by its lock, before anything is read from it.
    struct Opened: ~Copyable {
        let reader: SpoolReader
        fileprivate let lock: QueueLock
    }

    /// How many failed files are named.
    private static let failureLimit = 20

    private let path: String
    private let log: Log
    private var lock: QueueLock?
    private var current: SpoolReader?
    /// The directory that everything known of files is about.
    private var lastIdentity: FileIdentity?
    private var isMissing = false
    private var lastReason = ""
    /// Why it could not be opened again, as it was said last.
    private var reopeningFault: String?
    /// Whether it was said that nothing can be deleted in it.
    private var isUnwritable = false
    /// What publishers and others are told of the server, and whether it stands there.
    private var address: ServerAddress?
    private var isAddressWritten = false

    init(path: String, log: Log) {
        self.path = path
        self.log = log
    }

    /// What files are read and deleted by; `nil` while the directory is missing.
    var reader: SpoolReader? { current }
    /// Which directory that is, or was.
    var identity: FileIdentity? { lastIdentity }

    /// Opens the directory at the path, and takes it.
    func open() throws(QueueDirectoryError) -> Opened {
        let directory: Directory
        do throws(SystemCallError) {
            directory = try Directory.open(path)
        } catch {
            throw .failed(error)
        }
        return try Self.take(directory, log)
    }

    /// Prepares a directory whose lock is held already.
    static func opened(
        _ directory: Directory, _ lock: consuming QueueLock, _ log: Log
    ) throws(SystemCallError) -> Opened {
        let reader = try SpoolReader(directory, OwnEntries(in: directory, log: log))
        try reader.prepare()
        return Opened(reader: reader, lock: lock)
    }

    /// Whether a directory is another one than the last that was used.
    func isAnother(_ opened: borrowing Opened) -> Bool {
        lastIdentity.map { $0 != opened.reader.identity } ?? false
    }

    /// Uses a directory from now on.
    mutating func use(_ opened: consuming Opened) {
        let reader = opened.reader
        current = reader
        lastIdentity = reader.identity
        lock = consume opened.lock
        isAddressWritten = false
        noteServing(unix: Clock.unixNanoseconds())
        guard isMissing || reopeningFault != nil else { return }
        isMissing = false
        reopeningFault = nil
        log.write(LogLine(.notice, "queue.back").with("dir", path))
    }

    /// Removes what is too old or too much in `.failed/`.
    func prune(_ ages: AgeClock) {
        guard let pruned = current?.pruneFailedFiles(ages) else { return }
        log.write(LogLine(.warning, "queue.pruned").with("files", pruned.count))
    }

    /// Notes that the directory is not there. What is known of its files is kept: the same one may come back.
    mutating func lose(reason: String) {
        guard !isMissing else { return }
        isMissing = true
        lastReason = reason
        log.write(
            LogLine(.error, "queue.missing").with("dir", path).with("reason", reason)
                .with("hint", "waiting until it is back"))
        current = nil
        // Our own lock must not keep us out.
        lock = nil
    }

    /// Notes why it cannot be used again yet; once for each reason.
    mutating func noteFault(_ error: QueueDirectoryError) {
        let reason = error.description
        guard reason != reopeningFault else { return }
        reopeningFault = reason
        lastReason = error.reason
        log.write(LogLine(.error, "queue.missing").with("dir", path).with("reason", reason))
    }

    /// Takes no more from it; its lock is kept.
    mutating func leave() {
        current = nil
        isMissing = true
    }

    /// Tells in it where the server listens.
    mutating func announce(_ addresses: [String]) {
        address = ServerAddress(process: Process.identifier, addresses: addresses)
        noteServing(unix: Clock.unixNanoseconds())
    }

    /// Writes that address where it could not be yet, and sets its time where that tells that the queue is served.
    mutating func noteServing(unix: Int64) {
        guard let current, let address else { return }
        if isAddressWritten {
            if lock?.needsTouch == true { ServerAddress.touch(in: current.directory, unix: unix) }
        } else {
            isAddressWritten = (try? address.write(in: current.directory)) != nil
        }
    }

    /// Says once when nothing can be deleted in it.
    mutating func noteWritable() {
        guard let current else { return }
        do throws(SystemCallError) {
            try current.directory.checkWritable()
            isUnwritable = false
        } catch {
            guard !isUnwritable else { return }
            isUnwritable = true
            log.write(
                LogLine(.error, "queue.nowrite").with("dir", path).with("error", error.reason)
                    .with("hint", "events are sent once and their files stay; let the server's user write there"))
        }
    }

    /// What keeps events from going their way, looked at anew: nothing may have gone it for a while.
    private var fault: ServerHealth.Reason? {
        guard let current else { return .queue("the queue cannot be used: \(lastReason)") }
        do throws(SystemCallError) {
            try current.directory.checkWritable()
            return nil
        } catch {
            return .queue("the queue cannot be written: \(error.reason)")
        }
    }

    /// Adds how the directory stands, and what was set aside in it.
    func describe(_ status: inout HubStatus) {
        status.freeBytes = try? current?.directory.freeBytes()
        if let fault { status.faults.append(fault) }
        guard let failed = current?.failures(limit: Self.failureLimit) else { return }
        status.failed = failed.count
        status.failures = failed.newest.map {
            HubStatus.Failure(file: $0.name, reason: $0.reason, unixSeconds: $0.changedNanoseconds / 1_000_000_000)
        }
    }

    private static func take(_ directory: Directory, _ log: Log) throws(QueueDirectoryError) -> Opened {
        // It is tried again with each look, and all else waits for the hub.
        let lock = try QueueLock.take(directory, log, isPatient: false)
        do throws(SystemCallError) {
            return try opened(directory, lock, log)
        } catch {
            throw .failed(error)
        }
    }
}

/// Why the queue's directory cannot be used.
package enum QueueDirectoryError: Error, CustomStringConvertible {
    /// Another server owns it.
    case held(QueueHeld)
    /// It cannot be opened.
    case failed(SystemCallError)

    package var description: String {
        switch self {
        case .held(let error): error.description
        case .failed(let error): error.description
        }
    }

    /// The reason for those who know the path.
    var reason: String {
        switch self {
        case .held: "another server holds it"
        case .failed(let error): error.reason
        }
    }
}
