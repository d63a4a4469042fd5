internal import Synchronization
package import WSQueueSystem

/// Makes the names our publishers use: `<unix nanoseconds, 19 digits>-<pid>-<counter>-<random>` (SPEC §2).
///
/// The time alone orders one process's names: it is the clock's, or one nanosecond more than the name before when the
/// clock stands or is set back. The rest only keeps processes, hosts and containers apart.
package final class SpoolNameSource: Sendable {
    /// The one of this process. Two of them could give times that go backwards between them, and the promise is one of
    /// the process; it holds a counter and nothing that anybody could want to be different.
    package static let process = SpoolNameSource(random: SystemRandomNumberGenerator().nextWord())

    private let last = Atomic<Int64>(0)
    private let counter = Atomic<UInt64>(0)
    private let random: UInt32

    /// Makes a source; outside tests only ``process`` is wanted.
    ///
    /// - Parameter random: What tells apart two processes with the same number, as in two containers.
    package init(random: UInt32) { self.random = random }

    /// Makes the next name, greater than all before it.
    ///
    /// - Parameters:
    ///   - unixNanoseconds: The clock's time.
    ///   - processIdentifier: The process's number now: after fork(2) it is another one.
    package func next(unixNanoseconds: Int64, processIdentifier: Int32) -> SpoolStem {
        var previous = last.load(ordering: .relaxed)
        while true {
            let time = max(unixNanoseconds, previous &+ 1, 0)
            let (exchanged, original) = last.compareExchange(
                expected: previous, desired: time, ordering: .relaxed)
            if exchanged {
                let count = counter.add(1, ordering: .relaxed).newValue
                return SpoolStem(time: time, process: processIdentifier, counter: count, random: random)
            }
            previous = original
        }
    }

    /// Makes the name of a file that is due at a time. Of several that are due at one moment each is a nanosecond later
    /// than the one before.
    package func next(dueNanoseconds: Int64, processIdentifier: Int32) -> SpoolStem {
        let count = counter.add(1, ordering: .relaxed).newValue
        let time = max(0, dueNanoseconds).addingReportingOverflow(Int64(count))
        return SpoolStem(
            time: time.overflow ? .max : time.partialValue, process: processIdentifier, counter: count, random: random
        ).due
    }
}

/// A name without its suffix: the id of the event, or of the batch.
package struct SpoolStem: Equatable, Sendable, CustomStringConvertible {
    /// The name without `.json` or `.jsonl`.
    package let description: String
    /// The time it says; 0 when it says none.
    let time: Int64

    init(text: String, time: Int64) {
        description = text
        self.time = time
    }

    init(time: Int64, process: Int32, counter: UInt64, random: UInt32) {
        let digits = String(time)
        let random = String(random, radix: 16)
        description =
            String(repeating: "0", count: 19 - digits.utf8.count) + digits + "-\(process)-\(counter)-"
            + String(repeating: "0", count: 8 - random.utf8.count) + random
        self.time = time
    }

    /// The name under which it is delivered.
    package func visible(_ suffix: SpoolSuffix, _ claim: SpoolClaim = .none) -> FileName {
        FileName(description + claim.end + suffix.rawValue)
    }

    /// The name under which it is written: hidden, and telling which file it will be.
    package func hidden(_ suffix: SpoolSuffix) -> FileName { FileName(".\(description)\(suffix.rawValue).tmp") }
}

/// The two kinds of files a publisher makes.
package enum SpoolSuffix: String, Sendable {
    case event = ".json"
    case batch = ".jsonl"
}

extension SystemRandomNumberGenerator {
    fileprivate func nextWord() -> UInt32 {
        var generator = self
        return generator.next()
    }
}
