import Testing
import WSQueueBroker

struct SlowClientRuleTests {
    private let rule = SlowClientRule(
        limitBytes: 1_000, limitNanoseconds: 10_000, patienceNanoseconds: 250)

    private func account() -> SlowClientAccount { SlowClientAccount(rule: rule, position: 0, end: 5_000, now: 0) }

    @Test func `a client that takes nothing while the queue waits is too slow after one patience in all`() {
        var account = account()
        var verdicts: [Bool] = []
        for step in 1...3 {
            verdicts.append(
                account.isTooSlow(
                    rule: rule, position: 0, end: 5_000, now: Int64(step), waited: 100, clients: 10, behind: 9))
        }
        #expect(verdicts == [false, false, true])
    }

    @Test func `time in which the queue did not wait is not charged`() {
        var account = account()
        for step in 1...100 {
            #expect(
                !account.isTooSlow(
                    rule: rule, position: 0, end: 5_000, now: Int64(step), waited: 0, clients: 10, behind: 1))
        }
    }

    @Test func `whoever takes what the limit allows in one patience is never too slow`() {
        var account = account()
        for step in 1...1_000 {
            let position = UInt64(step) * 400
            #expect(
                !account.isTooSlow(
                    rule: rule, position: position, end: position + 2_000, now: Int64(step), waited: 100, clients: 10,
                    behind: 1))
        }
    }

    @Test func `one of few that trickles is too slow, and one of many is not`() {
        var few = account()
        var many = account()
        var fewVerdict = false
        for step in 1...100 {
            let position = UInt64(step)
            if few.isTooSlow(
                rule: rule, position: position, end: 5_000, now: Int64(step), waited: 100, clients: 10, behind: 2)
            {
                fewVerdict = true
            }
            #expect(
                !many.isTooSlow(
                    rule: rule, position: position, end: 5_000, now: Int64(step), waited: 100, clients: 10, behind: 9))
        }
        #expect(fewVerdict)
    }

    @Test func `a client alone holds up nobody, until what it is owed is too old`() {
        var account = account()
        #expect(
            !account.isTooSlow(rule: rule, position: 0, end: 5_000, now: 9_999, waited: 9_999, clients: 1, behind: 1))
        #expect(
            account.isTooSlow(rule: rule, position: 0, end: 5_000, now: 10_001, waited: 2, clients: 1, behind: 1))
    }

    @Test func `what is owed may be little and is still too old after the time limit`() {
        var account = SlowClientAccount(rule: rule, position: 0, end: 10, now: 0)
        #expect(!account.isTooSlow(rule: rule, position: 0, end: 10, now: 9_000, waited: 0, clients: 9, behind: 1))
        #expect(account.isTooSlow(rule: rule, position: 9, end: 10, now: 10_001, waited: 0, clients: 9, behind: 1))
    }

    @Test func `taking what was owed at the last mark starts the time again`() {
        var account = SlowClientAccount(rule: rule, position: 0, end: 10, now: 0)
        #expect(!account.isTooSlow(rule: rule, position: 10, end: 20, now: 9_000, waited: 0, clients: 9, behind: 1))
        #expect(!account.isTooSlow(rule: rule, position: 10, end: 20, now: 18_000, waited: 0, clients: 9, behind: 1))
        #expect(account.isTooSlow(rule: rule, position: 10, end: 20, now: 19_001, waited: 0, clients: 9, behind: 1))
    }
}
