internal import Synchronization
internal import WSQueueBroker
internal import WSQueueLog
internal import WSQueueNet
internal import WSQueueSystem
internal import WSQueueWire

/// What the hub and all loops share. Everything in it may be used from any thread.
final class LoopContext: Sendable {
    let configuration: Configuration
    let log: Log
    let publications: PublicationLog
    let marks: ReaderMarks
    /// The publications of the past.
    let journal: Journal
    let control: AccessControl
    /// Writes what comes by HTTP; `nil` where nothing may.
    let publishDesk: PublishDesk?
    /// Asks the application; `nil` where there is none to ask.
    let authorizeDesk: AuthorizeDesk?
    /// Speaks with the other nodes; `nil` where there is one server only.
    let nodes: NodeDesk?
    /// The identity of this numbering of events, the first part of every cursor.
    var epoch: String { journal.epoch }
    /// Wakes the hub when a loop has passed something.
    let hubWakeup: Wakeup
    let held = HeldTime()
    let counters = ClientCounters()
    /// How many descriptors this process may have.
    let descriptorLimit: Int
    /// The wall clock when the server came, nanoseconds.
    let startedAtUnix = Clock.unixNanoseconds()
    /// Whether the server is being stopped.
    let isDraining = Atomic<Bool>(false)
    let status: StatusBoard
    /// Who is where: the loops say who comes and goes, the hub tells the others.
    let presence: Guarded<Presence>
    let addresses = AddressCounts()
    let proxies: TrustedProxies
    /// Whether the log names a proxy that is not trusted.
    let isProxyNamed = Atomic<Bool>(false)
    /// Whether clients are let in: not before it is known which numbering the events have.
    private let admitting: Atomic<Bool>
    /// Whether events that other servers send come here now.
    private let following = Atomic<Bool>(false)
    private let bound = Guarded<[Listener]>([])
    let loops: [LoopHandle]
    private let lastConnection = Atomic<Int64>(0)

    init(
        configuration: Configuration, log: Log, publications: PublicationLog, journal: Journal, control: AccessControl,
        publishDesk: PublishDesk?,
        authorizeDesk: AuthorizeDesk?, nodes: NodeDesk?, hubWakeup: Wakeup, loops: [LoopHandle], descriptorLimit: Int
    ) {
        self.descriptorLimit = descriptorLimit
        self.configuration = configuration
        proxies = TrustedProxies(configuration.trustedProxies)
        presence = Guarded(Presence(configuration.presence))
        self.log = log
        self.publications = publications
        marks = ReaderMarks(count: loops.count)
        self.journal = journal
        self.control = control
        self.publishDesk = publishDesk
        self.authorizeDesk = authorizeDesk
        self.nodes = nodes
        self.hubWakeup = hubWakeup
        self.loops = loops
        status = StatusBoard(loopCount: loops.count)
        admitting = Atomic(configuration.redis == nil)
    }

    /// Binds all addresses; to be called once, before the loops start.
    ///
    /// - Parameter passed: Those that the service manager has bound.
    func listen(and passed: [Listener] = []) throws(SystemCallError) {
        var listeners = passed
        let backlog = Int32(configuration.backlog)
        for address in configuration.addresses { listeners.append(try Listener(address, backlog: backlog)) }
        let opened = listeners
        bound.withLock { $0 = opened }
    }

    /// Starts a thread for each loop; the listeners are open by now.
    func startLoops() throws(SystemCallError) {
        try publishDesk?.start(self)
        try authorizeDesk?.start(self)
        try nodes?.start(self)
        for index in loops.indices {
            _ = try LoopThread(name: "wsq-loop-\(index)") { [self] in
                do throws(SystemCallError) {
                    var loop = try DeliveryLoop(index: index, context: self)
                    loops[index].open()
                    hubWakeup.signal()
                    loop.run()
                } catch {
                    loops[index].fail(error)
                    hubWakeup.signal()
                }
            }
        }
    }

    /// Whether clients are let in; until then they are asked to come back.
    var isAdmitting: Bool {
        get { admitting.load(ordering: .sequentiallyConsistent) }
        set { admitting.store(newValue, ordering: .sequentiallyConsistent) }
    }

    /// Whether events that other servers send come here now.
    var isFollowing: Bool {
        get { following.load(ordering: .relaxed) }
        set { following.store(newValue, ordering: .relaxed) }
    }

