internal import WSQueueCore
internal import WSQueueSystem

/// Files that wait for their time, the earliest at hand.
///
/// The number held is limited. Of more, the latest are left out, and looked for again when the first of them is due.
struct SpoolSchedule {
    private var files = Heap<PendingFile>()
    /// The time that counts for each name: what `files` holds with another one is out of date.
    private var times: [FileName: Int64] = [:]
    /// From this time on files have been left out.
    private var horizon: Int64?
    private let limit: Int

    init(limitFiles: Int) { limit = limitFiles }

    /// When there is something to do next, Unix nanoseconds.
    var nextNanoseconds: Int64? {
        guard let first = files.first?.nanoseconds else { return horizon }
        return min(first, horizon ?? first)
    }

    /// Whether a file is held here with this time.
    func contains(_ name: FileName) -> Bool { times[name] != nil }

    /// Adds a file, or gives one that is here its new time.
    mutating func insert(_ file: PendingFile) {
        guard times[file.name] != file.nanoseconds else { return }
        times[file.name] = nil
        if let horizon, file.nanoseconds >= horizon { return }
        times[file.name] = file.nanoseconds
        files.insert(file)
        if files.count > 2 * limit { trim() }
    }

    /// Takes the earliest file that is due.
    mutating func popDue(at unix: Int64) -> PendingFile? {
        while let first = files.first, first.nanoseconds <= unix {
            _ = files.popFirst()
            guard times[first.name] == first.nanoseconds else { continue }
            times[first.name] = nil
            return first
        }
        return nil
    }

    /// Whether files that were left out are due: only a listing finds them.
    mutating func passesHorizon(at unix: Int64) -> Bool {
        guard let horizon, horizon <= unix else { return false }
        self.horizon = nil
        return true
    }

    private mutating func trim() {
        let valid = files.elements.filter { times[$0.name] == $0.nanoseconds }.sorted { $0.precedes($1) }
        files = Heap<PendingFile>()
        times = [:]
        if valid.count > limit { horizon = valid[limit].nanoseconds }
        for file in valid.prefix(limit) where file.nanoseconds < horizon ?? .max {
            times[file.name] = file.nanoseconds
            files.insert(file)
        }
    }
}
