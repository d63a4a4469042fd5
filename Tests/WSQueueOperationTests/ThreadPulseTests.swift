import Testing
import WSQueueOperation

struct ThreadPulseTests {
    private static let second: Int64 = 1_000_000_000

    @Test func `a thread that nobody asks is never stuck`() {
        let pulse = ThreadPulse()
        #expect(!pulse.isStuck(now: .max))
    }

    @Test func `one that does not answer is stuck after five seconds, counted from the first question`() {
        var pulse = ThreadPulse()
        pulse.ask(at: 100 * Self.second)
        pulse.ask(at: 104 * Self.second)
        #expect(!pulse.isStuck(now: 105 * Self.second))
        #expect(pulse.silence(now: 105 * Self.second) == 5 * Self.second)
        #expect(pulse.isStuck(now: 105 * Self.second + 1))
    }

    @Test func `one that answers again is stuck no more`() {
        var pulse = ThreadPulse()
        pulse.ask(at: 0)
        // What it says of a moment before the question is no answer to it.
        pulse.answer(at: -1)
        #expect(pulse.isStuck(now: 6 * Self.second))
        pulse.answer(at: 6 * Self.second)
        #expect(!pulse.isStuck(now: 60 * Self.second))
        pulse.ask(at: 60 * Self.second)
        #expect(!pulse.isStuck(now: 61 * Self.second))
    }
}
