import Synchronization
import Testing
import WSQueueNet
import WSQueueSystem

struct WorkerTests {
    private final class Counter: Sendable {
        private let count = Atomic<Int>(0)
        var value: Int { count.load(ordering: .sequentiallyConsistent) }
        func increase() { count.add(1, ordering: .sequentiallyConsistent) }
    }

    /// Waits for news as a loop does; a test that waits in vain fails after half a minute.
    private struct Owner: ~Copyable {
        let wakeup: Wakeup
        var poller: Poller

        init() throws {
            let wakeup = try Wakeup()
            let poller = try Poller()
            try poller.add(wakeup.number, .readable, token: 0)
            self.wakeup = wakeup
            self.poller = poller
        }

        mutating func wait<Order, News>(for count: Int, from worker: Worker<Order, News>) throws -> [News] {
            var news: [News] = []
            while news.count < count {
                wakeup.willSleep()
                let ready = try worker.hasNews ? 1 : poller.wait(milliseconds: 30_000)
                wakeup.didWake()
                wakeup.clear()
                guard ready > 0 else { break }
                news += worker.takeNews()
            }
            return news
        }
    }

    @Test func `orders of many threads are carried out, those of each in their order`() throws {
        var owner = try Owner()
        let worker = try Worker<(poster: Int, number: Int), (poster: Int, number: Int)>(
            name: "worker", newsFor: owner.wakeup)
        worker.post((0, 0))
        try worker.start(carryingOut: { $0 })
        var posters: [Int: Int] = [0: 0]
        for poster in 1...4 {
            posters[poster] = -1
            _ = try LoopThread(name: "poster") { for number in 0..<2_000 { worker.post((poster, number)) } }
        }
        for (poster, number) in try owner.wait(for: 8_001, from: worker) where poster != 0 {
            #expect(posters[poster] == number - 1)
            posters[poster] = number
        }
        #expect(posters == [0: 0, 1: 1_999, 2: 1_999, 3: 1_999, 4: 1_999])
    }

    @Test func `a pause lasts, though the thread was woken when it had slept already`() throws {
        var owner = try Owner()
        let worker = try Worker<Int, Int64>(name: "worker", newsFor: owner.wakeup)
        let own = worker.ownWakeup
        try worker.start { (place: consuming Worker<Int, Int64>.Workplace) in
            var place = place
            place.announceSleep()
            own.signal()
            let start = Clock.monotonicNanoseconds()
            place.pause(milliseconds: 20)
            place.tell(Clock.monotonicNanoseconds() - start)
        }
        #expect(try #require(owner.wait(for: 1, from: worker).first) >= 19_000_000)
    }

    @Test func `an order without a result is no news`() throws {
        var owner = try Owner()
        let worker = try Worker<Int, String>(name: "worker", newsFor: owner.wakeup)
        try worker.start(carryingOut: { $0 % 2 == 0 ? nil : "\($0)" })
        for number in 0..<6 { worker.post(number) }
        #expect(try owner.wait(for: 3, from: worker) == ["1", "3", "5"])
    }

    @Test func `a thread that was started is not started again`() throws {
        var owner = try Owner()
        let worker = try Worker<Int, Int>(name: "worker", newsFor: owner.wakeup)
        try worker.start(carryingOut: { $0 + 1 })
        try worker.start(carryingOut: { $0 - 1 })
        worker.post(1)
        #expect(try owner.wait(for: 1, from: worker) == [2])
    }

    @Test func `a thread waits for descriptors of its own and for time besides, and ends by itself`() throws {
        var owner = try Owner()
        let other = try Wakeup()
        let naps = Counter()
        let worker = try Worker<Int, String>(name: "worker", newsFor: owner.wakeup)
        try worker.start { (place: consuming Worker<Int, String>.Workplace) in
            var place = place
            try? place.poller.add(other.number, .readable, token: 7)
            while true {
                let count = place.sleep(milliseconds: 20)
                if count == 0 { naps.increase() }
                for index in 0..<count {
                    guard let ready = place.ready(index) else { continue }
                    place.tell("descriptor \(ready.token)")
                    other.clear()
                }
                for order in place.takeOrders() {
                    place.tell("order \(order)")
                    if order == 0 { return }
                }
            }
        }
        other.willSleep()
        other.signal()
        #expect(try owner.wait(for: 1, from: worker) == ["descriptor 7"])
        let before = naps.value
        while naps.value == before { Clock.pause() }
        worker.post(1)
        #expect(try owner.wait(for: 1, from: worker) == ["order 1"])
        worker.post(0)
        #expect(try owner.wait(for: 1, from: worker) == ["order 0"])
    }

    @Test func `a thread that sleeps for ever is woken without an order`() throws {
        let turns = Counter()
        let worker = try Worker<Int, Never>(name: "worker")
        try worker.start { (place: consuming Worker<Int, Never>.Workplace) in
            var place = place
            while true {
                _ = place.sleep()
                turns.increase()
            }
        }
        for round in 1...50 {
            while turns.value < round {
                worker.wake()
                Clock.pause()
            }
        }
    }

    @Test func `what wakes a thread that has announced its sleep ends the sleep before it has begun`() throws {
        var owner = try Owner()
        let worker = try Worker<Int, Int64>(name: "worker", newsFor: owner.wakeup)
        try worker.start { (place: consuming Worker<Int, Int64>.Workplace) in
            var place = place
            let start = Clock.monotonicNanoseconds()
            place.announceSleep()
            worker.wake()
            _ = place.sleep(milliseconds: 20_000)
            place.tell((Clock.monotonicNanoseconds() - start) / 1_000_000)
        }
        let milliseconds = try #require(try owner.wait(for: 1, from: worker).first)
        #expect(milliseconds < 10_000)
    }

    @Test func `a pause is not ended by orders`() throws {
        var owner = try Owner()
        let worker = try Worker<Int, Int64>(name: "worker", newsFor: owner.wakeup)
        try worker.start { (place: consuming Worker<Int, Int64>.Workplace) in
            var place = place
            let start = Clock.monotonicNanoseconds()
            place.tell(0)
            place.pause(milliseconds: 100)
            place.tell((Clock.monotonicNanoseconds() - start) / 1_000_000)
            _ = place.sleep()
        }
        #expect(try owner.wait(for: 1, from: worker) == [0])
        worker.post(1)
        let milliseconds = try #require(try owner.wait(for: 1, from: worker).first)
        #expect(milliseconds >= 99)
    }
}
