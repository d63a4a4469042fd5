internal import WSQueueSystem

/// What is known of the events before a history that begins anew.
package struct JournalPast: Sendable {
    private let trimmed: HistoryMarks?
    private let kept: KeptEvents?

    /// Nothing is known.
    package init() {
        trimmed = nil
        kept = nil
    }

    /// - Parameters:
    ///   - trimmed: For whom they were; `nil` where that is not known.
    ///   - kept: The state, as of a number that the history may not have come to.
    package init(trimmed: HistoryMarks?, kept: KeptEvents) {
        self.trimmed = trimmed
        self.kept = kept
    }

    /// What the history remembers that begins after a number; it is kept beside the segments.
    func keep(
        upTo seq: UInt64, _ storage: JournalStorage, epoch: String, _ empty: KeptEvents
    ) throws(SystemCallError) -> (trimmed: HistoryMarks, kept: KeptEvents) {
        var marks = HistoryMarks()
        if let trimmed, trimmed.end >= seq {
            marks = trimmed
            // What is still here is not gone.
            marks.end = seq
        } else if seq > 0 {
            marks.noteUnknown(upTo: seq)
        }
        var events = kept ?? empty
        // What came before the first number that is here may have had keys.
        if kept == nil, seq > 0 { events.noteLoss() }
        try storage.keep(events, upTo: events.end(atLeast: seq), epoch: epoch)
        try storage.keep(marks, epoch: epoch)
        return (marks, events)
    }
}
