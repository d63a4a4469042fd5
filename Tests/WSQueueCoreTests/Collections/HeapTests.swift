import Testing
import WSQueueCore

struct HeapTests {
    struct Item: HeapElement, Equatable {
        let rank: Int
        func precedes(_ other: Item) -> Bool { rank < other.rank }
    }

    @Test(arguments: [0, 1, 2, 3, 10, 1_000]) func `elements come out in order`(count: Int) {
        var heap = Heap<Item>()
        for _ in 0..<count { heap.insert(Item(rank: .random(in: 0..<max(1, count / 2)))) }
        #expect(heap.count == count)
        let sorted = heap.elements.map(\.rank).sorted()
        var taken: [Int] = []
        while let item = heap.popFirst() {
            taken.append(item.rank)
            #expect(heap.count == count - taken.count)
        }
        #expect(taken == sorted)
        #expect(heap.isEmpty)
    }

    @Test func `the first is at hand at each moment`() {
        var heap = Heap<Item>()
        var model: [Int] = []
        for _ in 0..<2_000 {
            if Bool.random() || model.isEmpty {
                let rank = Int.random(in: 0..<50)
                heap.insert(Item(rank: rank))
                model.append(rank)
            } else {
                let least = heap.popFirst()?.rank
                #expect(least == model.min())
                if let place = model.firstIndex(where: { $0 == least }) { model.remove(at: place) }
            }
            #expect(heap.first?.rank == model.min())
        }
    }
}
