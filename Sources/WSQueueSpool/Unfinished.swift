package import WSQueueSystem

/// Whether somebody has a file open for writing, as far as the kernel tells.
package enum FileWriter: Equatable, Sendable {
    case open
    case closed
    /// It tells nothing of this file.
    case unknown

    /// Puts together what is known.
    ///
    /// - Parameters:
    ///   - lease: Whether a lease was refused because of a writer; `nil` where this user may not ask.
    ///   - isSeenOpen: Whether notices told of a writer, and not of its end.
    ///   - isNoticed: Whether a notice said that the file was closed or renamed.
    package init(lease: Bool?, isSeenOpen: Bool, isNoticed: Bool) {
        self =
            if let lease { lease ? .open : .closed } else if isSeenOpen { .open } else if isNoticed { .closed } else {
                .unknown
            }
    }
}

/// Files that could not be accepted yet, because a publisher that writes them in place may not have finished.
///
/// A file stays here until it is acceptable, or until no one writes it and it has not changed for a while (SPEC §2,
/// foreign publishers).
package struct Unfinished {
    /// What a file looked like when it was last read.
    package struct Look: Equatable {
        package let sizeBytes: Int64
        package let modifiedNanoseconds: Int64
        package let changedNanoseconds: Int64
        package let inode: UInt64

        package init(_ status: FileStatus) {
            sizeBytes = status.sizeBytes
            modifiedNanoseconds = status.modifiedNanoseconds
            changedNanoseconds = status.changedNanoseconds
            inode = status.inode
        }
    }

    private struct Waiting {
        var look: Look
        /// Since when it has looked so, and since when it has waited at all, by the monotonic clock.
        var since: Int64
        let begun: Int64
        /// How long it had not been changed when the server came; 0 where that is not known.
        let restedBefore: Int64
        var isOpen = false
        /// Whether it was read and was not acceptable.
        var isRefused = false
        var isTold = false
    }

    private var files: [FileName: Waiting] = [:]
    /// When the server came, by the wall clock and by the monotonic clock.
    private let startedAt: Int64
    private let startedNow: Int64

    /// How long a file must rest before it is judged, where that decides: one that was written in place may be opened once
    /// more by the next line of a script.
    package static let restNanoseconds: Int64 = 2_000_000_000
    /// The same of a batch of which no one knows whether it is written: it may end at any line and look like a whole one.
    package static let batchRestNanoseconds: Int64 = 10_000_000_000
    /// So much may a file have been changed after the time that a coarse clock says.
    private static let tickNanoseconds: Int64 = 2_000_000_000
    /// A file that is found so soon was there when the server came. Of one that is found later the wall clock tells nothing:
    /// it may have been set.
    private static let startNanoseconds: Int64 = 1_000_000_000
    /// After this time it is told that a file waits for its writer.
    private static let patienceNanoseconds: Int64 = 60_000_000_000

    /// What had rested when the server came need not rest again.
    ///
    /// - Parameters:
    ///   - startedAt: The wall clock when it came, nanoseconds.
    ///   - startedNow: The same moment by the monotonic clock.
    package init(startedAt: Int64, startedNow: Int64) { (self.startedAt, self.startedNow) = (startedAt, startedNow) }

    package var isEmpty: Bool { files.isEmpty }

    /// The files to look at again.
    package var names: [FileName] { Array(files.keys) }

    /// Notes that a file has to wait.
    ///
    /// - Parameters:
    ///   - isRefused: Whether it was read and was not acceptable.
    ///   - now: The monotonic clock, nanoseconds.
    package mutating func note(
        _ name: FileName, _ look: Look, _ writer: FileWriter, isRefused: Bool, now: Int64
    ) {
        var waiting =
            files[name] ?? Waiting(look: look, since: now, begun: now, restedBefore: restedBefore(look, now: now))
        if waiting.look != look { (waiting.look, waiting.since, waiting.isRefused) = (look, now, false) }
        waiting.isOpen = writer == .open
        if isRefused { waiting.isRefused = true }
        files[name] = waiting
    }

    /// Whether a file that was noted is to be judged as it is.
    ///
    /// - Parameter rest: How long it must not have changed, where no one is known to write it.
    package func isDue(_ name: FileName, _ writer: FileWriter, rest: Int64 = restNanoseconds, now: Int64) -> Bool {
        guard let waiting = files[name] else { return false }
        return writer != .open && isOver(waiting, rest: rest, now: now)
    }

    /// Whether a file looks as it did when it was refused and has to wait on, so that reading it again would tell nothing.
    package func isResting(_ name: FileName, _ look: Look, _ writer: FileWriter, now: Int64) -> Bool {
        guard let waiting = files[name], waiting.isRefused, waiting.look == look else { return false }
        return writer == .open || !isOver(waiting, rest: Self.restNanoseconds, now: now)
    }

    private func isOver(_ waiting: Waiting, rest: Int64, now: Int64) -> Bool {
        let hasRestedBefore = waiting.since == waiting.begun && waiting.restedBefore >= rest + Self.tickNanoseconds
        return now - waiting.since >= rest || hasRestedBefore
    }

    private func restedBefore(_ look: Look, now: Int64) -> Int64 {
        guard now - startedNow < Self.startNanoseconds else { return 0 }
        return startedAt - max(look.modifiedNanoseconds, look.changedNanoseconds)
    }

    /// The files that have waited so long for their writers that somebody should know; each once.
    package mutating func takeLate(now: Int64) -> [FileName] {
        var late: [FileName] = []
        for (name, waiting) in files
        where waiting.isOpen && !waiting.isTold && now - waiting.begun >= Self.patienceNanoseconds {
            files[name]?.isTold = true
            late.append(name)
        }
        return late
    }

    /// Forgets a file that was accepted or has gone.
    package mutating func forget(_ name: FileName) {
        if !files.isEmpty { files[name] = nil }
    }
}
