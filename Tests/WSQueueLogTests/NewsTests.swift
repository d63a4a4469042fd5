import Testing
import WSQueueLog

struct NewsTests {
    @Test func `news of channels take little room in the history, and memory has the latest only`() throws {
        var writer = try JournalWriter(.memory, limits: JournalLimits(), epoch: "e", unix: 0, boot: "b")
        let message = [UInt8](repeating: 65, count: 400)
        for seq in 1...5_000 as ClosedRange<UInt64> {
            var record = JournalRecord(
                seq: seq, unixNanoseconds: 0, identity: JournalRecord.Identity(id: [], owner: .unknown))
            record.parts.channels = ["presence.room"]
            record.parts.kind = .news
            writer.stageNews(record, message: message)
            _ = try writer.commit(unix: 0)
        }
        let journal = writer.journal
        #expect(journal.lastSeq == 5_000)
        #expect(journal.size.bytes < 5_000 * 64)
        // A megabyte.
        #expect(journal.news(5_000 - 2_600) == message)
        #expect(journal.news(5_000 - 2_700) == nil)
        #expect(journal.news(5_001) == nil)
    }
}
