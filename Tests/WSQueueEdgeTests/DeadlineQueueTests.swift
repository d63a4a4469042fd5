import Testing
import WSQueueEdge

struct DeadlineQueueTests {
    @Test func `what is due comes out, first in first out, and nothing earlier`() {
        var queue = DeadlineQueue()
        for index in 0..<100 { queue.add(UInt64(index), deadline: Int64(index / 2 * 10)) }
        var seen: [UInt64] = []
        while let token = queue.next(now: 245) { seen.append(token) }
        #expect(seen == Array(0..<50))
        let late = queue.next(now: 1_000)
        #expect(late == 50)
    }
}