    /// Where clients come in.
    var listeners: [Listener] { bound.withLock { $0 } }

    /// A connection id that was never given before, in this process or by another node.
    func nextConnection() -> Int64 {
        (nodes?.connectionBase ?? 0) + lastConnection.add(1, ordering: .relaxed).newValue
    }

    /// How many sockets all loops hold.
    var socketCount: Int { loops.reduce(0) { $0 + $1.socketCount } }
}

/// How others reach one loop.
final class LoopHandle: Sendable {
    /// What a loop is told.
    enum Command: Sendable {
        /// Serve a client that another loop has accepted; the number is an open socket that nobody else owns.
        case adopt(number: Int32, Address)
        /// Hand a client's message to your clients, and say how many there were.
        ///
        /// The loop whose client it is of; `nil` is another node's.
        case pass(ClientMessage, from: Int?, ticket: UInt64)
        /// So many clients of another loop, or of all other nodes, have been handed a message of yours.
        case passed(ticket: UInt64, count: Int)
        /// Say goodbye to all clients, and end when they have gone or at the deadline (monotonic nanoseconds).
        case drain(deadline: Int64)
        /// The events go on behind another number, perhaps in another numbering: say goodbye to all clients.
        case renumber
        /// Answer the request of a connection.
        case answer(Response, token: UInt64)
        /// The application has answered a question of a connection's.
        case authorized(AuthorizeRequest, isAllowed: Bool, token: UInt64)
        /// Look at secrets and rules again: they may have changed.
        case accessChanged
    }

    let wakeup: Wakeup
    let mailbox: Mailbox<Command>
    private let sockets = Atomic<Int>(0)
    private let opened = Atomic<Bool>(false)
    private let ended = Atomic<Bool>(false)
    private let asked = Atomic<UInt64>(0)
    private let answered = Atomic<UInt64>(0)
    private let fault = Guarded<SystemCallError?>(nil)

    init() throws(SystemCallError) {
        wakeup = try Wakeup()
        mailbox = Mailbox(wakeup: wakeup)
    }

    var socketCount: Int { sockets.load(ordering: .relaxed) }
    func addSockets(_ count: Int) { sockets.add(count, ordering: .relaxed) }

    /// Why the loop could not be set up.
    var failure: SystemCallError? { fault.withLock { $0 } }
    func fail(_ error: SystemCallError) { fault.withLock { $0 = error } }

    /// Whether it takes clients.
    var isOpen: Bool { opened.load(ordering: .acquiring) }
    func open() { opened.store(true, ordering: .releasing) }

    var hasEnded: Bool { ended.load(ordering: .acquiring) }
    func end() { ended.store(true, ordering: .releasing) }

    /// Asks the loop whether it still goes round, by a number larger than any before.
    func ask(_ round: UInt64) {
        asked.store(round, ordering: .sequentiallyConsistent)
        wakeup.signal()
    }

    /// Whether the loop owes an answer; for the loop.
    var isAsked: Bool { asked.load(ordering: .sequentiallyConsistent) != answered.load(ordering: .relaxed) }

    /// The loop goes round.
    func answer() { answered.store(asked.load(ordering: .sequentiallyConsistent), ordering: .releasing) }

    /// Whether it has gone round since it was asked; one that has ended in order need not.
    func hasAnswered(_ round: UInt64) -> Bool { answered.load(ordering: .acquiring) >= round || hasEnded }
}

/// For how long the queue has waited for clients, in all; where it goes on without those that have stalled, for how
/// long it would have waited for them.
final class HeldTime: Sendable {
    private let total = Atomic<Int64>(0)
    private let since = Atomic<Int64>(0)

    /// The queue waits from now on (monotonic nanoseconds).
    ///
    /// - Returns: Whether it did not wait before.
    func begin(_ now: Int64) -> Bool {
        guard !isHeld else { return false }
        since.store(now, ordering: .relaxed)
        return true
    }

    /// The queue goes on.
    func end(_ now: Int64) {
        let start = since.exchange(0, ordering: .relaxed)
        if start != 0 { total.add(now - start, ordering: .relaxed) }
    }

    var isHeld: Bool { since.load(ordering: .relaxed) != 0 }

    /// The sum up to now, nanoseconds.
    func sum(_ now: Int64) -> Int64 {
        let start = since.load(ordering: .relaxed)
        return total.load(ordering: .relaxed) + (start == 0 ? 0 : max(0, now - start))
    }
}
