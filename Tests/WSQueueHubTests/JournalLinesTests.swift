import Foundation
import Support
import Testing
import WSQueueCore
import WSQueueLog
import WSQueueOperation
import WSQueueSystem

@testable import WSQueueHub

/// What the log says of the journal.
struct JournalLinesTests {
    private static let error = SystemCallError(call: "open", object: "/j/1", code: EACCES)

    /// The rows: what was found, and the level, the name and the pairs of its line.
    @Test(
        arguments: [
            (.torn(name: "a", byteCount: 7), "warning", "journal.torn", "file=a bytes=7"),
            (.damaged(name: "a", byteCount: 7), "error", "journal.damaged", "file=a bytes=7"),
            (.foreign(name: "a"), "warning", "journal.foreign", "file=a"),
            (.skipped(from: 3, to: 9), "warning", "journal.skip", "from=3 to=9"),
            (.moved("a copy"), "warning", "journal.moved", #"reason="a copy""#),
            (.trimmed(from: 1, to: 2, reason: "age"), "info", "journal.trim", "from=1 to=2 reason=age"),
            (.unkept(error), "error", "journal.unkept", #"error="open /j/1: permission denied""#),
            (.undeletable(name: "a", error), "error", "journal.undeletable", "file=a error="),
            (.unplaced(error), "warning", "journal.unplaced", #"error="open /j/1: permission denied""#),
        ] as [(JournalFinding, String, String, String)])
    func `each finding has a line of its own`(finding: JournalFinding, level: String, name: String, pairs: String) {
        let line = String(decoding: LogLine(finding).bytes(.text, now: 0), as: UTF8.self)
        #expect(line.contains(" level=\(level) ev=\(name) \(pairs)"), "\(line)")
    }

    @Test func `a journal that cannot be opened says what is in its way`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let queue = try Directory.open(path)
            try Data("no directory".utf8).write(to: URL(fileURLWithPath: "\(path)/file"))
            var configuration = Configuration()
            configuration.journalPlace = .directory("\(path)/file/journal")
            let log = try Log(level: .debug, format: .text, destination: .file("\(path)/log"))
            #expect {
                _ = try HubJournal.open(configuration, in: queue, log: log)
            } throws: { error in
                guard case .failed(let cause)? = error as? JournalOpeningError else { return false }
                return cause.description.contains("\(path)/file/")
            }
        }
    }

    @Test func `history goes when it is as old as the operator has said`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            var configuration = Configuration()
            configuration.journalPlace = .directory("\(path)/journal")
            configuration.journalSeconds = 60
            let log = try Log(level: .debug, format: .text, destination: .file("\(path)/log"))
            var writer = try HubJournal.open(configuration, in: try Directory.open(path), log: log)
            let (second, unix) = (1_000_000_000 as Int64, Clock.unixNanoseconds())
            let identity = JournalRecord.Identity(id: Array("1".utf8), owner: .unknown)
            writer.stage(
                JournalRecord(seq: 1, unixNanoseconds: unix, identity: identity), message: Array("{}".utf8).span)
            _ = try writer.commit(unix: unix)
            var ages = AgeClock(uptime: 0, unix: unix)
            for (seconds, gone) in [(59, 0), (62, 1)] as [(Int64, UInt64)] {
                ages.observe(uptime: seconds * second, unix: unix + seconds * second)
                writer.note(ages)
                _ = writer.age(unix: unix + seconds * second)
                #expect(writer.journal.precedingSeq == gone)
            }
        }
    }
}
