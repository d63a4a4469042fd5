import Testing
import WSQueueCore

struct FifoTests {
    @Test func `elements come out in the order in which they went in, however they are mixed`() {
        var random = SystemRandomNumberGenerator()
        var queue = Fifo<Int>()
        var model: [Int] = []
        for number in 0..<10_000 {
            switch Int.random(in: 0..<20, using: &random) {
            case ..<9:
                queue.append(number)
                model.append(number)
            case ..<18: #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            case 18:
                queue.append(contentsOf: [number, -number])
                model += [number, -number]
            default:
                queue.removeAll { $0 % 3 == 0 }
                model.removeAll { $0 % 3 == 0 }
            }
            #expect(Array(queue.elements) == model)
            #expect(queue.count == model.count)
            #expect(queue.isEmpty == model.isEmpty)
            #expect(queue.first == model.first)
            if let last = model.indices.last { #expect(queue[last] == model[last]) }
        }
    }

    @Test func `an empty queue gives nothing, before it had something and after`() {
        var queue = Fifo<Int>()
        #expect(queue.popFirst() == nil)
        queue.append(1)
        queue.removeAll()
        #expect(queue.isEmpty)
        #expect(queue.first == nil)
        #expect(queue.popFirst() == nil)
    }

    @Test func `taking one of many costs no more than taking one of few`() {
        let count = 200_000
        var queue = Fifo<Int>()
        queue.append(contentsOf: 0..<count)
        let time = ContinuousClock().measure {
            while let number = queue.popFirst() { if number == count { queue.append(number) } }
        }
        // An array that gave its first element 200,000 times would move 80 GB.
        #expect(queue.isEmpty)
        #expect(time < .seconds(3))
    }

    @Test func `what was taken is let go before the queue is empty`() {
        final class Witness {}
        var queue = Fifo<Witness>()
        var first: Witness? = Witness()
        weak let seen = first
        if let first { queue.append(first) }
        queue.append(Witness())
        first = nil
        _ = queue.popFirst()
        #expect(seen == nil)
        #expect(queue.count == 1)
    }
}
