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
    private var identity: FileIdentity?
    /// The directory's mtime and the wall clock at the last listing; `nil` before the first.
    private var listed: (modified: Int64, at: Int64)?
    /// Why there are no notices, if there should be some: arrivals are then found by looking alone.
    package private(set) var fault: SystemCallError?

    /// Makes a watcher of the directory at `path`.
    ///
    /// - Parameter usesNotices: Whether inotify is asked for at all.
    package init(path: String, usesNotices: Bool) {
        self.path = path
        inotify = nil
        guard usesNotices else { return }
        do { inotify = try Inotify() } catch { fault = error }
    }

    /// The descriptor that is readable when there are notices; `nil` without inotify.
    package var number: Int32? { inotify?.number }

    /// Watches `directory`, which must be open already: what happens from now on is noticed, so that the listing that
    /// follows misses nothing.
    package mutating func attach(_ directory: Directory) throws(SystemCallError) {
        let status = try directory.status()
        identity = status.identity
        listed = nil
        if let watch { inotify?.forget(watch) }
        watch = nil
        do {
            watch = try inotify?.watch(path)
        } catch {
            fault = error
        }
    }

    /// Reads all notices that wait.
    package mutating func arrivals() throws(SystemCallError) -> Arrivals {
        var arrivals = Arrivals()
        while let notices = try inotify?.read(), !notices.isEmpty {
            for notice in notices {
                if notice.isOverflow {
                    arrivals.needsListing = true
                    arrivals.hasOverflown = true
                } else if notice.watch != watch {
                    continue
                } else if notice.isDirectoryGone {
                    arrivals.needsListing = true
                } else if notice.isArrival, let name = notice.name, !arrivals.needsListing {
                    // After an overflow a name may stand here whose predecessor was dropped: the listing finds both.
                    arrivals.names.append(name)
                }
            }
        }
        return arrivals
    }

    /// Looks whether the directory is still the same and whether names in it have changed, with one stat(2).
    package func look() -> Look {
        do {
            let status = try Directory.status(at: path)
            guard status.kind == .directory else {
                return .missing(SystemCallError.notDirectory("stat", path))
            }
            guard status.identity == identity else { return .replaced }
            guard let listed, status.modifiedNanoseconds == listed.modified else { return .changed }
            // Coarse file times: a change within a second before the listing may have come after it.
            return listed.modified < listed.at - 1_000_000_000 ? .unchanged : .changed
        } catch {
            return .missing(error)
        }
    }

    /// Notes that a listing begins; to be called before it.
    ///
    /// - Parameter unix: The wall clock, nanoseconds.
    package mutating func willList(_ directory: Directory, unix: Int64) throws(SystemCallError) {
        listed = (try directory.status().modifiedNanoseconds, unix)
    }
}
