import Testing
import WSQueueBroker

struct SettlementTests {
    @Test func `the oldest item is seen before it is taken`() {
        var settlement = Settlement<Int>()
        #expect(settlement.first == nil)
        settlement.add(1, end: 10)
        settlement.add(2, end: 20)
        #expect(settlement.first == 1)
        _ = settlement.next(passed: 10)
        #expect(settlement.first == 2)
        _ = settlement.next(passed: 20)
        #expect(settlement.first == nil)
    }

    @Test func `items come out in order and only when everyone has passed their end`() {
        var settlement = Settlement<Int>()
        for index in 1...1_000 { settlement.add(index, end: UInt64(index * 10)) }
        let early = settlement.next(passed: 9)
        #expect(early == nil)
        #expect(!settlement.hasSettled(passed: 9))
        var seen: [Int] = []
        for passed in stride(from: 10 as UInt64, through: 10_000, by: 35) {
            while let item = settlement.next(passed: passed) { seen.append(item) }
            #expect(seen.count == Int(passed) / 10)
        }
        #expect(seen == Array(1..<seen.count + 1))
        #expect(settlement.count == 1_000 - seen.count)
    }

    @Test func `many have settled when the last of so many has`() {
        var settlement = Settlement<Int>()
        for index in 1...3 { settlement.add(index, end: UInt64(index * 10)) }
        #expect(settlement.hasSettled(2, passed: 20))
        #expect(!settlement.hasSettled(2, passed: 19))
        #expect(!settlement.hasSettled(4, passed: 100))
        _ = settlement.next(passed: 20)
        #expect(!settlement.hasSettled(2, passed: 29))
        #expect(settlement.hasSettled(2, passed: 30))
    }

    @Test func `several items may share an end`() {
        var settlement = Settlement<String>()
        settlement.add("a", end: 5)
        settlement.add("b", end: 5)
        let (first, second) = (settlement.next(passed: 5), settlement.next(passed: 5))
        #expect(first == "a")
        #expect(second == "b")
        #expect(settlement.isEmpty)
    }
}
