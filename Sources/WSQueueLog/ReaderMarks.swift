internal import Synchronization
internal import WSQueueSystem

/// How far each reader of a log has come: what lies before the least of them is not needed any more.
package final class ReaderMarks: Sendable {
    // A cache line each, so that loops which report at the same moment do not take the line from each other.
    private final class Mark: Sendable {
        let position = Atomic<UInt64>(0)
        let pace = Atomic<UInt64>(0)
        let clientCount = Atomic<Int>(0)
        let watcherCount = Atomic<Int>(0)
        let behindCount = Atomic<Int>(0)
        let passedAt = Atomic<Int64>(0)
        private let padding: (UInt64, UInt64) = (0, 0)
    }

    private let marks: [Mark]

    /// Makes the marks of `count` readers, all at the start.
    package init(count: Int) { marks = (0..<count).map { _ in Mark() } }

    /// Reports that a reader's clients have all been handed everything before `position`.
    ///
    /// - Parameters:
    ///   - pace: The same of those clients only that still take something, which may go back when one of the
    ///     others takes something again.
    ///   - now: The present moment, monotonic nanoseconds.
    package func passed(_ position: UInt64, pace: UInt64, by reader: Int, now: Int64) {
        marks[reader].passedAt.store(now, ordering: .relaxed)
        // Sequentially consistent, because the writer looks here once more after announcing its sleep.
        marks[reader].pace.store(pace, ordering: .sequentiallyConsistent)
        SchedulingPoint.pass()
        marks[reader].position.store(position, ordering: .sequentiallyConsistent)
    }

    /// Where the slowest client of the slowest reader stands.
    package var oldest: UInt64 {
        marks.reduce(.max) { min($0, $1.position.load(ordering: .sequentiallyConsistent)) }
    }

    /// When the last reader reported (monotonic nanoseconds).
    package var passedAt: Int64 { marks.reduce(0) { max($0, $1.passedAt.load(ordering: .relaxed)) } }

    /// Where the slowest client stands that still takes something.
    package var pace: UInt64 { marks.reduce(.max) { min($0, $1.pace.load(ordering: .sequentiallyConsistent)) } }

    /// Reports how many clients a reader serves, how many of them only look on, and how many are owed something.
    package func report(clients: Int, watchers: Int = 0, behind: Int, by reader: Int) {
        marks[reader].watcherCount.store(watchers, ordering: .relaxed)
        marks[reader].clientCount.store(clients, ordering: .relaxed)
        marks[reader].behindCount.store(behind, ordering: .relaxed)
    }

    /// How many clients all readers serve.
    package var clients: Int { marks.reduce(0) { $0 + $1.clientCount.load(ordering: .relaxed) } }

    /// Whether all readers serve nobody but clients that only look on.
    package var isUnattended: Bool {
        marks.allSatisfy { $0.clientCount.load(ordering: .relaxed) <= $0.watcherCount.load(ordering: .relaxed) }
    }

    /// How many clients of all readers are owed something.
    package var behind: Int { marks.reduce(0) { $0 + $1.behindCount.load(ordering: .relaxed) } }

    /// How many clients one reader serves.
    package func clients(of reader: Int) -> Int { marks[reader].clientCount.load(ordering: .relaxed) }
}
