package import WSQueueLog

/// Decides which event a file is whose name may be used again: one that has been sent, or a further one.
///
/// A name and an mtime do not tell: a publisher may write one file again and again within a tick of the file system. What
/// this process has taken it knows, so a file that appears after its namesake was taken is another event. Of what a
/// process before it has taken it knows the bytes, by the journal: so what a crash has left is the same event.
package struct ReusedNames {
    /// What is known of a file.
    package struct File {
        /// Its name and mtime, and whose it is.
        package let base: JournalRecord.Identity
        /// Whether an event of that name and mtime with the very same bytes has been sent.
        package let isSame: Bool
        /// Whether it has come with the times of another one, so that another one of these bytes is a copy.
        package let keepsTimes: Bool

        /// Makes it of its parts.
        package init(base: JournalRecord.Identity, isSame: Bool, keepsTimes: Bool) {
            self.base = base
            self.isSame = isSame
            self.keepsTimes = keepsTimes
        }
    }

    /// What a file is.
    package enum Verdict: Equatable, Sendable {
        /// The event that was sent before.
        case known
        /// The so many'th event of this name and mtime.
        case new(count: Int)
    }

    /// The names that this process has taken, with the count of the last event of each.
    private var taken: [JournalRecord.Identity: Int] = [:]

    /// Of so many names it is known. Of those that are forgotten only a file with the same mtime and the same bytes would
    /// be taken for the one before.
    private static let limitNames = 4_096

    /// Has taken nothing.
    package init() {}

    /// Whether this process has taken an event of that name and mtime.
    package func hasTaken(_ base: JournalRecord.Identity) -> Bool { taken[base] != nil }

    /// Decides what a file is.
    ///
    /// - Parameter isKnown: Whether an event with this count has been recorded.
    package mutating func decide(_ file: File, isKnown: (Int) -> Bool) -> Verdict {
        let last = taken[file.base]
        if file.isSame, last == nil || file.keepsTimes { return .known }
        var count = (last ?? 0) + 1
        while isKnown(count) { count += 1 }
        if last == nil, taken.count >= Self.limitNames { taken = [:] }
        taken[file.base] = count
        return .new(count: count)
    }
}
