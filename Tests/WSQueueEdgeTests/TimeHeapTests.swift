import Testing
import WSQueueEdge

struct TimeHeapTests {
    @Test func `what is due first comes first, and nothing before its time`() {
        var heap = TimeHeap()
        let times = (0..<500).map { Int64($0 * 7_919 % 501) }
        for (token, time) in times.enumerated() { heap.add(UInt64(token), at: time) }
        var taken: [Int64] = []
        for now in 0...500 as ClosedRange<Int64> {
            while let token = heap.next(now: now) {
                taken.append(times[Int(token)])
                #expect(times[Int(token)] <= now)
            }
            #expect(heap.count == times.count { $0 > now })
        }
        #expect(taken == times.sorted())
    }
}
