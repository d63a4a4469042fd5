import Testing
import WSQueueLog
import WSQueueSequencer

private let second: Int64 = 1_000_000_000

/// A case of a decision: the facts, and what becomes of the event.
private struct Case: CustomTestStringConvertible {
    let isKnown: Bool
    var expiresAt: Int64?
    let own: Sequencer.Decision
    let submitted: Sequencer.Decision
    let arrived: Sequencer.Decision

    var testDescription: String { "known \(isKnown), expires at \(expiresAt.map(String.init) ?? "never")" }
}

struct SequencerTests {
    private static let now: Int64 = 100 * second

    private static let cases = [
        Case(isKnown: false, own: .send(seq: 42), submitted: .submit, arrived: .send(seq: 50)),
        Case(isKnown: true, own: .drop(.known), submitted: .drop(.known), arrived: .leaveOut(seq: 50, .known)),
        Case(
            isKnown: false, expiresAt: 99_999_999, own: .drop(.expired), submitted: .drop(.expired),
            arrived: .leaveOut(seq: 50, .expired)),
        Case(
            isKnown: false, expiresAt: 100_000_000, own: .send(seq: 42), submitted: .submit,
            arrived: .send(seq: 50)),
        Case(
            isKnown: true, expiresAt: 0, own: .drop(.known), submitted: .drop(.known),
            arrived: .leaveOut(seq: 50, .known)),
    ]

    private func shared() -> Sequencer {
        Sequencer(
            epoch: "e", after: 41,
            sharing: SharedOrder(stream: "s", state: "{s}:state", limits: KeptLimits(), aheadEvents: 50))
    }

    @Test(arguments: cases) private func `what is known or too late is not sent, in any order`(_ one: Case) {
        let facts = Sequencer.Facts(isKnown: one.isKnown, expiresAtMicroseconds: one.expiresAt)
        var own = Sequencer(epoch: "e", after: 41)
        #expect(own.decide(facts, unix: Self.now) == one.own)
        var sharing = shared()
        #expect(sharing.decide(facts, unix: Self.now) == one.submitted)
        var arriving = shared()
        #expect(arriving.decide(facts, at: 50, unix: Self.now) == one.arrived)
        // A number that the stream has given is passed whatever becomes of the event.
        #expect(arriving.seq == 50)
    }

    @Test func `only what is sent takes a number of an order of its own`() {
        var sequencer = Sequencer(epoch: "e", after: 0)
        let new = Sequencer.Facts(isKnown: false)
        #expect(sequencer.decide(.init(isKnown: true), unix: 0) == .drop(.known))
        #expect(sequencer.decide(new, unix: 0) == .send(seq: 1))
        #expect(sequencer.decide(.init(isKnown: false, expiresAtMicroseconds: -1), unix: 0) == .drop(.expired))
        #expect(sequencer.decide(new, unix: 0) == .send(seq: 2))
        #expect(sequencer.seq == 2)
    }

    @Test func `both orders count what is known and what is too late`() {
        var own = Sequencer(epoch: "e", after: 0)
        var sharing = shared()
        for facts in [Sequencer.Facts(isKnown: true), .init(isKnown: false, expiresAtMicroseconds: 0)] {
            _ = own.decide(facts, unix: second)
            _ = sharing.decide(facts, unix: second)
            _ = sharing.decide(facts, at: sharing.seq + 1, unix: second)
        }
        own.countKnown(5)
        #expect(own.counts.known == 6 && own.counts.expired == 1)
        #expect(sharing.counts.known == 2 && sharing.counts.expired == 2)
    }

    @Test func `a run is numbered at once`() {
        var sequencer = Sequencer(epoch: "e", after: 7)
        #expect(sequencer.place(3) == 8..<11)
        #expect(sequencer.place(0).isEmpty)
        #expect(sequencer.seq == 10)
        var sharing = shared()
        #expect(sharing.place(3).isEmpty)
        #expect(sharing.seq == 41)
    }

    @Test func `a number that was passed is nothing to do`() {
        var sequencer = shared()
        #expect(sequencer.decide(.init(isKnown: false), at: 41, unix: 0) == .passed)
        #expect(sequencer.decide(.init(isKnown: false), at: 3, unix: 0) == .passed)
        #expect(sequencer.seq == 41)
    }

    @Test func `what is no event has a number all the same`() {
        var sequencer = shared()
        #expect(sequencer.leaveOut(at: 42) == .leaveOut(seq: 42, .foreign))
        #expect(sequencer.leaveOut(at: 42) == .passed)
        #expect(sequencer.seq == 42)
        #expect(sequencer.counts.known == 0 && sequencer.counts.expired == 0)
    }

    @Test func `a restart has another name and number`() {
        var sequencer = shared()
        sequencer.restart(epoch: "f", after: 9)
        #expect(sequencer.epoch == "f" && sequencer.seq == 9)
    }

    @Test func `an order of its own has no stream`() {
        let sequencer = Sequencer(epoch: "e", after: 0)
        #expect(sequencer.placesQueue)
        #expect(!sequencer.maySubmit)
        #expect(!sequencer.hasArrivals && !sequencer.hasWork && !sequencer.isCatchingUp)
        #expect(sequencer.nextArrival(now: 0).map { _ in true } == nil)
        #expect(sequencer.takeOrders().isEmpty)
        #expect(!sequencer.hear(.down))
        #expect(!sequencer.finishCatchingUp())
        #expect(sequencer.isFinished(isStreamUp: false))
        #expect(sequencer.released(synced: 5) == 5)
        #expect(sequencer.releaseMark(position: 6) == 6)
    }

    @Test func `what says that it has waited for more than a year counts from its file`() {
        let (unix, year) = (1_800_000_000_000_000_000 as Int64, 366 * 86_400 * 1_000_000 as Int64)
        func wait(_ microseconds: Int64) -> Int64 {
            SpooledEvent.wait(since: unix / 1_000 - microseconds, unix, unix - 5_000, until: unix) / 1_000
        }
        #expect(wait(7) == 7 && wait(year + 5) == year + 5 && wait(year + 6) == 5)
    }
}
