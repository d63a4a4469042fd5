internal import WSQueueAccess
internal import WSQueueEdge
internal import WSQueueHub
internal import WSQueueLog
package import WSQueueNet
package import WSQueueOperation
internal import WSQueueRedis
internal import WSQueueSequencer
package import WSQueueSpool
internal import WSQueueSystem

/// A server: the hub on the calling thread, the loops on threads of their own.
package struct Server: ~Copyable {
    private let edge: Edge
    private let signals: Signals
    private var poller: Poller
    private var hub: Hub
    private var front: ServiceFront
    /// The queue in which there is a `.control` of ours.
    private var controlled: FileIdentity?
    /// Whether the poller has said that a signal waits, and that notices do.
    private var isSignalled = true
    private var isNoticed = true

    private static let signalToken: UInt64 = 1
    private static let wakeupToken: UInt64 = 2
    private static let noticeToken: UInt64 = 3
    /// How long the end of loops and nodes, which wake this thread, is waited for before the deadline is looked at.
    private static let endMilliseconds: Int32 = 50

    /// Takes the queue, listens, and starts the loops. Nothing is read from the queue before `run`.
    ///
    /// - Parameters:
    ///   - signals: Made before any other thread, so that all threads leave signals to it.
    ///   - manager: What has started us.
    ///   - sandbox: How far this process has shut itself in, for the log.
    ///   - names: Gives what comes by HTTP and from clients the names of its files.
    /// - Throws: ``ServerStartError``.
    package init(
        _ configuration: Configuration, log: Log, signals: consuming Signals, manager: consuming ServiceManager,
        sandbox: Sandbox = .off(reason: nil), names: SpoolNameSource = .process
    ) throws(ServerStartError) {
        var configuration = configuration
        if configuration.prefersPassedSockets, !manager.sockets.isEmpty {
            configuration.addresses = []
            configuration.passedSockets = [""]
        }
        let passed = try ServerStart.adopt(manager.sockets, configuration, log)
        configuration.passedAddresses = passed.map(\.address)
        let control = try ServerStart.readAccess(&configuration)
        let queue = try ServerStart.takeQueue(configuration, control, log)
        let history = queue.journal.journal
        let edge: Edge
        let syncer: JournalSyncer?
        var poller: Poller
        do throws(SystemCallError) {
            let limits = try DescriptorLimit.raise()
            configuration.clientLimit = ServerStart.clientLimit(configuration, limits, log)
            edge = try ServerStart.makeEdge(configuration, control, history, limits, names, log)
            syncer = queue.journal.isKept ? try JournalSyncer(hubWakeup: edge.hubWakeup) : nil
            poller = try Poller()
            let start =
                LogLine(.notice, "server.start").with("pid", Process.identifier).with("epoch", history.epoch)
                .with("threads", edge.loops.count).with("descriptors", limits.now)
                .with("descriptors_before", limits.before).with("max_clients", configuration.clientLimit)
                .with("sandbox", sandbox.word)
            log.write(sandbox.reason.map { start.with("sandbox_why", $0) } ?? start)
        } catch {
            throw .system(error)
        }
        for line in control.warnings { log.write(line) }
        if let doubt = OwnerDoubt.looked(configuration) {
            log.write(
                LogLine(.warning, "config.warn").with("dir", configuration.queuePath).with("reason", doubt.reason)
                    .with("hint", doubt.hint))
        }
        if queue.isNew { log.write(LogLine(.notice, "queue.created").with("dir", configuration.queuePath)) }
        let directory = queue.directory
        let lock = queue.lock
        let recorder = Recorder(edge.publications, queue.journal, payloadKey: configuration.payloadKey)
        let link: RedisLink?
        do throws(SystemCallError) {
            link = try ServerStart.makeLink(edge, in: directory)
        } catch {
            throw .queue(error, path: configuration.queuePath)
        }
        var hub = Hub(
            configuration, ServerStart.makePorts(edge, syncer),
            sequencer: ServerStart.makeSequencer(configuration, history), recorder: recorder, link: link)
        do throws(SystemCallError) {
            try link?.start(after: history.inheritedSeq, epoch: history.epoch, log: log)
            try hub.open(directory, lock)
        } catch {
            throw .queue(error, path: configuration.queuePath)
        }
        do throws(SystemCallError) {
            try edge.listen(and: passed + ServerStart.control(in: directory, log))
        } catch {
            throw .address(error)
        }
        hub.announce(edge.publicListeners.map(\.address.description))
        do throws(SystemCallError) {
            try poller.add(signals.number, .readable, token: Self.signalToken)
            try poller.add(edge.hubWakeup.number, .readable, token: Self.wakeupToken)
            if let number = hub.noticeNumber { try poller.add(number, .readable, token: Self.noticeToken) }
            try edge.startLoops()
        } catch {
            throw .system(error)
        }
        controlled = hub.queue?.identity
        self.edge = edge
        self.signals = signals
        self.poller = poller
        self.hub = hub
        front = ServiceFront(manager, log: log)
    }

    /// Serves until a signal ends it.
    ///
    /// - Parameter tell: Takes what a person may want to know beside the log.
    /// - Throws: ``ServerStartError`` when an event loop could not be set up.
    package mutating func run(tell: (ServerNews) -> Void = { _ in }) throws(ServerStartError) {
        var backlog = BacklogProgress()
        while !obeySignals() {
            // A loop that is missing would be waited for for ever.
            if let error = edge.loops.lazy.compactMap(\.failure).first { throw .system(error) }
            let hasNotices = isNoticed
            isNoticed = false
            hub.turn(
                hasNotices: hasNotices, hub.takeNews(), now: Clock.monotonicNanoseconds(),
                unix: Clock.unixNanoseconds(), uptime: Clock.bootNanoseconds())
            followQueue()
            if front.canAnnounce(edge.loops, isAdmitting: edge.ports.gate.isAdmitting) {
                front.announce(readyLine, status: statusText)
                tell(.ready(edge.publicListeners.map(\.address)))
                backlog.begin(waiting: hub.waitingCount, seq: hub.seq, now: Clock.monotonicNanoseconds())
            } else if backlog.isUnderWay,
                let news = backlog.look(
                    waiting: hub.waitingCount, isThrough: hub.isThrough, seq: hub.seq, now: Clock.monotonicNanoseconds()
                )
            {
                tell(news)
            }
            if front.turn(edge.loops) { front.tell(edge.loops, status: statusText) }
            sleep()
        }
        drain()
        hub.close()
        for listener in edge.listeners { listener.removeName() }
        edge.log.write(
            LogLine(.notice, "server.stop").with("seq", hub.seq).with("seconds", front.seconds))
    }

    /// Where the queue is another directory now, what is in it beside the hub's is made there too.
    private mutating func followQueue() {
        guard let queue = hub.queue, queue.identity != controlled else { return }
        controlled = queue.identity
        guard let listener = ServerStart.control(in: queue.directory, edge.log).first else { return }
        edge.replaceControl(with: listener)
    }

    /// Sleeps until there is something to do.
    ///
    /// - Parameter hasHubEnded: Whether the hub does nothing any more, and only loops and nodes are waited for.
    private mutating func sleep(hasHubEnded: Bool = false) {
        edge.hubWakeup.willSleep()
        let now = Clock.monotonicNanoseconds()
        let limit = hasHubEnded ? Self.endMilliseconds : hub.sleepMilliseconds(now: now)
        let milliseconds = min(limit, front.sleepMilliseconds(now: now))
        // A loop may have passed something between our last look and the announcement of sleep.
        let canGoOn =
            !hasHubEnded && hub.canGoOn || front.hasNews(edge.loops, isAdmitting: edge.ports.gate.isAdmitting)
        let count = (try? poller.wait(milliseconds: canGoOn ? 0 : milliseconds)) ?? 0
        edge.hubWakeup.didWake()
        for index in 0..<count {
            switch poller.ready(index).token {
            case Self.wakeupToken: edge.hubWakeup.clear()
            case Self.signalToken: isSignalled = true
            case Self.noticeToken: isNoticed = true
            default: break
            }
        }
    }

    /// Does what signals ask for.
    ///
    /// - Returns: Whether one of them ends the server; those after it wait.
    private mutating func obeySignals() -> Bool {
        guard isSignalled else { return false }
        isSignalled = false
        while let request = signals.next() {
            switch request {
            case .terminate: return true
            case .reload: reload()
            case .report: report()
            }
        }
        return false
    }

    private mutating func reload() {
        front.beginReloading()
        edge.log.reopen()
        edge.log.write(LogLine(.notice, "server.reload"))
        edge.reloadAccess()
        // Of what has just been read.
        for line in edge.control.warnings { edge.log.write(line) }
    }

    private func report() {
        edge.log.write(
            LogLine(.notice, "server.status").with("seq", hub.seq).with("clients", edge.ports.marks.clients)
                .with("behind", edge.ports.marks.behind).with("waiting", hub.waitingCount)
                .with("unsettled", hub.unsettledCount).with("messages", edge.ports.counters.messages.value)
                .with("limited", edge.ports.counters.limited.value).with("flooded", edge.ports.counters.flooded.value)
                .with("too_many_channels", edge.ports.counters.channels.value))
    }

    /// Stops reading the queue, lets the clients have what was recorded, deletes its files, and says goodbye. A second
    /// signal ends it at once.
    private mutating func drain() {
        let deadline = Clock.monotonicNanoseconds() + Int64(edge.configuration.drainMilliseconds) * 1_000_000
        edge.ports.gate.isDraining = true
        edge.log.write(LogLine(.notice, "server.drain").with("clients", edge.ports.marks.clients))
        front.tellStopping(milliseconds: edge.configuration.drainMilliseconds)
        // Nothing reads the notices any more: one that comes would end every sleep from then on.
        if let number = hub.noticeNumber { poller.remove(number) }
        hub.stopTaking()
        while !hub.isFinished, Clock.monotonicNanoseconds() < deadline {
            hub.finishTurn(hub.takeNews(), now: Clock.monotonicNanoseconds(), unix: Clock.unixNanoseconds())
            front.tellIfAlive(edge.loops)
            sleep()
            if obeySignals() { return }
        }
        for loop in edge.loops { loop.mailbox.post(.drain(deadline: deadline)) }
        while !edge.loops.allSatisfy(\.hasEnded), Clock.monotonicNanoseconds() < deadline + 500_000_000 {
            front.tellIfAlive(edge.loops)
            sleep(hasHubEnded: true)
            if obeySignals() { return }
        }
        leaveNodes()
        hub.writeSum()
    }

    /// Tells the other nodes that the clients of this one have gone.
    private mutating func leaveNodes() {
        guard let nodes = edge.nodes else { return }
        nodes.post(.end)
        let deadline = Clock.monotonicNanoseconds() + 500_000_000
        while !nodes.hasEnded, Clock.monotonicNanoseconds() < deadline { sleep(hasHubEnded: true) }
    }

    private var readyLine: LogLine {
        var line = LogLine(.notice, "server.ready").with("dir", edge.configuration.queuePath)
        for listener in edge.publicListeners { line = line.with("listen", listener.address.description) }
        return line.with("waiting", hub.waitingCount)
    }

    /// What `systemctl status` shows.
    private var statusText: String {
        "\(edge.ports.marks.clients) clients, \(hub.waitingCount) files waiting, event \(hub.seq)"
    }
}
