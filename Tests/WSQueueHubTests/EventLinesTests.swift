import Foundation
import Support
import Testing
import WSQueueLog
import WSQueueOperation
import WSQueueSystem

@testable import WSQueueHub

struct EventLinesTests {
    private static let second: Int64 = 1_000_000_000

    private func lines(_ path: String, _ mode: Configuration.EventLines) throws -> EventLines {
        EventLines(log: try Log(level: .debug, format: .text, destination: .file("\(path)/log")), mode: mode)
    }

    @Test func `fifty events a second have lines of their own`() throws {
        try withTemporaryDirectory { path in
            var lines = try lines(path, .sampled)
            for second in 1...3 as ClosedRange<Int64> {
                let own = (0..<60).count { _ in lines.takesOwnLine(unix: second * Self.second) }
                #expect(own == 50)
                let givesMore = lines.givesOwnLine(unix: second * Self.second + Self.second / 2)
                #expect(!givesMore)
            }
            var (all, none) = (try self.lines(path, .all), try self.lines(path, .off))
            let takes = (all: (0..<60).allSatisfy { _ in all.takesOwnLine(unix: 1) }, none: none.takesOwnLine(unix: 1))
            #expect(takes.all && !takes.none)
        }
    }

    @Test func `a second's sum says what half of the waits, and all but one in a hundred, were below`() throws {
        try withTemporaryDirectory { path in
            let log = try Log(level: .debug, format: .text, destination: .file("\(path)/log"))
            var lines = EventLines(log: log, mode: .sampled)
            for wait in (0..<100).reversed() as [Int64] {
                lines.count(byteCount: 10, waitNanoseconds: wait * 1_000_000)
            }
            lines.writeSum()
            log.close()
            let text = try String(contentsOfFile: "\(path)/log", encoding: .utf8)
            let figures = "sent=100 bytes=1000 wait_p50_ms=50.0 wait_p99_ms=99.0 wait_max_ms=99.0"
            #expect(text.contains(figures), "\(text)")
        }
    }

    @Test func `a publisher is called by its user's name, by its own, or not at all`() {
        var names = PublisherNames()
        for _ in 0..<2 {
            let found = ["0", "http:2", "4294967290"].map { names.name(of: EventOwner(Array($0.utf8))) }
            #expect(found == ["root", "http:2", "4294967290"])
            let unknown = [names.name(of: nil), names.name(of: .unknown)]
            #expect(unknown == ["?", "?"])
        }
    }
}
