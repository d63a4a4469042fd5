internal import Synchronization
package import WSQueueBroker
package import WSQueueNet
package import WSQueueOperation
package import WSQueueSystem
package import WSQueueWire

/// How others reach one loop.
package final class LoopHandle: Sendable {
    /// What a loop is told.
    package enum Command: Sendable {
        /// Serve a client that another loop has accepted; the number is an open socket without another owner.
        case adopt(number: Int32, Address)
        /// Hand a client's message to your clients, and say how many there were.
        ///
        /// The loop whose client it is of; `nil` is another node's.
        case pass(ClientMessage, from: Int?, ticket: UInt64)
        /// How many clients of another loop, or of all other nodes, have been handed a message of yours.
        case passed(ticket: UInt64, count: Int)
        /// Do what the application wants with your clients, and say what came of it.
        ///
        /// The loop that was told it; `nil` is another node's.
        case order(ApplicationOrder, from: Int?, ticket: UInt64)
        /// What came of an order of yours elsewhere.
        case ordered(ticket: UInt64, Tally)
        /// Say goodbye to all clients, and end when they have gone or at the deadline (monotonic nanoseconds).
        case drain(deadline: Int64)
        /// The events go on after another number, perhaps in another numbering: say goodbye to all clients.
        case renumber(epoch: String)
        /// Answer the request of a connection.
        case answer(Response, token: UInt64)
        /// A client's message, an event with this id, is in the queue, or could not be put there.
        case kept(String, isKept: Bool, token: UInt64)
        /// The application has answered a question of a connection's.
        case authorized(AuthorizeRequest, isAllowed: Bool, token: UInt64)
        /// Accept clients at this listener, in the place of that with this number.
        case listen(Listener, number: Int)
        /// Look at secrets and rules again: they may have changed.
        case accessChanged
    }

    package let wakeup: Wakeup
    package let mailbox: Mailbox<Command>
    private let sockets = Atomic<Int>(0)
    private let opened = Atomic<Bool>(false)
    private let ended = Atomic<Bool>(false)
    private let asked = Atomic<UInt64>(0)
    private let answered = Atomic<UInt64>(0)
    private let reviewsAsked = Atomic<Int>(0)
    private let reviewsDone = Atomic<Int>(0)
    private let fault = Guarded<SystemCallError?>(nil)

    package init() throws(SystemCallError) {
        wakeup = try Wakeup()
        mailbox = Mailbox(wakeup: wakeup)
    }

    var socketCount: Int { sockets.load(ordering: .relaxed) }
    func addSockets(_ count: Int) { sockets.add(count, ordering: .relaxed) }

    /// Why the loop could not be set up.
    package var failure: SystemCallError? { fault.withLock { $0 } }
    func fail(_ error: SystemCallError) { fault.withLock { $0 = error } }

    /// Whether it takes clients.
    package var isOpen: Bool { opened.load(ordering: .acquiring) }
    func open() { opened.store(true, ordering: .releasing) }

    package var hasEnded: Bool { ended.load(ordering: .acquiring) }
    func end() { ended.store(true, ordering: .releasing) }

    /// Has the loop look at secrets and rules again.
    func askForReview() {
        reviewsAsked.add(1, ordering: .relaxed)
        mailbox.post(.accessChanged)
    }

    /// The loop has done so.
    func noteReview() { reviewsDone.add(1, ordering: .releasing) }

    /// Whether the loop has not applied secrets and rules that were read again; one that has ended need not.
    package var isReviewing: Bool {
        reviewsAsked.load(ordering: .relaxed) != reviewsDone.load(ordering: .acquiring) && !hasEnded
    }

    /// Asks the loop whether it still goes round, by a number larger than any before.
    package func ask(_ round: UInt64) {
        asked.store(round, ordering: .sequentiallyConsistent)
        wakeup.signal()
    }

    /// Whether the loop owes an answer; for the loop.
    var isAsked: Bool { asked.load(ordering: .sequentiallyConsistent) != answered.load(ordering: .relaxed) }

    /// The loop goes round.
    func answer() { answered.store(asked.load(ordering: .sequentiallyConsistent), ordering: .releasing) }

    /// Whether it has gone round since it was asked; one that has ended in order need not.
    package func hasAnswered(_ round: UInt64) -> Bool { answered.load(ordering: .acquiring) >= round || hasEnded }
}
