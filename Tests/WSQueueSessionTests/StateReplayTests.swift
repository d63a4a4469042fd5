import Testing
import WSQueueLog
import WSQueueSession

struct StateReplayTests {
    private func event(_ seq: UInt64, _ channels: [String] = []) -> KeptEvent {
        var record = JournalRecord(
            seq: seq, unixNanoseconds: 1, identity: JournalRecord.Identity(id: Array("\(seq)".utf8), stamp: 0))
        record.parts.channels = channels
        return KeptEvent(record, key: Array("k\(seq)".utf8), message: [])
    }

    /// The numbers of all events before one, one after the other.
    private func numbers(_ state: StateReplay, before seq: UInt64) throws -> [UInt64] {
        let client = try Conversation()
        _ = try client.open("state=1")
        let request = try #require(client.takeRequest())
        let replay = Replay(request, channels: [], bounds: client.bounds, seq: 20, now: 0, state: state)
        var numbers: [UInt64] = []
        var progress = replay.stateProgress
        while let place = progress, let item = replay.nextState(after: place, before: seq) {
            numbers.append(item.event.seq)
            progress = item.passed.counted
        }
        return numbers
    }

    @Test func `all events of the state come, in their order, up to a number`() throws {
        let kept = KeptEvents(
            KeptLimits(), events: [event(3), event(5, ["a"]), event(6, ["b"]), event(9, ["a"])], missing: [],
            isComplete: true, after: 0)
        let all = StateReplay((events: kept, seq: 20), names: nil) { _ in true }
        #expect(try numbers(all, before: 10) == [3, 5, 6, 9])
        #expect(try numbers(all, before: 6) == [3, 5])
        let some = StateReplay((events: kept, seq: 20), names: ["a", ""]) { _ in true }
        #expect(try numbers(some, before: 10) == [3, 5, 9])
        #expect(all.isComplete && some.isComplete)
    }
}
