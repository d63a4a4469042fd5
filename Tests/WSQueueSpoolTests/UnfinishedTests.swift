import Foundation
import Support
import Testing
import WSQueueSpool
import WSQueueSystem

struct UnfinishedTests {
    private func look(_ path: String, _ text: String) throws -> Unfinished.Look {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/a"))
        return Unfinished.Look(try Directory.open(path).status(of: FileName("a")))
    }

    @Test func `a file rests when it has looked the same for two seconds`() throws {
        try withTemporaryDirectory { path in
            let look = try look(path, "{")
            let unix = look.changedNanoseconds
            var unfinished = Unfinished()
            let verdicts = [0, 1_999_999_999, 2_000_000_000].map { (now: Int64) in
                unfinished.hasRested(FileName("a"), look, monotonic: now, unix: unix)
            }
            #expect(verdicts == [false, false, true])
            #expect(unfinished.isEmpty)
        }
    }

    @Test func `a change starts its time again`() throws {
        try withTemporaryDirectory { path in
            let before = try look(path, "{")
            let after = try look(path, "{\"event\"")
            var unfinished = Unfinished()
            let verdicts = [(before, 0), (after, 1_500_000_000), (after, 3_400_000_000), (after, 3_500_000_000)].map {
                unfinished.hasRested(
                    FileName("a"), $0.0, monotonic: $0.1, unix: max($0.0.changedNanoseconds, $0.0.modifiedNanoseconds))
            }
            #expect(verdicts == [false, false, false, true])
        }
    }

    @Test func `a file that nobody has touched for long has rested at first sight`() throws {
        try withTemporaryDirectory { path in
            let look = try look(path, "{")
            var unfinished = Unfinished()
            let verdict = unfinished.hasRested(
                FileName("a"), look, monotonic: 0, unix: look.changedNanoseconds + 2_000_000_000)
            #expect(verdict)
        }
    }

    @Test func `a time in the future does not keep a file for ever`() throws {
        try withTemporaryDirectory { path in
            let look = try look(path, "{")
            let unix = look.changedNanoseconds - 1_000_000_000_000
            var unfinished = Unfinished()
            let verdicts = [0, 2_000_000_000].map { (now: Int64) in
                unfinished.hasRested(FileName("a"), look, monotonic: now, unix: unix)
            }
            #expect(verdicts == [false, true])
        }
    }

    @Test func `a refused file that has not changed need not be read again until it has rested`() throws {
        try withTemporaryDirectory { path in
            let before = try look(path, "{")
            let after = try look(path, "{\"event\"")
            let name = FileName("a")
            let unix = after.changedNanoseconds
            var unfinished = Unfinished()
            #expect(!unfinished.isResting(name, after, monotonic: 0, unix: unix))
            let hasRested = unfinished.hasRested(name, after, monotonic: 0, unix: unix)
            #expect(!hasRested)
            #expect(unfinished.isResting(name, after, monotonic: 1_999_999_999, unix: unix))
            #expect(!unfinished.isResting(name, before, monotonic: 1, unix: unix))
            #expect(!unfinished.isResting(name, after, monotonic: 2_000_000_000, unix: unix))
            #expect(!unfinished.isResting(name, after, monotonic: 1, unix: unix + 2_000_000_000))
        }
    }
}
