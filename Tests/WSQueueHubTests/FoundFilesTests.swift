import Testing

@testable import WSQueueHub

/// What the journal knows of files that were there at the start.
struct FoundFilesTests {
    @Test func `a journal without a past knows of no file and loses what it may`() {
        #expect(!FoundFiles(limitBytes: 1_048_576, past: 0).needAll(0))
    }

    @Test func `what a server inherits stays until the files that it found are gone`() {
        var found = FoundFiles(limitBytes: 1_048_576, past: 1)
        #expect(found.needAll(0))
        found.note(isThrough: false, seq: 3, finished: nil)
        found.note(isThrough: true, seq: 5, finished: 4)
        #expect(found.needAll(0))
        found.note(isThrough: true, seq: 9, finished: 5)
        #expect(!found.needAll(0))
    }
}
