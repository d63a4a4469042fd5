import Testing
import WSQueueSession

struct MessagesUnderWayTests {
    @Test func `each sender is told the sum of its own message, once all loops have handed it out`() {
        var messages = MessagesUnderWay()
        let one = messages.add(from: 7, count: 1, loops: 2)
        let two = messages.add(from: 8, count: 5, loops: 1)
        #expect(messages.passed(one, count: 10) == nil)
        let last = messages.passed(two, count: 0)
        #expect(last?.sender == 8 && last?.count == 5)
        let first = messages.passed(one, count: 100)
        #expect(first?.sender == 7 && first?.count == 111)
        #expect(messages.passed(one, count: 1) == nil, "it is not under way any more")
    }
}
