internal import Synchronization
package import WSQueueSystem

/// A thread that takes orders from any other thread, and gives news to the one whose wakeup it knows: neither waits for
/// the other.
package final class Worker<Order: Sendable, News: Sendable>: Sendable {
    private let name: String
    private let wakeup: Wakeup
    private let orders: Mailbox<Order>
    /// `nil` where there is no news.
    private let news: Mailbox<News>?
    private let isStarted = Atomic<Bool>(false)

    /// Makes a worker whose thread has not started; orders wait for it.
    ///
    /// - Parameters:
    ///   - name: The thread's, up to 15 bytes.
    ///   - owner: Is signalled when there is news.
    package convenience init(name: String, newsFor owner: Wakeup) throws(SystemCallError) {
        try self.init(name: name, news: Mailbox(wakeup: owner))
    }

    private init(name: String, news: Mailbox<News>?) throws(SystemCallError) {
        self.name = name
        self.news = news
        wakeup = try Wakeup()
        orders = Mailbox(wakeup: wakeup)
    }

    /// Gives the thread an order, and wakes it.
    package func post(_ order: Order) { orders.post(order) }

    /// Wakes the thread without an order: something that it looks at has changed.
    package func wake() { wakeup.signal() }

    /// For those who signal it without knowing the worker.
    package var ownWakeup: Wakeup { wakeup }

    /// Takes all news, oldest first.
    package func takeNews() -> [News] { news?.take() ?? [] }

    /// Whether there is news to take.
    package var hasNews: Bool { !(news?.isEmpty ?? true) }

    /// Starts the thread, unless it was started before. It ends when `body` returns.
    ///
    /// - Throws: ``SystemCallError`` when there is no thread or poller for it.
    package func start(_ body: @escaping @Sendable (consuming Workplace) -> Void) throws(SystemCallError) {
        guard !isStarted.exchange(true, ordering: .relaxed) else { return }
        let poller = try Poller()
        try poller.add(wakeup.number, .readable, token: Workplace.wakeupToken)
        // Handed over in a box: a closure cannot take a value that cannot be copied.
        let box = Guarded<Poller?>(poller)
        _ = try LoopThread(name: name) { [self] in
            guard let poller = box.withLock({ $0.take() }) else { return }
            body(Workplace(worker: self, poller: poller))
        }
    }

    /// Starts a thread that does nothing but carry out one order after the other.
    ///
    /// - Parameter perform: Its result, if there is one, is news.
    package func start(carryingOut perform: @escaping @Sendable (Order) -> News?) throws(SystemCallError) {
        try start { (place: consuming Workplace) in
            var place = place
            while true {
                for order in place.takeOrders() {
                    if let news = perform(order) { place.tell(news) }
                }
                _ = place.sleep()
            }
        }
    }

    /// What the thread of a worker has: its poller, the orders, and where news goes.
    package struct Workplace: ~Copyable {
        /// The token that no other descriptor may have.
        fileprivate static var wakeupToken: UInt64 { .max }

        /// For the thread's descriptors; only ``sleep(milliseconds:)`` waits with it.
        package private(set) var poller: Poller
        private let worker: Worker

        fileprivate init(worker: Worker, poller: consuming Poller) {
            self.worker = worker
            self.poller = poller
        }

        /// Takes all orders, oldest first.
        package func takeOrders() -> [Order] { worker.orders.take() }

        /// Gives the owner news, and wakes it.
        package func tell(_ news: News) { worker.news?.post(news) }

        /// Announces that the thread is about to sleep: from now on ``Worker/wake()`` ends the sleep that follows. To be
        /// called before it looks for work that is no order; orders need no announcement.
        package func announceSleep() { worker.wakeup.willSleep() }

        /// Sleeps until there is an order, the worker is woken, a descriptor is ready or the time is over; -1 is for ever.
        ///
        /// - Returns: For how many indices ``ready(_:)`` may be asked.
        package mutating func sleep(milliseconds: Int32 = -1) -> Int {
            worker.wakeup.willSleep()
            let count = (try? poller.wait(milliseconds: worker.orders.isEmpty ? milliseconds : 0)) ?? 0
            worker.wakeup.didWake()
            for index in 0..<count where poller.ready(index).token == Self.wakeupToken { worker.wakeup.clear() }
            return count
        }

        /// Waits for a time and takes nothing; orders do not end it, because no one wakes a thread that has not announced
        /// its sleep. A wake-up that came when it had slept already would end it at once.
        package mutating func pause(milliseconds: Int32) {
            worker.wakeup.clear()
            _ = try? poller.wait(milliseconds: milliseconds)
        }

        /// The ready descriptor with this index; `nil` where it was the wakeup.
        package func ready(_ index: Int) -> Readiness? {
            let ready = poller.ready(index)
            return ready.token == Self.wakeupToken ? nil : ready
        }
    }
}

extension Worker where News == Never {
    /// Makes a worker that has no news, or gives its results to others itself.
    package convenience init(name: String) throws(SystemCallError) { try self.init(name: name, news: nil) }
}
