import Testing

@testable import WSQueueServer

/// What a person is told of a backlog at the start.
struct BacklogProgressTests {
    private static let second: Int64 = 1_000_000_000

    @Test func `a large one is told once a second while it goes on, and at its end`() {
        var progress = BacklogProgress()
        progress.begin(waiting: 60_000, seq: 10, now: 0)
        #expect(progress.look(waiting: 50_000, isThrough: false, seq: 1_010, now: Self.second - 1) == nil)
        #expect(
            progress.look(waiting: 40_000, isThrough: false, seq: 20_010, now: Self.second)
                == .backlog(sent: 20_000, waiting: 40_000))
        #expect(progress.look(waiting: 39_000, isThrough: false, seq: 21_010, now: Self.second + 1) == nil)
        // Nothing is sent while no client is there.
        #expect(progress.look(waiting: 40_000, isThrough: false, seq: 20_010, now: 2 * Self.second) == nil)
        #expect(
            progress.look(waiting: 10, isThrough: false, seq: 60_000, now: 3 * Self.second)
                == .backlog(sent: 59_990, waiting: 10))
        let end = progress.look(waiting: 0, isThrough: true, seq: 60_010, now: 3 * Self.second + 1)
        #expect(end == .backlogDone(sent: 60_000, seconds: 3))
        #expect(progress.look(waiting: 9_000, isThrough: false, seq: 70_000, now: 9 * Self.second) == nil)
    }

    @Test func `one of which a part is known at a time is not over when this part is`() {
        var progress = BacklogProgress()
        progress.begin(waiting: 32_000, seq: 0, now: 0)
        let between = progress.look(waiting: 0, isThrough: false, seq: 32_000, now: 2 * Self.second)
        #expect(between == nil)
        let next = progress.look(waiting: 30_000, isThrough: false, seq: 34_000, now: 2 * Self.second + 1)
        #expect(next == .backlog(sent: 34_000, waiting: 30_000))
        let end = progress.look(waiting: 0, isThrough: true, seq: 90_000, now: 5 * Self.second)
        #expect(end == .backlogDone(sent: 90_000, seconds: 5))
    }

    @Test func `a small one, and one that is over in a second, are not`() {
        var progress = BacklogProgress()
        progress.begin(waiting: BacklogProgress.leastFiles - 1, seq: 0, now: 0)
        #expect(progress.look(waiting: 1, isThrough: false, seq: 5, now: 5 * Self.second) == nil)
        progress.begin(waiting: BacklogProgress.leastFiles, seq: 0, now: 0)
        #expect(progress.look(waiting: 0, isThrough: true, seq: 5_000, now: Self.second - 1) == nil)
        #expect(progress.look(waiting: 1, isThrough: false, seq: 5_001, now: 2 * Self.second) == nil)
    }
}
