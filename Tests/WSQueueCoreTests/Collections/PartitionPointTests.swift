import Testing
import WSQueueCore

struct PartitionPointTests {
    @Test(arguments: 0..<9) func `every point is found, in arrays and slices`(point: Int) {
        let numbers = Array(0..<8)
        #expect(numbers.partitionPoint { $0 >= point } == point)
        for start in 0..<8 {
            #expect(numbers[start...].partitionPoint { $0 >= point } == max(start, point))
        }
    }

    @Test func `of equal elements the first is found, and nothing is at the start`() {
        #expect([1, 2, 2, 2, 3].partitionPoint { $0 >= 2 } == 1)
        #expect([Int]().partitionPoint { _ in true } == 0)
    }

    @Test func `few are looked at`() {
        var count = 0
        let place = (0..<1_000_000).partitionPoint {
            count += 1
            return $0 >= 765_432
        }
        #expect(place == 765_432)
        #expect(count <= 20)
    }
}
