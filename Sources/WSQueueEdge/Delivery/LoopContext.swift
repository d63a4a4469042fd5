internal import Synchronization
internal import WSQueueBroker
package import WSQueueLog
package import WSQueueNet
package import WSQueueOperation
package import WSQueueRedis
package import WSQueueSystem
package import WSQueueWire

/// What all loops share. Everything in it may be used from any thread.
package final class LoopContext: Sendable {
    package let configuration: Configuration
    package let log: Log
    package let publications: PublicationLog
    package let marks: ReaderMarks
    /// The publications of the past.
    package let journal: Journal
    package let control: AccessControl
    /// Writes what comes by HTTP; `nil` where nothing may.
    let publishDesk: PublishDesk?
    /// Asks the application; `nil` where there is none to ask.
    let authorizeDesk: AuthorizeDesk?
    /// Speaks with the other nodes; `nil` where there is one server only.
    package let nodes: NodeDesk?
    /// The identity of this numbering of events, the first part of every cursor.
    package var epoch: String { journal.epoch }
    /// Wakes the hub when a loop has passed something.
    package let hubWakeup: Wakeup
    package let held = HeldTime()
    package let counters = ClientCounters()
    /// How many descriptors this process may have.
    let descriptorLimit: Int
    /// The wall clock when the server came, nanoseconds.
    let startedAtUnix = Clock.unixNanoseconds()
    package let gate: Gate
    package let status: StatusBoard
    /// Who is where: the loops say who comes and goes, the hub tells the others.
    package let presence: SharedPresence
    let addresses = AddressCounts()
    let proxies: TrustedProxies
    /// Whether the log names a proxy that is not trusted.
    let isProxyNamed = Atomic<Bool>(false)
    private let bound = Guarded<[Listener]>([])
    package let loops: [LoopHandle]
    private let lastConnection = Atomic<Int64>(0)

    package init(
        configuration: Configuration, log: Log, publications: PublicationLog, journal: Journal, control: AccessControl,
        publishDesk: PublishDesk?,
        authorizeDesk: AuthorizeDesk?, nodes: NodeDesk?, hubWakeup: Wakeup, loops: [LoopHandle], descriptorLimit: Int
    ) {
        self.descriptorLimit = descriptorLimit
        self.configuration = configuration
        proxies = TrustedProxies(configuration.trustedProxies)
        presence = SharedPresence(configuration.presence)
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
        gate = Gate(isAdmitting: configuration.redis == nil)
    }

    /// Binds all addresses; to be called once, before the loops start.
    ///
    /// - Parameter passed: Those that the service manager has bound.
    package func listen(and passed: [Listener] = []) throws(SystemCallError) {
        var listeners = passed
        let backlog = Int32(configuration.backlog)
        for address in configuration.addresses { listeners.append(try Listener(address, backlog: backlog)) }
        let opened = listeners
        bound.withLock { $0 = opened }
    }

    /// Starts a thread for each loop; the listeners are open by now.
    package func startLoops() throws(SystemCallError) {
        try publishDesk?.start(
            queuePath: configuration.queuePath, log: log,
            answer: { [loops] order, answer in
                loops[order.loop].mailbox.post(.answer(answer, token: order.token))
            })
        try authorizeDesk?.start(
            log: log,
            tell: { [loops] waiter, request, isAllowed in
                loops[waiter.loop].mailbox.post(
                    .authorized(request, isAllowed: isAllowed, token: waiter.token))
            })
        try nodes?.start(
            NodeContext(
                log: log, presence: presence, historyEvents: configuration.journalEvents,
                epoch: { [journal] in journal.epoch }, hubWakeup: hubWakeup, loopCount: loops.count,
                hand: { [loops] message, ticket in
                    for loop in loops { loop.mailbox.post(.pass(message, from: nil, ticket: ticket)) }
                },
                tellPassed: { [loops] loop, ticket, count in
                    loops[loop].mailbox.post(.passed(ticket: ticket, count: count))
                }))
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

    /// Wakes the thread that looks after presence.
    var presenceWakeup: Wakeup { nodes?.wakeup ?? hubWakeup }

    /// What the pages about the server say besides what the threads have written.
    var facts: StatusFacts {
        StatusFacts(
            epoch: epoch, journalAfter: journal.precedingSeq, journalLast: journal.lastSeq,
            journalBytes: journal.size.bytes, takesPublications: publishDesk != nil, version: configuration.version,
            startedAtUnix: startedAtUnix, suppressedLines: log.suppressedLines, authFailures: counters.authFailures,
            descriptorLimit: descriptorLimit)
    }

    /// Where clients come in.
    package var listeners: [Listener] { bound.withLock { $0 } }

    /// A connection id that was never given before, in this process or by another node.
    func nextConnection() -> Int64 {
        (nodes?.connectionBase ?? 0) + lastConnection.add(1, ordering: .relaxed).newValue
    }

    /// How many sockets all loops hold.
    var socketCount: Int { loops.reduce(0) { $0 + $1.socketCount } }
}

/// How others reach one loop.
package final class LoopHandle: Sendable {
    /// What a loop is told.
    package enum Command: Sendable {
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

    package let wakeup: Wakeup
    package let mailbox: Mailbox<Command>
    private let sockets = Atomic<Int>(0)
    private let opened = Atomic<Bool>(false)
    private let ended = Atomic<Bool>(false)
    private let asked = Atomic<UInt64>(0)
    private let answered = Atomic<UInt64>(0)
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
