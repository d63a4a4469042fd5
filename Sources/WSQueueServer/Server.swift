internal import Synchronization
internal import WSQueueAccess
internal import WSQueueBroker
internal import WSQueueEdge
package import WSQueueHub
internal import WSQueueLog
package import WSQueueNet
package import WSQueueOperation
internal import WSQueueRedis
internal import WSQueueSpool
package import WSQueueSystem

/// A server: the hub on the calling thread, the loops on threads of their own.
package struct Server: ~Copyable {
    /// Why a server could not start, by what the operator must look at.
    package enum StartError: Error, CustomStringConvertible {
        /// The queue's directory cannot be made or opened.
        case queue(SystemCallError, path: String)
        /// Another server owns the queue.
        case held(QueueHeld)
        /// The journal cannot be opened.
        case journal(SystemCallError)
        /// A file about who is let in cannot be used.
        case access(AccessFileError)
        /// An address cannot be listened on.
        case address(SystemCallError)
        /// The service manager has passed no socket of this name.
        case notPassed(name: String)
        /// The kernel refused something every server needs.
        case system(SystemCallError)

        package var description: String {
            switch self {
            case .queue(let error, let path): "queue \(path): \(error)"
            case .held(let error): error.description
            case .journal(let error): "journal: \(error)"
            case .access(let error): error.description
            case .address(let error): error.description
            case .notPassed(""): "systemd: no listening socket was passed"
            case .notPassed(let name): "systemd:\(name): no listening socket of this name was passed"
            case .system(let error): error.description
            }
        }

        /// What the operator can do.
        package var hint: String {
            switch self {
            case .queue(let error, _) where error.isNotFound: "make its parent directory, or name another with --dir"
            case .queue(let error, _) where error.isPermission: "let this user read, write and search the directory"
            case .queue: "look at what stands at that path, or name another with --dir"
            case .held: "stop that one first, or use another --dir"
            case .access(let error): "mend the file, or start without \(error.option)"
            case .journal: "let this user read and write its files, or choose another --journal, or off"
            case .address(let error) where error.isAddressInUse: "stop what listens there, or choose another --listen"
            case .address: "choose another --listen"
            case .notPassed: "start it by its socket unit (FileDescriptorName= is the name), or choose another --listen"
            case .system: "look at the limits of this process and machine"
            }
        }
    }

    let edge: Edge
    private let signals: Signals
    private var poller: Poller
    /// Whether the poller has said that a signal waits.
    private var isSignalled = true
    var pump: SpoolPump
    var manager: ServiceManager
    var watchdog: Watchdog?
    /// Whether it has been said that clients can connect.
    var isAnnounced = false
    let startedAt = Clock.monotonicNanoseconds()

    private static let signalToken: UInt64 = 1
    private static let wakeupToken: UInt64 = 2
    private static let noticeToken: UInt64 = 3

    /// Takes the queue, listens, and starts the loops. Nothing is read from the queue before `run`.
    ///
    /// - Parameters:
    ///   - signals: Made before any other thread, so that all threads leave signals to it.
    ///   - manager: What has started us.
    /// - Throws: ``StartError``.
    package init(
        _ configuration: Configuration, log: Log, signals: consuming Signals, manager: consuming ServiceManager
    ) throws(StartError) {
        var configuration = configuration
        if configuration.prefersPassedSockets, !manager.sockets.isEmpty {
            configuration.addresses = []
            configuration.passedSockets = [""]
        }
        let passed = try Self.adopt(manager.sockets, configuration, log)
        configuration.passedAddresses = passed.map(\.address)
        let control = try Self.readAccess(configuration)
        do throws(AccessFileError) {
            try configuration.redis?.readPassword()
        } catch {
            throw .access(error)
        }
        let madeQueue = try Self.makeQueue(configuration.queuePath)
        let queue = try Self.openQueue(configuration.queuePath)
        let lock = try Self.hold(queue)
        let journal = try Self.openJournal(configuration, in: queue)
        let edge: Edge
        let syncer: JournalSyncer?
        var poller: Poller
        do throws(SystemCallError) {
            let limits = try DescriptorLimit.raise()
            configuration.clientLimit = Self.clientLimit(configuration, limits, log)
            var loops: [LoopHandle] = []
            for _ in 0..<max(1, configuration.threads) { loops.append(try LoopHandle()) }
            edge = Edge(
                configuration: configuration, log: log,
                publications: try PublicationLog(
                    minimumBytes: configuration.ringBytes, seq: journal.journal.inheritedSeq),
                journal: journal.journal, control: control,
                publishDesk: configuration.publishTokenPath == nil ? nil : try PublishDesk(),
                authorizeDesk: try Self.makeAuthorizeDesk(configuration),
                nodes: try Self.makeNodeDesk(configuration), hubWakeup: try Wakeup(),
                loops: loops, descriptorLimit: limits.now)
            syncer = journal.isKept ? try JournalSyncer(hubWakeup: edge.hubWakeup) : nil
            poller = try Poller()
            Self.logStart(edge, limits)
            for line in control.warnings { log.write(line) }
        } catch {
            throw .system(error)
        }
        if madeQueue {
            log.write(LogLine(.notice, "queue.created").with("dir", configuration.queuePath))
        }
        var pump = SpoolPump(context: Self.hubContext(edge), journal: journal, syncer: syncer)
        pump.reportJournal()
        do throws(SystemCallError) {
            try pump.share(in: queue)
        } catch {
            throw .queue(error, path: configuration.queuePath)
        }
        do throws(SystemCallError) {
            try pump.open(queue, lock)
        } catch {
            throw .queue(error, path: configuration.queuePath)
        }
        do throws(SystemCallError) {
            try edge.listen(and: passed)
        } catch {
            throw .address(error)
        }
        do throws(SystemCallError) {
            try poller.add(signals.number, .readable, token: Self.signalToken)
            try poller.add(edge.hubWakeup.number, .readable, token: Self.wakeupToken)
            if let number = pump.noticeNumber { try poller.add(number, .readable, token: Self.noticeToken) }
            try edge.startLoops()
        } catch {
            throw .system(error)
        }
        self.edge = edge
        self.signals = signals
        self.poller = poller
        self.pump = pump
        watchdog = manager.watchdogNanoseconds.map {
            Watchdog(intervalNanoseconds: $0, now: Clock.monotonicNanoseconds())
        }
        self.manager = manager
    }

    /// Serves until a signal ends it.
    ///
    /// - Throws: ``StartError`` when an event loop could not be set up.
    package mutating func run() throws(StartError) {
        while !isTerminated() {
            // A loop that is missing would be waited for for ever.
            if let error = edge.loops.lazy.compactMap(\.failure).first { throw .system(error) }
            pump.turn(now: Clock.monotonicNanoseconds(), unix: Clock.unixNanoseconds())
            if canAnnounce { announce() }
            reportToManager()
            sleep()
        }
        drain()
        pump.closeJournal()
        for listener in edge.listeners { listener.removeName() }
        let seconds = (Clock.monotonicNanoseconds() - startedAt) / 1_000_000_000
        edge.log.write(
            LogLine(.notice, "server.stop").with("seq", pump.seq).with("seconds", seconds))
    }

    /// As many clients as are wanted, if there are descriptors for them.
    private static func clientLimit(_ configuration: Configuration, _ limits: DescriptorLimit, _ log: Log) -> Int {
        let possible = DescriptorBudget.possibleClients(descriptors: limits.now, threads: configuration.threads)
        guard configuration.clientLimit > possible else {
            return configuration.clientLimit > 0 ? configuration.clientLimit : possible
        }
        log.write(
            LogLine(.warning, "config.warn").with("clients", configuration.clientLimit).with("possible", possible)
                .with("hint", "raise the limit of open files (LimitNOFILE, ulimit -n)"))
        return possible
    }

    private mutating func sleep() {
        edge.hubWakeup.willSleep()
        let now = Clock.monotonicNanoseconds()
        let milliseconds = min(pump.sleepMilliseconds(now: now), watchdog?.sleepMilliseconds(now: now) ?? .max)
        // A loop may have passed something between our last look and the announcement of sleep.
        let canGoOn = pump.canGoOn || canAnnounce || watchdog?.isContent(edge.loops) == true
        let count = (try? poller.wait(milliseconds: canGoOn ? 0 : milliseconds)) ?? 0
        edge.hubWakeup.didWake()
        for index in 0..<count {
            switch poller.ready(index).token {
            case Self.wakeupToken: edge.hubWakeup.clear()
            case Self.signalToken: isSignalled = true
            case Self.noticeToken: pump.noteNotices()
            default: break
            }
        }
    }

    private mutating func isTerminated() -> Bool {
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
        manager.tellReloading(now: Clock.monotonicNanoseconds())
        edge.log.reopen()
        edge.log.write(LogLine(.notice, "server.reload"))
        edge.reloadAccess()
        if isAnnounced { manager.tellReady(statusText) }
    }

    private func report() {
        edge.log.write(
            LogLine(.notice, "server.status").with("seq", pump.seq).with("clients", edge.ports.marks.clients)
                .with("behind", edge.ports.marks.behind).with("waiting", pump.waitingCount)
                .with("unsettled", pump.unsettledCount).with("messages", edge.ports.counters.messages.value)
                .with("limited", edge.ports.counters.limited.value).with("flooded", edge.ports.counters.flooded.value)
                .with("too_many_channels", edge.ports.counters.channels.value))
    }

    /// Stops reading the queue, lets the clients have what was appended, deletes its files, and says goodbye. A second
    /// signal ends it at once.
    private mutating func drain() {
        let deadline = Clock.monotonicNanoseconds() + Int64(edge.configuration.drainMilliseconds) * 1_000_000
        edge.ports.gate.isDraining = true
        edge.log.write(LogLine(.notice, "server.drain").with("clients", edge.ports.marks.clients))
        manager.tellStopping(milliseconds: edge.configuration.drainMilliseconds)
        pump.stopTaking()
        while !pump.isFinished, Clock.monotonicNanoseconds() < deadline {
            pump.finishTurn(now: Clock.monotonicNanoseconds(), unix: Clock.unixNanoseconds())
            tellIfAlive()
            sleep()
            if isTerminated() { return }
        }
        for loop in edge.loops { loop.mailbox.post(.drain(deadline: deadline)) }
        while !edge.loops.allSatisfy(\.hasEnded), Clock.monotonicNanoseconds() < deadline + 500_000_000 {
            tellIfAlive()
            sleep()
            if isTerminated() { return }
        }
        leaveNodes()
        pump.writeSum()
    }

    /// Tells the other nodes that the clients of this one have gone.
    private mutating func leaveNodes() {
        guard let nodes = edge.nodes else { return }
        nodes.post(.end)
        let deadline = Clock.monotonicNanoseconds() + 500_000_000
        while !nodes.hasEnded, Clock.monotonicNanoseconds() < deadline { sleep() }
    }

    private static func hubContext(_ edge: Edge) -> HubContext {
        let loops = edge.loops
        return HubContext(
            configuration: edge.configuration, log: edge.log, publications: edge.publications,
            marks: edge.ports.marks, journal: edge.journal, hubWakeup: edge.hubWakeup, held: edge.ports.held,
            gate: edge.ports.gate, status: edge.ports.status, presence: edge.ports.presence,
            loops: ReadersPort(wakeups: loops.map(\.wakeup)) {
                for loop in loops { loop.mailbox.post(.renumber) }
            })
    }

    private static func makeQueue(_ path: String) throws(StartError) -> Bool {
        do {
            return try Directory.makeIfMissing(path, mode: 0o750)
        } catch {
            throw .queue(error, path: path)
        }
    }

    private static func openQueue(_ path: String) throws(StartError) -> Directory {
        do {
            let queue = try Directory.open(path)
            // It may be new, made by this server or by one that was killed at once: what is published into it survives a
            // power cut only where its own name does.
            queue.syncName()
            return queue
        } catch {
            throw .queue(error, path: path)
        }
    }

    private static func hold(_ queue: Directory) throws(StartError) -> FileLock {
        do {
            return try SpoolPump.hold(queue)
        } catch let error as QueueHeld {
            throw .held(error)
        } catch let error as SystemCallError {
            throw .queue(error, path: queue.path)
        } catch {
            throw .queue(SystemCallError(call: "open", object: "\(error)", code: 0), path: queue.path)
        }
    }

    private static func openJournal(
        _ configuration: Configuration, in queue: Directory
    ) throws(StartError) -> JournalWriter {
        do throws(SystemCallError) {
            return try SpoolPump.openJournal(configuration, in: queue)
        } catch {
            throw .journal(error)
        }
    }

    private static func makeAuthorizeDesk(_ configuration: Configuration) throws(SystemCallError) -> AuthorizeDesk? {
        guard let location = configuration.authorizeURL else { return nil }
        return try AuthorizeDesk(location)
    }

    private static func makeNodeDesk(_ configuration: Configuration) throws(SystemCallError) -> NodeDesk? {
        guard let settings = configuration.redis else { return nil }
        return try NodeDesk(settings)
    }

    private static func readAccess(_ configuration: Configuration) throws(StartError) -> AccessControl {
        do throws(AccessFileError) {
            return try AccessControl(configuration)
        } catch {
            throw .access(error)
        }
    }

    private static func logStart(_ edge: Edge, _ limits: DescriptorLimit) {
        edge.log.write(
            LogLine(.notice, "server.start").with("pid", Process.identifier).with("epoch", edge.epoch)
                .with("threads", edge.loops.count).with("descriptors", limits.now)
                .with("descriptors_before", limits.before).with("max_clients", edge.configuration.clientLimit))
    }
}
