import Foundation
import Support
import Testing
import WSQueueSpool
import WSQueueSystem

struct UnfinishedTests {
    private static let name = FileName("a")
    private static let second: Int64 = 1_000_000_000

    private func look(_ path: String, _ text: String) throws -> Unfinished.Look {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/a"))
        return Unfinished.Look(try Directory.open(path).status(of: Self.name))
    }

    /// Begins before the file was there.
    private func begin(_ look: Unfinished.Look) -> Unfinished {
        Unfinished(startedAt: min(look.changedNanoseconds, look.modifiedNanoseconds), startedNow: 0)
    }

    @Test func `a file that nobody has noted is not due`() {
        #expect(!Unfinished(startedAt: 0, startedNow: 0).isDue(Self.name, .closed, now: 100 * Self.second))
    }

    @Test(
        arguments: [
            (true, false, false, .open), (true, true, true, .open), (false, true, false, .closed),
            (false, false, false, .closed), (nil, true, false, .open), (nil, true, true, .open),
            (nil, false, true, .closed), (nil, false, false, .unknown),
        ] as [(Bool?, Bool, Bool, FileWriter)])
    func `a lease tells before notices do, and notices before nothing does`(
        lease: Bool?, isSeenOpen: Bool, isNoticed: Bool, writer: FileWriter
    ) {
        #expect(FileWriter(lease: lease, isSeenOpen: isSeenOpen, isNoticed: isNoticed) == writer)
    }

    @Test(
        arguments: [
            (.open, 0, false), (.open, 7_200, false), (.closed, 1, false), (.closed, 2, true), (.unknown, 1, false),
            (.unknown, 2, true),
        ] as [(FileWriter, Int64, Bool)])
    func `a file waits as long as somebody has it open, else it must rest`(
        writer: FileWriter, seconds: Int64, isDue: Bool
    ) throws {
        try withTemporaryDirectory { path in
            let look = try look(path, "{")
            var unfinished = begin(look)
            unfinished.note(Self.name, look, writer, isRefused: true, now: 0)
            unfinished.note(Self.name, look, writer, isRefused: true, now: seconds * Self.second)
            #expect(unfinished.isDue(Self.name, writer, now: seconds * Self.second) == isDue)
            #expect(unfinished.isResting(Self.name, look, writer, now: seconds * Self.second) == !isDue)
            #expect(unfinished.names == [Self.name])
            unfinished.forget(Self.name)
            #expect(unfinished.isEmpty)
        }
    }

    @Test func `a batch of which nothing is known must rest for longer`() throws {
        try withTemporaryDirectory { path in
            let look = try look(path, "{")
            var unfinished = begin(look)
            unfinished.note(Self.name, look, .unknown, isRefused: false, now: 0)
            let rest = Unfinished.batchRestNanoseconds
            #expect(!unfinished.isDue(Self.name, .unknown, rest: rest, now: rest - 1))
            #expect(unfinished.isDue(Self.name, .unknown, rest: rest, now: rest))
            // It was not read: once it is closed nothing keeps it.
            #expect(!unfinished.isResting(Self.name, look, .closed, now: 1))
        }
    }

    @Test func `a change starts its time again`() throws {
        try withTemporaryDirectory { path in
            let before = try look(path, "{")
            let after = try look(path, "{\"event\"")
            var unfinished = begin(before)
            unfinished.note(Self.name, before, .unknown, isRefused: true, now: 0)
            unfinished.note(Self.name, after, .unknown, isRefused: true, now: 1_500_000_000)
            #expect(!unfinished.isDue(Self.name, .unknown, now: 3_400_000_000))
            #expect(unfinished.isDue(Self.name, .unknown, now: 3_500_000_000))
            #expect(!unfinished.isResting(Self.name, before, .unknown, now: 1_600_000_000))
        }
    }

    @Test func `what had rested when the server came need not rest again, whatever the clock says now`() throws {
        try withTemporaryDirectory { path in
            let look = try look(path, "{")
            // A coarse clock may be two seconds behind.
            let rest = 4 * Self.second
            for (after, isDue) in [(rest, true), (rest - 1, false), (-1_000 * rest, false)] {
                var unfinished = Unfinished(
                    startedAt: max(look.changedNanoseconds, look.modifiedNanoseconds) + after, startedNow: 0)
                unfinished.note(Self.name, look, .unknown, isRefused: true, now: 0)
                #expect(unfinished.isDue(Self.name, .unknown, now: 0) == isDue)
            }
        }
    }

    @Test func `a wall clock that was set when the server ran already says nothing about rest`() throws {
        try withTemporaryDirectory { path in
            let (before, after) = (try look(path, "{"), try look(path, "{\"event\""))
            let startedAt = max(after.changedNanoseconds, after.modifiedNanoseconds) + 1_000 * Self.second
            var unfinished = Unfinished(startedAt: startedAt, startedNow: 0)
            unfinished.note(Self.name, before, .unknown, isRefused: true, now: Self.second)
            #expect(!unfinished.isDue(Self.name, .unknown, now: 2 * Self.second))
            #expect(unfinished.isDue(Self.name, .unknown, now: 3 * Self.second))
            // What was there at the start and has changed since is not at rest.
            var other = Unfinished(startedAt: startedAt, startedNow: 0)
            other.note(Self.name, before, .unknown, isRefused: true, now: 0)
            #expect(other.isDue(Self.name, .unknown, now: 0))
            other.note(Self.name, after, .unknown, isRefused: true, now: 1)
            #expect(!other.isDue(Self.name, .unknown, now: 1))
        }
    }

    @Test func `that a file waits for its writer is told once, after a minute`() throws {
        try withTemporaryDirectory { path in
            let look = try look(path, "{")
            var unfinished = begin(look)
            unfinished.note(Self.name, look, .open, isRefused: true, now: 0)
            var told = [unfinished.takeLate(now: 59 * Self.second)]
            told.append(unfinished.takeLate(now: 60 * Self.second))
            told.append(unfinished.takeLate(now: 600 * Self.second))
            #expect(told == [[], [Self.name], []])
        }
    }
}
