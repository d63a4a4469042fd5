internal import WSQueueOperation
internal import WSQueueSpool
package import WSQueueSystem

/// The directory itself: opening it, listing it, losing it and finding it again.
extension SpoolPump {
    /// Opens the spool at the start.
    ///
    /// - Parameter lock: By which it is ours alone.
    package mutating func open(_ directory: Directory, _ lock: consuming FileLock) throws(SystemCallError) {
        try attach(directory, lock)
        if let fault = watcher.fault {
            context.log.write(
                LogLine(.warning, "queue.nowatch").with("error", fault.description)
                    .with("hint", "events are found by looking every \(context.configuration.pollMilliseconds) ms"))
        }
    }

    /// Acts on what the regular look found about the directory as a whole.
    ///
    /// - Returns: Whether there is a spool to work in.
    mutating func checkPresence(_ look: SpoolWatcher.Look, unix: Int64) -> Bool {
        switch look {
        case .unchanged, .changed:
            if reader != nil { return true }
            return reopen()
        case .replaced:
            lose(reason: "another directory is there now")
            return reopen()
        case .missing(let error):
            lose(reason: error.reason)
            return false
        }
    }

    /// Lists the directory and adds what is new.
    mutating func list(_ reader: SpoolReader, _ cause: HubCounters.ScanCause, unix: Int64) {
        counters.countScan(cause)
        let start = Clock.monotonicNanoseconds()
        defer {
            let end = Clock.monotonicNanoseconds()
            nextListing = end + 20 * (end - start)
        }
        do throws(SystemCallError) {
            try watcher.willList(reader.directory, unix: unix)
            let listing = try queue.list(reader.directory)
            listingCause = nil
            for name in listing.foreign {
                context.log.write(
                    LogLine(.warning, "queue.foreign").with("file", name.description)
                        .with("hint", "event files end in .json or .jsonl; this is left alone"))
            }
        } catch {
            listingCause = .retry
            context.log.write(LogLine(.error, "queue.unreadable").with("error", error.description))
        }
    }

    /// Says once when nothing can be deleted in the directory.
    mutating func noteWritable(_ reader: SpoolReader) {
        do throws(SystemCallError) {
            try reader.directory.checkWritable()
            isUnwritable = false
        } catch {
            guard !isUnwritable else { return }
            isUnwritable = true
            context.log.write(
                LogLine(.error, "queue.nowrite").with("dir", context.configuration.queuePath)
                    .with("error", error.reason)
                    .with("hint", "events are sent once and their files stay; let the server's user write there"))
        }
    }

    /// Takes in the files whose time has come.
    mutating func releaseDue(now: Int64, unix: Int64) {
        nextDue = .max
        guard let reader else { return }
        if queue.release(at: unix, in: reader.directory) { list(reader, .due, unix: unix) }
        guard let due = queue.nextDueNanoseconds else { return }
        nextDue = now + min(due - unix, 1_000_000_000)
    }

    /// Removes what publishers that died have left.
    mutating func sweep(_ reader: SpoolReader, now: Int64, unix: Int64) {
        nextSweep = now + 600_000_000_000
        let names = AbandonedFiles(reader).sweep(unix: unix)
        guard let first = names.first else { return }
        context.log.write(
            LogLine(.notice, "queue.swept").with("files", names.count).with("first", first.description)
                .with("hint", "unfinished for an hour: their publishers have died"))
    }

    /// Takes a directory as the only server that works in it.
    package static func hold(_ directory: Directory) throws -> FileLock {
        switch try FileLock.take(FileName(".lock"), in: directory) {
        case .held(let holder): throw QueueHeld(path: directory.path, holder: holder)
        case .taken(let taken): return taken
        }
    }

    private mutating func attach(_ directory: Directory, _ taken: consuming FileLock) throws(SystemCallError) {
        lock = consume taken
        try watcher.attach(directory)
        let reader = try SpoolReader(directory)
        if let pruned = reader.pruneFailedFiles(unix: Clock.unixNanoseconds()) {
            context.log.write(LogLine(.warning, "queue.pruned").with("files", pruned.count))
        }
        if let identity, identity != reader.identity {
            forgetFiles()
            try moveJournal(to: directory)
        }
        identity = reader.identity
        self.reader = reader
        listingCause = .start
    }

    private mutating func lose(reason: String) {
        guard !isMissing else { return }
        isMissing = true
        missingReason = reason
        context.log.write(
            LogLine(.error, "queue.missing").with("dir", context.configuration.queuePath).with("reason", reason)
                .with("hint", "waiting until it is back"))
        // What is known of its files is kept: the same directory may come back. Those that were read but not yet handed
        // out are deleted through the directory they came from. Our own lock must not keep us out.
        reader = nil
        lock = nil
    }

    /// Forgets what was known of another directory's files.
    private mutating func forgetFiles() {
        queue.reset()
        unfinished = Unfinished()
        immovable = [:]
        failing = [:]
        undeletable = [:]
    }

    private mutating func reopen() -> Bool {
        do {
            let directory = try Directory.open(context.configuration.queuePath)
            try attach(directory, Self.hold(directory))
        } catch {
            let reason = "\(error)"
            guard reason != reopeningFault else { return false }
            reopeningFault = reason
            missingReason = (error as? SystemCallError)?.reason ?? "another server holds it"
            context.log.write(
                LogLine(.error, "queue.missing").with("dir", context.configuration.queuePath).with("reason", reason))
            return false
        }
        isMissing = false
        reopeningFault = nil
        context.log.write(LogLine(.notice, "queue.back").with("dir", context.configuration.queuePath))
        return true
    }
}

/// Another server owns the queue.
package struct QueueHeld: Error, CustomStringConvertible {
    package let path: String
    /// Its process number, where it has written one.
    package let holder: Int32?

    package var description: String {
        let who = holder.map { "the server with pid \($0)" } ?? "another server"
        return "\(who) holds the queue \(path)"
    }
}
