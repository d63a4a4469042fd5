import Testing
import WSQueueBroker

struct SlowClientRuleTests {
    private static let rule = SlowClientRule(limitBytes: 1_000, limitNanoseconds: 10_000, patienceNanoseconds: 250)

    /// One client that is looked at again and again.
    private struct Watched {
        var account: SlowClientAccount

        init(end: UInt64) { account = SlowClientAccount(rule: rule, position: 0, end: end, now: 0) }

        mutating func isTooSlow(
            at position: UInt64, of end: UInt64, now: Int64, waited: Int64, clients: Int = 10, behind: Int = 1
        ) -> Bool {
            judge(at: position, of: end, now: now, waited: waited, clients: clients, behind: behind) == .tooSlow
        }

        mutating func judge(
            at position: UInt64, of end: UInt64, now: Int64, waited: Int64, clients: Int = 10, behind: Int = 1
        ) -> SlowClientAccount.Verdict {
            account.judge(
                rule: rule, position: position, end: end, now: now, waited: waited, clients: clients, behind: behind)
        }
    }

    @Test func `a client that takes nothing while the queue waits is too slow after one patience in all`() {
        var client = Watched(end: 5_000)
        let verdicts = (1...3).map { client.isTooSlow(at: 0, of: 5_000, now: $0, waited: 100, behind: 9) }
        #expect(verdicts == [false, false, true])
    }

    @Test func `time in which the queue did not wait is not charged`() {
        var client = Watched(end: 5_000)
        let verdicts = (1...100).map { client.isTooSlow(at: 0, of: 5_000, now: $0, waited: 0) }
        #expect(!verdicts.contains(true))
    }

    @Test func `whoever takes what the limit allows in one patience is never too slow`() {
        var client = Watched(end: 5_000)
        let verdicts = (1...1_000).map { step in
            client.isTooSlow(
                at: UInt64(step) * 400, of: UInt64(step) * 400 + 2_000, now: Int64(step), waited: 100)
        }
        #expect(!verdicts.contains(true))
    }

    @Test func `one of few that trickles is too slow, and one of many is not`() {
        var few = Watched(end: 5_000)
        var many = Watched(end: 5_000)
        let steps = 1...100 as ClosedRange<Int64>
        let fewVerdicts = steps.map { few.isTooSlow(at: UInt64($0), of: 5_000, now: $0, waited: 100, behind: 2) }
        let manyVerdicts = steps.map { many.isTooSlow(at: UInt64($0), of: 5_000, now: $0, waited: 100, behind: 9) }
        #expect(fewVerdicts.contains(true))
        #expect(!manyVerdicts.contains(true))
    }

    @Test func `a client alone holds up nobody, until what it is owed is too old`() {
        var client = Watched(end: 5_000)
        let young = client.isTooSlow(at: 0, of: 5_000, now: 9_999, waited: 9_999, clients: 1)
        let old = client.isTooSlow(at: 0, of: 5_000, now: 10_001, waited: 2, clients: 1)
        #expect(!young)
        #expect(old)
    }

    @Test func `what the queue waits for one counts for all that take nothing meanwhile`() {
        var client = Watched(end: 500)
        let near = client.isTooSlow(at: 0, of: 500, now: 1, waited: 250)
        let far = client.isTooSlow(at: 0, of: 1_000, now: 2, waited: 0)
        #expect(!near)
        #expect(far)
    }

    @Test func `whoever took something while the queue waited for another has all its patience`() {
        var client = Watched(end: 500)
        let verdicts = [
            client.isTooSlow(at: 0, of: 500, now: 1, waited: 249),
            client.isTooSlow(at: 1, of: 1_001, now: 2, waited: 1),
            client.isTooSlow(at: 1, of: 1_001, now: 3, waited: 248),
        ]
        #expect(!verdicts.contains(true))
    }

    @Test func `the queue need not wait for one that takes nothing, until it takes something again`() {
        var client = Watched(end: 5_000)
        let verdicts = [
            client.judge(at: 0, of: 5_000, now: 1, waited: 24), client.judge(at: 0, of: 5_000, now: 2, waited: 1),
            client.judge(at: 1, of: 5_000, now: 3, waited: 0),
        ]
        #expect(verdicts == [.pacing, .stalled, .pacing])
    }

    @Test func `where the log ends, the queue waits once more for one that takes nothing, and not as long`() {
        var rule = Self.rule
        rule.roomBytes = 4_000
        var account = SlowClientAccount(rule: rule, position: 0, end: 1_000, now: 0)
        let steps: [(end: UInt64, waited: Int64)] = [(1_000, 25), (3_999, 100), (4_000, 24), (4_000, 1)]
        let verdicts = steps.enumerated().map { (time, step) in
            account.judge(
                rule: rule, position: 0, end: step.end, now: Int64(time), waited: step.waited, clients: 10, behind: 1)
        }
        #expect(verdicts == [.stalled, .stalled, .stalled, .tooSlow])
    }

    @Test func `whoever takes something where the log ends is waited for as before`() {
        var rule = Self.rule
        rule.roomBytes = 4_000
        var account = SlowClientAccount(rule: rule, position: 0, end: 4_000, now: 0)
        let steps: [(position: UInt64, waited: Int64)] = [(0, 25), (0, 24), (1, 24), (1, 25), (1, 24), (1, 1)]
        let verdicts = steps.map { step in
            account.judge(
                rule: rule, position: step.position, end: 4_002, now: 1, waited: step.waited, clients: 10, behind: 9)
        }
        #expect(verdicts == [.stalled, .stalled, .pacing, .stalled, .stalled, .tooSlow])
    }

    @Test func `a client alone is always waited for`() {
        var client = Watched(end: 5_000)
        let verdict = client.judge(at: 0, of: 5_000, now: 1, waited: 1_000, clients: 1)
        #expect(verdict == .pacing)
    }

    @Test func `what is owed may be little and is still too old after the time limit`() {
        var client = Watched(end: 10)
        let young = client.isTooSlow(at: 0, of: 10, now: 9_000, waited: 0)
        let old = client.isTooSlow(at: 9, of: 10, now: 10_001, waited: 0)
        #expect(!young)
        #expect(old)
    }

    @Test(arguments: [0, 99, 100] as [UInt64]) func `what a client is owed of its own may become as old`(
        taken: UInt64
    ) {
        var account = SlowClientAccount(
            rule: Self.rule, position: 10, end: 10, own: .init(taken: 7, left: 100), now: 0)
        let verdicts = [9_000, 10_001].map { now in
            account.judge(
                rule: Self.rule, position: 10, end: 10, own: .init(taken: 7 + taken, left: 100 - Int(taken)), now: now,
                waited: 0, clients: 2, behind: 1)
        }
        #expect(verdicts == (taken < 100 ? [.pacing, .tooSlow] : [.pacing, .pacing]))
    }

    @Test func `the queue need not wait less for one that takes what it is owed of its own`() {
        var account = SlowClientAccount(rule: Self.rule, position: 0, end: 5_000, own: .init(left: 100), now: 0)
        let verdicts = [1, 2].map { step in
            account.judge(
                rule: Self.rule, position: 0, end: 5_000, own: .init(taken: step, left: 100), now: Int64(step),
                waited: 24, clients: 9, behind: 8)
        }
        #expect(verdicts == [.pacing, .pacing])
    }

    @Test func `taking what was owed at the last mark starts the time again`() {
        var client = Watched(end: 10)
        let verdicts = [9_000, 18_000, 19_001].map { client.isTooSlow(at: 10, of: 20, now: $0, waited: 0) }
        #expect(verdicts == [false, false, true])
    }
}
