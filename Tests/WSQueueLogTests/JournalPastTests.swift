import Testing

@testable import WSQueueLog

struct JournalPastTests {
    private func kept(_ past: JournalPast, upTo seq: UInt64) throws -> (isComplete: Bool, end: UInt64) {
        let found = try past.keep(upTo: seq, .memory, epoch: "e", KeptEvents())
        return (found.kept.isComplete(nil) { _ in true }, found.trimmed.end)
    }

    @Test func `what nobody knows may have had keys, and nothing has none`() throws {
        #expect(try kept(JournalPast(), upTo: 5) == (false, 5))
        #expect(try kept(JournalPast(), upTo: 0) == (true, 0))
        #expect(try kept(JournalPast(trimmed: nil, kept: KeptEvents()), upTo: 5) == (true, 5))
    }

    @Test func `of what is known to have gone, what is still here has not`() throws {
        var marks = HistoryMarks()
        marks.noteUnknown(upTo: 9)
        #expect(try kept(JournalPast(trimmed: marks, kept: KeptEvents()), upTo: 5) == (true, 5))
    }
}
