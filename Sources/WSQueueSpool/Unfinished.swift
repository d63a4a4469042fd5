package import WSQueueSystem

/// Files that could not be accepted yet, because a publisher that writes them in place may not have finished.
///
/// A file stays here until it is acceptable or has not changed for two seconds (SPEC §2, foreign publishers).
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

    private var looks: [FileName: (look: Look, since: Int64)] = [:]

    /// How long a file must rest before it is judged.
    package static let restNanoseconds: Int64 = 2_000_000_000

    package init() {}

    package var isEmpty: Bool { looks.isEmpty }

    /// The files to look at again.
    package var names: [FileName] { Array(looks.keys) }

    /// Notes that a file was not acceptable.
    ///
    /// - Parameters:
    ///   - monotonic: The monotonic clock, nanoseconds.
    ///   - unix: The wall clock; a file that was last changed two seconds ago by it has already rested.
    /// - Returns: Whether it has rested long enough to be judged; it is forgotten then.
    package mutating func hasRested(_ name: FileName, _ look: Look, monotonic: Int64, unix: Int64) -> Bool {
        let since = looks[name].flatMap { $0.look == look ? $0.since : nil } ?? monotonic
        if isOver(since: since, look, monotonic: monotonic, unix: unix) {
            looks[name] = nil
            return true
        }
        looks[name] = (look, since)
        return false
    }

    /// Whether a file looks as it did when it was last refused and has not rested yet, so that reading it again would
    /// tell nothing.
    package func isResting(_ name: FileName, _ look: Look, monotonic: Int64, unix: Int64) -> Bool {
        guard let seen = looks[name], seen.look == look else { return false }
        return !isOver(since: seen.since, look, monotonic: monotonic, unix: unix)
    }

    private func isOver(since: Int64, _ look: Look, monotonic: Int64, unix: Int64) -> Bool {
        let age = unix - max(look.modifiedNanoseconds, look.changedNanoseconds)
        return monotonic - since >= Self.restNanoseconds || age >= Self.restNanoseconds
    }

    /// Forgets a file that was accepted or has gone.
    package mutating func forget(_ name: FileName) { looks[name] = nil }
}
