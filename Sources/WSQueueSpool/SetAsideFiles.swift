package import WSQueueSystem

/// Files that were set aside because they were not whole: one that is completed in `.failed/` within the hour comes back,
/// three times at most.
package struct SetAsideFiles {
    private struct Aside {
        /// The name that it had, and has again.
        let name: FileName
        var look: Unfinished.Look
        /// Since when it has looked so, and since when it is watched, by the monotonic clock.
        var changedAt: Int64?
        let since: Int64
        let returns: Int
    }

    /// By the names that they have in `.failed/`.
    private var files: [FileName: Aside] = [:]
    /// Files that came back, and how often.
    private var returned: [FileName: (returns: Int, since: Int64)] = [:]
    private var nextLook: Int64 = 0
    /// Whether those are here that a server before this one has set aside.
    private var isComplete = false

    private static let limitFiles = 256
    private static let limitNanoseconds: Int64 = 3_600_000_000_000
    private static let limitReturns = 3
    private static let lookNanoseconds: Int64 = 1_000_000_000

    package init() {}

    /// Watches a file that was moved to `.failed/`.
    ///
    /// - Parameters:
    ///   - moved: Its name there.
    ///   - look: What it looked like before.
    package mutating func add(_ moved: FileName, as name: FileName, _ look: Unfinished.Look, now: Int64) {
        let before = returned.removeValue(forKey: name)
        let (returns, since) = (before?.returns ?? 0, before?.since ?? now)
        guard returns < Self.limitReturns else { return }
        if files.count >= Self.limitFiles, let oldest = files.min(by: { $0.value.since < $1.value.since }) {
            files[oldest.key] = nil
        }
        files[moved] = Aside(name: name, look: look, changedAt: nil, since: since, returns: returns)
    }

    /// Forgets how often a file came back: it is good now, or gone.
    package mutating func forget(_ name: FileName) { if !returned.isEmpty { returned[name] = nil } }

    private mutating func addRecent(in reader: SpoolReader, now: Int64, unix: Int64) {
        isComplete = true
        for one in reader.recentFailures(unix: unix, limit: Self.limitFiles) where files[one.moved] == nil {
            files[one.moved] = Aside(
                name: one.name, look: Unfinished.Look(one.status), changedAt: one.isChanged ? now : nil, since: now,
                returns: 0)
        }
    }

    /// Brings back those that were changed and are finished.
    package mutating func takeCompleted(in reader: SpoolReader, now: Int64, unix: Int64) -> [FileName] {
        if !isComplete { addRecent(in: reader, now: now, unix: unix) }
        guard !files.isEmpty, now >= nextLook else { return [] }
        nextLook = now + Self.lookNanoseconds
        returned = returned.filter { now - $0.value.since < Self.limitNanoseconds }
        var completed: [FileName] = []
        for (moved, var file) in files {
            let found: FileStatus?
            // What cannot be looked at is looked at again.
            do { found = try reader.failedStatus(of: moved) } catch { continue }
            guard now - file.since < Self.limitNanoseconds, let status = found else {
                files[moved] = nil
                continue
            }
            if !file.look.hasContents(of: status) {
                (file.look, file.changedAt) = (Unfinished.Look(status), now)
                files[moved] = file
            }
            guard let changedAt = file.changedAt else { continue }
            let isOpen = reader.isFailedBeingWritten(moved)
            guard isOpen == false || (isOpen == nil && now - changedAt >= Unfinished.restNanoseconds) else { continue }
            // Where another file has the name by now, it comes back later.
            guard reader.restore(moved, as: file.name) else { continue }
            files[moved] = nil
            returned[file.name] = (file.returns + 1, file.since)
            completed.append(file.name)
        }
        return completed
    }
}

extension Unfinished.Look {
    /// Whether nothing was written into the file since; its name alone may have changed.
    func hasContents(of status: FileStatus) -> Bool {
        inode == status.inode && sizeBytes == status.sizeBytes && modifiedNanoseconds == status.modifiedNanoseconds
    }
}
