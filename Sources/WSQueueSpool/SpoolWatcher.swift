package import WSQueueSystem

/// Notices that something may have arrived in the spool. inotify is the hint, the caller's listing the truth.
package struct SpoolWatcher: ~Copyable {
    /// What notices said.
    package struct Arrivals {
        /// The names that were completed, in the order it happened.
        package var names: [FileName] = []
        /// Notices are missing from here on, or the directory itself has changed: only a listing tells.
        package var needsListing = false
        /// Whether the kernel had to drop some.
        package var hasOverflown = false
    }

    /// What the regular look at the directory found.
    package enum Look: Equatable {
        /// Nothing has changed since the last listing.
        case unchanged
        /// Something may have: list it.
        case changed
        /// Another directory stands at the path.
        case replaced
        /// Nothing that can be listed stands at the path.
        case missing(SystemCallError)
    }

    private let path: String
    private var inotify: Inotify?
    private var watch: Int32?
    /// Tells of those who write in place. It is read when somebody asks, and wakes no one: a publisher by the contract
    /// creates, writes and closes each of its files too, under a hidden name.
    private var writing: Inotify?
    private var writingWatch: Int32?
    private var seen = SeenWriters()
    /// The name that the last file had that was renamed while somebody had it open, and the rename's cookie.
    private var departed: (name: FileName, cookie: UInt32)?
    private var identity: FileIdentity?
    private var mark = ListingMark(isTrusted: false)
    /// Whether notices tell of all that happens in the directory.
    package private(set) var isTold = false
    /// Why there are no notices, if there should be some: arrivals are then found by looking alone.
    package private(set) var fault: SystemCallError?

    /// Makes a watcher of the directory at `path`.
    ///
    /// - Parameter usesNotices: Whether inotify is asked for at all.
    package init(path: String, usesNotices: Bool) {
        self.path = path
        inotify = nil
        writing = nil
        guard usesNotices else { return }
        do { inotify = try Inotify() } catch { fault = error }
        writing = try? Inotify()
    }

    /// The descriptor that is readable when there are notices; `nil` without inotify.
    package var number: Int32? { inotify?.number }

    /// Watches `directory`, which must be open already: what happens from now on is noticed, so that the listing that
    /// follows misses nothing.
    package mutating func attach(_ directory: Directory) throws(SystemCallError) {
        let status = try directory.status()
        identity = status.identity
        let fileSystem = LocalFileSystem.holding(path)
        mark = ListingMark(isTrusted: fileSystem != nil)
        if let watch { inotify?.forget(watch) }
        if let writingWatch { writing?.forget(writingWatch) }
        watch = nil
        do {
            watch = try inotify?.watch(path, for: .arrivals)
        } catch {
            fault = error
        }
        isTold = watch != nil && fileSystem == .disk
        writingWatch = try? writing?.watch(path, for: .writing)
        seen = SeenWriters()
    }

    /// Reads all notices that wait.
    package mutating func arrivals() throws(SystemCallError) -> Arrivals {
        var arrivals = Arrivals()
        guard let inotify else { return arrivals }
        let watch = watch
        let body = { (notice: Inotify.Notice, name: Span<UInt8>) in
            if notice.isOverflow {
                arrivals.needsListing = true
                arrivals.hasOverflown = true
            } else if notice.watch != watch {
                return
            } else if notice.isDirectoryGone {
                arrivals.needsListing = true
            } else if notice.isArrival, !arrivals.needsListing {
                // After an overflow a name may stand here whose predecessor was dropped: the listing finds both.
                let kind = SpoolName.kind(of: name).0
                if kind == .event || kind == .batch { arrivals.names.append(FileName(name)) }
            }
        }
        while try inotify.read(body) {}
        return arrivals
    }

    /// Reads what was noticed of those who write in place.
    ///
    /// - Returns: Files that somebody has begun to write.
    package mutating func beginnings() -> [FileName] {
        guard let writing else { return [] }
        var begun: [FileName] = []
        let watch = writingWatch
        var (seen, departed) = (self.seen, self.departed)
        let body = { (notice: Inotify.Notice, name: Span<UInt8>) in
            // Without some of the notices a file that was closed would count as open for ever.
            if notice.isOverflow { seen = SeenWriters() }
            guard notice.watch == watch, !name.isEmpty else { return }
            let kind = SpoolName.kind(of: name).0
            let isTaken = kind == .hidden && TakenName.isOne(name)
            let isDraft = kind == .hidden && !isTaken
            // Of those who follow the contract nothing need be known until their files have visible names.
            guard kind == .event || kind == .batch || isTaken || (isDraft && !AbandonedFiles.isUnfinished(name)) else {
                return
            }
            let name = FileName(name)
            if notice.isDeparture {
                if seen.isKnown(name) { departed = (name, notice.cookie) }
                return
            }
            if notice.isCreation {
                seen.noteCreation(name)
            } else if notice.isChange {
                if seen.noteChange(name), !isTaken, !isDraft { begun.append(name) }
            } else if notice.isRename, let from = departed, from.cookie == notice.cookie {
                // So does whoever writes under a hidden name and renames before he has closed the file.
                seen.move(from.name, to: name)
                departed = nil
            } else if isTaken, notice.isRename {
                // Whoever had it open has it open still.
                seen.move(TakenName.original(name), to: name)
            } else if notice.isArrival {
                seen.noteEnd(name)
            }
        }
        while (try? writing.read(body)) == true {}
        (self.seen, self.departed) = (seen, departed)
        return begun
    }

    /// The files that are being written, as far as was noticed (``beginnings()``).
    package var writers: SeenWriters { seen }

    /// Looks whether the directory is still the same and whether names in it have changed, with one stat(2).
    ///
    /// - Parameter now: The monotonic clock, nanoseconds.
    package func look(now: Int64) -> Look {
        do {
            let status = try Directory.status(at: path)
            guard status.kind == .directory else {
                return .missing(SystemCallError.notDirectory("stat", path))
            }
            guard status.identity == identity else { return .replaced }
            return mark.isUnchanged(modified: status.modifiedNanoseconds, now: now) ? .unchanged : .changed
        } catch {
            // Other errors do not say that the name is nobody's or another's: the directory that is open is the queue still, and
            // is listed. Let go of, another server could take it.
            guard error.isNotFound || error.isNotDirectory || error.isSymbolicLink else { return .changed }
            return .missing(error)
        }
    }

    /// Notes that a listing begins; to be called before it.
    package mutating func willList(_ directory: Directory, now: Int64) throws(SystemCallError) {
        mark.note(modified: try directory.status().modifiedNanoseconds, now: now)
    }
}
