internal import WSQueueLog
internal import WSQueueSequencer

/// Finds out which event a file is whose name may be used again: by what this process has taken, and by the journal.
struct FileNaming {
    private var names = ReusedNames()
    /// The batches that this process has taken though a server before it may have begun them, with their last lines: should
    /// one come again, its first lines are known by that, as the journal may have let go of them. Of so many it is known.
    private var searched: [JournalRecord.Identity: Int] = [:]
    private static let limitSearched = 4_096

    init() {}

    /// Forgets which names this process has taken: another directory is the queue, whose files may be what the journal tells.
    mutating func forgetNames() { names = ReusedNames() }

    /// Gives an event of a file of its own the id that it is known by.
    ///
    /// - Returns: `nil` where it has been sent before.
    mutating func name(
        _ event: SpooledEvent, of source: FileSource, _ recorder: borrowing Recorder
    ) -> SpooledEvent? {
        let copied = source.keepsTimes ? event.fingerprint : nil
        return switch decide(source, isSame: recorder.knowsBytes(of: event), copied, line: nil, recorder) {
        case .known: nil
        case .new(let count): count == 1 ? event : SpooledEvent(event, fileID: source.id(count: count))
        }
    }

    /// Gives a batch the id that its lines are known by, and leaves out those that have been sent before.
    ///
    /// - Parameter isSearched: Whether one whose name is used once may have been begun.
    /// - Returns: The last line that is left out; 0 where none is.
    mutating func name(_ batch: inout Batch, _ recorder: borrowing Recorder, isSearched: Bool) -> Int {
        let known = known(&batch, recorder, isSearched: isSearched)
        if known > 0 { batch.skip(upTo: known) }
        return known
    }

    private mutating func known(_ batch: inout Batch, _ recorder: borrowing Recorder, isSearched: Bool) -> Int {
        let source = batch.fileSource
        guard source.hasReusableName else {
            guard isSearched else { return 0 }
            let last = batch.lastLine { recorder.knowsLine($0, $1) }
            let known = max(last.known, searched[source.base] ?? 0)
            if searched.count >= Self.limitSearched { searched = [:] }
            searched[source.base] = last.all
            return known
        }
        var known = 0
        // Asked only where the answer counts: each line is looked at for it.
        if !names.hasTaken(source.base) || source.keepsTimes || source.wasLeft {
            known = batch.lastLine { event, _ in recorder.knowsBytes(of: event) }.known
        }
        let copied = source.keepsTimes ? JournalRecord.Fingerprint(batch.text.span) : nil
        switch decide(source, isSame: known > 0, copied, line: 1, recorder) {
        case .new(let count):
            batch.setCount(count)
            return 0
        case .known:
            // It goes on under the id that its lines have had.
            var count = 1
            while !Self.isKnown(source, count, line: known, recorder), Self.isKnown(source, count, line: 1, recorder) {
                count += 1
            }
            batch.setCount(count)
            return known
        }
    }

    private mutating func decide(
        _ source: FileSource, isSame: Bool, _ copied: JournalRecord.Fingerprint?, line: Int?,
        _ recorder: borrowing Recorder
    ) -> ReusedNames.Verdict {
        let file = ReusedNames.File(
            base: source.base, isSame: isSame, copied: copied, wasLeft: source.wasLeft)
        return names.decide(file) { Self.isKnown(source, $0, line: line, recorder) }
    }

    /// Whether the `count`th event of a name and mtime, or a line of that batch, has been recorded before.
    private static func isKnown(
        _ source: FileSource, _ count: Int, line: Int?, _ recorder: borrowing Recorder
    ) -> Bool {
        let id = source.id(count: count)
        let line = line.map { FileEventID.make(batch: id, line: $0) }
        return recorder.knows(JournalRecord.Identity(id: line ?? id, owner: source.owner))
    }
}
