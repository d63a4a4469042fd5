import Testing
import WSQueueHub

struct DeliveryFiguresTests {
    private static let second: Int64 = 1_000_000_000

    @Test func `the waits since the question before are told, the shortest first`() {
        var figures = DeliveryFigures()
        for wait: Int64 in [3, 1, 2] { figures.count(waitNanoseconds: wait) }
        let first = figures.lastWaits(now: 0)
        figures.count(waitNanoseconds: 4)
        let second = figures.lastWaits(now: Self.second)
        let third = figures.lastWaits(now: 2 * Self.second)
        #expect(first == [1, 2, 3])
        #expect(second == [4])
        #expect(third.isEmpty)
        #expect(figures.sent == 4)
    }

    @Test func `who asks a moment later is told the same`() {
        var figures = DeliveryFigures()
        figures.count(waitNanoseconds: 1)
        let first = figures.lastWaits(now: 0)
        figures.count(waitNanoseconds: 2)
        let other = figures.lastWaits(now: Self.second / 10)
        let next = figures.lastWaits(now: Self.second)
        #expect(first == [1] && other == [1])
        #expect(next == [2])
    }

    @Test func `of very many waits the last ones are told`() {
        var figures = DeliveryFigures()
        for wait: Int64 in 0..<5_000 { figures.count(waitNanoseconds: wait) }
        let waits = figures.lastWaits(now: 0)
        #expect(waits == Array(3_976..<5_000))
    }
}
