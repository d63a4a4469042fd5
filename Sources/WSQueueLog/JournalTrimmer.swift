internal import WSQueueCore
internal import WSQueueSystem

/// Decides how much history is kept, and lets go of the rest: what is gone is remembered before it goes.
struct JournalTrimmer {
    private let limits: JournalLimits
    /// How old things are; it stands still between two looks.
    private var ages: AgeClock
    private var retired: [JournalSegment] = []

    init(_ limits: JournalLimits, _ ages: AgeClock) {
        self.limits = limits
        self.ages = ages
    }

    mutating func note(_ ages: AgeClock) { self.ages = ages }

    /// Whether a new segment is to be begun: history goes by whole ones, so there are about eight.
    func isFull(_ segment: JournalSegment) -> Bool {
        guard segment.count > 0 else { return false }
        return segment.end >= limits.bytes / 8 || segment.count >= max(1, limits.events / 8)
            || ages.age(of: segment.createdNanoseconds) >= limits.ageNanoseconds / 8
    }

    /// Whether even the last event of a segment is too old.
    func isTooOld(_ segment: JournalSegment) -> Bool {
        ages.mayTrim && ages.age(of: segment.lastUnixNanoseconds) > limits.ageNanoseconds
    }

    /// The segments that have gone since it was asked last.
    mutating func takeRetired() -> [JournalSegment] {
        defer { retired = [] }
        return retired
    }

    /// Takes out what is too much.
    ///
    /// - Parameters:
    ///   - finished: Up to this number all events' files are gone.
    ///   - written: The last number that was written; nothing later is in the state.
    mutating func trim(
        _ journal: Journal, _ storage: JournalStorage, finished: UInt64, written: UInt64
    ) -> (gone: [JournalSegment], findings: [JournalFinding]) {
        let surplus = surplus(of: journal, finished: finished)
        guard !surplus.isEmpty else { return ([], []) }
        var trimmed = journal.trimmed
        for (segment, _) in surplus {
            trimmed.note(segment.audiences)
            trimmed.end = max(trimmed.end, segment.lastSeq)
        }
        do throws(SystemCallError) {
            // First: what is gone and not remembered would be a gap for everyone after a crash.
            if journal.isShared || surplus.contains(where: \.segment.hasKeys) {
                // All of it: what has replaced a state that goes may not be on the disk yet.
                let kept = journal.kept.events
                try storage.keep(kept, upTo: kept.end(atLeast: written), epoch: journal.epoch)
            }
            try storage.keep(trimmed, epoch: journal.epoch)
        } catch {
            return ([], [.unkept(error)])
        }
        journal.withState { state in
            state.segments.removeFirst(surplus.count)
            state.trimmed = trimmed
        }
        var findings: [JournalFinding] = []
        for (segment, reason) in surplus {
            retired.append(segment)
            findings.append(.trimmed(from: segment.precedingSeq + 1, to: segment.lastSeq, reason: reason))
            do throws(SystemCallError) {
                try segment.removeFile()
            } catch {
                findings.append(.undeletable(name: segment.name.description, error))
            }
        }
        return (surplus.map(\.segment), findings)
    }

    /// The oldest segments, as far as they are too much, and why each is.
    private func surplus(
        of journal: Journal, finished: UInt64
    ) -> [(segment: JournalSegment, reason: String)] {
        var size = journal.size
        var surplus: [(segment: JournalSegment, reason: String)] = []
        for oldest in journal.withState({ $0.segments.dropLast() }) {
            guard oldest.lastSeq <= finished else { break }
            if size.events - oldest.count >= limits.events {
                surplus.append((oldest, "events"))
            } else if size.bytes > limits.bytes {
                surplus.append((oldest, "bytes"))
            } else if oldest.count == 0 || isTooOld(oldest) {
                surplus.append((oldest, "age"))
            } else {
                break
            }
            size = (size.events - oldest.count, size.bytes - oldest.end)
        }
        return surplus
    }
}
