package import WSQueueAccess
internal import WSQueueBroker
internal import WSQueueConnections
package import WSQueueLog
package import WSQueueNet
package import WSQueueOperation
package import WSQueueRedis
package import WSQueueRoutes
internal import WSQueueSession
package import WSQueueSystem
internal import WSQueueWire

/// What hub and loops tell each other. Everything in it may be used from any thread.
package final class EdgePorts: Sendable {
    /// How far each loop's clients are in the log.
    package let marks: ReaderMarks
    /// For how long the queue has waited for them.
    package let held = HeldTime()
    package let gate: Gate
    package let status: StatusBoard
    /// Who is where: the loops say who comes and goes, the hub tells the others.
    package let presence: SharedPresence
    package let counters = ClientCounters()

    init(_ configuration: Configuration, loopCount: Int) {
        marks = ReaderMarks(count: loopCount)
        gate = Gate(isAdmitting: configuration.redis == nil)
        status = StatusBoard(loopCount: loopCount)
        presence = SharedPresence(configuration.presence)
    }
}

/// All clients: the listeners where they come in, the loops that serve them, and the threads that ask and write for them.
package final class Edge: Sendable {
    package let configuration: Configuration
    package let log: Log
    package let publications: PublicationLog
    /// The publications of the past.
    package let journal: Journal
    package let control: AccessControl
    /// Speaks with the other nodes; `nil` where there is one server only.
    package let nodes: NodeDesk?
    /// Wakes the hub when a loop has passed something.
    package let hubWakeup: Wakeup
    package let loops: [LoopHandle]
    /// What hub and loops tell each other.
    package let ports: EdgePorts
    /// Writes what comes by HTTP, and clients' messages that are kept; `nil` where neither may be.
    private let publishDesk: PublishDesk?
    /// Asks the application; `nil` where there is none to ask.
    private let authorizeDesk: AuthorizeDesk?
    /// How many descriptors this process may have.
    private let descriptorLimit: Int
    /// The wall clock when the server came, nanoseconds.
    private let startedAtUnix = Clock.unixNanoseconds()
    private let bound = Guarded<[Listener]>([])

    package init(
        configuration: Configuration, log: Log, publications: PublicationLog, journal: Journal, control: AccessControl,
        publishDesk: PublishDesk?, authorizeDesk: AuthorizeDesk?, nodes: NodeDesk?, hubWakeup: Wakeup,
        loops: [LoopHandle], descriptorLimit: Int
    ) {
        self.configuration = configuration
        self.log = log
        self.publications = publications
        self.journal = journal
        self.control = control
        self.publishDesk = publishDesk
        self.authorizeDesk = authorizeDesk
        self.nodes = nodes
        self.hubWakeup = hubWakeup
        self.loops = loops
        self.descriptorLimit = descriptorLimit
        ports = EdgePorts(configuration, loopCount: loops.count)
        publications.isSelective = control.access.closesChannelless
    }

    /// The identity of this numbering of events, the first part of every cursor.
    package var epoch: String { journal.epoch }

    // MARK: Clients come in

    /// Where clients come in.
    package var listeners: [Listener] { bound.withLock { $0 } }
    /// Those of them that others may know of.
    package var publicListeners: [Listener] { listeners.filter { !$0.isOnlyOwners } }

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

    /// Listens at another `.control`, as the queue is another directory now.
    package func replaceControl(with listener: Listener) {
        let number = bound.withLock { listeners in
            let number = listeners.firstIndex { $0.isOnlyOwners } ?? listeners.count
            listeners = listeners.prefix(number) + [listener] + listeners.dropFirst(number + 1)
            return number
        }
        for loop in loops { loop.mailbox.post(.listen(listener, number: number)) }
    }

    /// Reads secrets and rules again, and has every loop look at its clients. A file that cannot be used changes nothing.
    package func reloadAccess() {
        control.reload(log)
        publications.isSelective = control.access.closesChannelless
        authorizeDesk?.forget()
        for loop in loops { loop.askForReview() }
    }

    // MARK: Threads

    /// Starts a thread for each loop; the listeners are open by now.
    package func startLoops() throws(SystemCallError) {
        try startDesks()
        let sources = RequestSources(TrustedProxies(configuration.trustedProxies), log)
        let places = Places(
            loops, clientLimit: configuration.clientLimit, addressLimit: configuration.clientsPerAddress)
        let numbers = ConnectionNumbers(nodes)
        let delays = RefusalDelays()
        let room = OwedRoom(
            limitBytes: configuration.owedLimitBytes, eventBytes: configuration.eventLimitBytes,
            loopCount: loops.count)
        for index in loops.indices {
            _ = try LoopThread(name: "wsq-loop-\(index)") { [self] in
                do throws(SystemCallError) {
                    var loop = try makeLoop(index, sources, places, numbers, room, delays)
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

    private func startDesks() throws(SystemCallError) {
        try publishDesk?.start(
            queuePath: configuration.queuePath, eventLimitBytes: configuration.eventLimitBytes, log: log,
            answer: { [loops] order, answer in
                let token = order.token
                let command = order.messageID.map { id in
                    LoopHandle.Command.kept(id, isKept: answer.status == .accepted, token: token)
                }
                loops[order.loop].mailbox.post(command ?? .answer(answer, token: token))
            })
        try authorizeDesk?.start(
            log: log,
            tell: { [loops] waiter, request, isAllowed in
                loops[waiter.loop].mailbox.post(
                    .authorized(request, isAllowed: isAllowed, token: waiter.token))
            })
        try nodes?.start(
            NodeContext(
                log: log, presence: ports.presence,
                epoch: { [journal] in journal.epoch }, hubWakeup: hubWakeup, loopCount: loops.count,
                hand: { [loops] message, ticket in
                    for loop in loops { loop.mailbox.post(.pass(message, from: nil, ticket: ticket)) }
                },
                tellPassed: { [loops] answer in
                    loops[answer.loop].mailbox.post(
                        answer.isOrder
                            ? .ordered(ticket: answer.ticket, answer.tally)
                            : .passed(ticket: answer.ticket, count: answer.tally.count))
                },
                obey: { [control, loops] order, ticket in
                    if case .disconnect(let entry, _) = order { _ = control.disconnect(entry) }
                    for loop in loops { loop.mailbox.post(.order(order, from: nil, ticket: ticket)) }
                },
                disconnected: { [control] in control.disconnected },
                learn: { [control, loops] entries in
                    for entry in entries where control.disconnect(entry) == .added {
                        let order = ApplicationOrder.disconnect(entry, onlyOlder: true)
                        for loop in loops { loop.mailbox.post(.order(order, from: nil, ticket: 0)) }
                    }
                }))
    }

    /// Makes a loop, each of whose parts is given what it needs.
    private func makeLoop(
        _ index: Int, _ sources: RequestSources, _ places: Places, _ numbers: ConnectionNumbers, _ room: OwedRoom,
        _ delays: RefusalDelays
    ) throws(SystemCallError) -> EdgeLoop {
        let now = Clock.monotonicNanoseconds()
        let access = RequestAccess(
            control, configuration, asksApplication: authorizeDesk != nil, ports.counters, log)
        let router = Router(
            access, ports.gate, journal, path: configuration.path, pageReaders: configuration.pageReaders,
            publishLimits: configuration.publishTokenPath == nil
                ? nil
                : publishDesk.map {
                    PublishLimits(
                        eventBytes: configuration.eventLimitBytes, batchBytes: configuration.batchLimitBytes,
                        room: $0.room)
                })
        let presence = PresencePort(ports.presence, nodes?.wakeup ?? hubWakeup)
        let limits = WebSocketLimits(
            messageBytes: configuration.messageLimitBytes, framesPerMessage: configuration.fragmentLimit)
        return try EdgeLoop(
            loops[index],
            Admission(
                index, loops, listeners, places, sources,
                handshakeNanoseconds: Int64(configuration.handshakeMilliseconds) * 1_000_000, log),
            Exchanges(router, access, sources, publishDesk, index),
            Delivery(
                loops[index], publications, journal, ports.gate, configuration.slowClients, room,
                eventLimitBytes: configuration.eventLimitBytes, log),
            Conversations(
                index, sessionOptions, control, authorizeDesk,
                presence,
                Messages(index, loops, nodes, owedLimitBytes: configuration.slowClients.limitBytes),
                KeptMessages(index, publishDesk, ports.counters, limitBytes: configuration.eventLimitBytes),
                ClientNotes(ports.counters, log)),
            Orders(index, loops, nodes, control, presence, log),
            StatusDesk(index, ports.status, statusPages, loops, hubWakeup),
            Pings(
                PingSchedule(
                    pingMilliseconds: configuration.pingMilliseconds, pongMilliseconds: configuration.pongMilliseconds,
                    now: now)),
            Doorsteps(delays, patienceNanoseconds: Int64(configuration.handshakeMilliseconds) * 1_000_000),
            Progress(index, ports.marks, ports.held, hubWakeup),
            FrameReader(limits, configuration.frameRate, isEcho: configuration.conversation == .echo, log),
            numbers, log, now: now)
    }

    private var sessionOptions: SessionOptions {
        var options = SessionOptions()
        options.channelLimit = configuration.channelLimit
        options.messageRate = configuration.messageRate
        options.heartbeatSeconds = configuration.pingMilliseconds / 1_000
        options.activityLimitBytes = configuration.presence.detailLimitBytes
        options.takesTokens = control.takesTokens
        options.asksApplication = authorizeDesk != nil
        return options
    }

    private var statusPages: StatusPages {
        StatusPages(
            journal, ports.gate, ports.counters, log, configuration,
            takesPublications: configuration.publishTokenPath != nil,
            descriptorLimit: descriptorLimit, startedAtUnix: startedAtUnix)
    }
}
