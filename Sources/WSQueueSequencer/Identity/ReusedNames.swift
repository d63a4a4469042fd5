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
        /// Its bytes, where it has come with the times of another one, so that another one of these bytes is a copy.
        package let copied: JournalRecord.Fingerprint?
        /// Whether a process before this one has taken it: then its bytes tell, whatever has had its name since.
        package let wasLeft: Bool

        /// Makes it of its parts.
        package init(
            base: JournalRecord.Identity, isSame: Bool, copied: JournalRecord.Fingerprint?, wasLeft: Bool = false
        ) {
            self.wasLeft = wasLeft
            self.base = base
            self.isSame = isSame
            self.copied = copied
        }
    }

    /// What a file is.
    package enum Verdict: Equatable, Sendable {
        /// The event that was sent before.
        case known
        /// The so many'th event of this name and mtime.
        case new(count: Int)
    }

    private struct Taken {
        let count: Int
        let copied: JournalRecord.Fingerprint?
    }

    /// The names that this process has taken, with the last event of each.
    private var taken: [JournalRecord.Identity: Taken] = [:]

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
        // A copy is one of what was there last: who puts the first of two back has published again.
        let isCopy = file.copied != nil && file.copied == last?.copied
        if file.isSame, last == nil || file.wasLeft || isCopy { return .known }
        var count = (last?.count ?? 0) + 1
        while isKnown(count) { count += 1 }
        if last == nil, taken.count >= Self.limitNames { taken = [:] }
        taken[file.base] = Taken(count: count, copied: file.copied)
        return .new(count: count)
    }
}
