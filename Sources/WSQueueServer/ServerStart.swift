internal import WSQueueAccess
internal import WSQueueEdge
internal import WSQueueHub
internal import WSQueueLog
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueRedis
internal import WSQueueRoutes
internal import WSQueueSequencer
internal import WSQueueSpool
internal import WSQueueSystem

/// What is made before a server runs, each with the reason that the operator reads when it cannot be made.
enum ServerStart {
    /// A queue that this server has to itself, with its journal.
    struct Queue: ~Copyable {
        let directory: Directory
        /// Whether the directory was made just now.
        let isNew: Bool
        let lock: QueueLock
        let journal: JournalWriter
    }

    /// Takes over the sockets that the service manager has passed and the configuration names.
    ///
    /// - Throws: ``ServerStartError`` when one is missing or cannot be used.
    static func adopt(
        _ sockets: [PassedSocket], _ configuration: Configuration, _ log: Log
    ) throws(ServerStartError) -> [Listener] {
        let wanted = configuration.passedSockets
        for name in wanted
        where !sockets.contains(where: { name.isEmpty ? !wanted.contains($0.name) : $0.name == name }) {
            throw .notPassed(name: name)
        }
        var listeners: [Listener] = []
        for socket in sockets {
            guard wanted.contains(socket.name) || wanted.contains("") else {
                log.write(
                    LogLine(.warning, "config.warn").with("socket", socket.name)
                        .with("hint", "the service manager has passed this socket; --listen systemd: would use it"))
                continue
            }
            do throws(SystemCallError) {
                listeners.append(try Listener(adopting: socket))
            } catch {
                throw .address(error)
            }
        }
        return listeners
    }

    /// Reads the files about access, and Redis' password.
    static func readAccess(_ configuration: inout Configuration) throws(ServerStartError) -> AccessControl {
        do throws(AccessFileError) {
            let control = try AccessControl(configuration)
            try configuration.redis?.readPassword()
            return control
        } catch {
            throw .access(error)
        }
    }

    /// Makes the queue's directory if it is missing, takes it, and opens its journal.
    ///
    /// - Parameter control: Learns whom the application has disconnected.
    static func takeQueue(
        _ configuration: Configuration, _ control: AccessControl, _ log: Log
    ) throws(ServerStartError) -> Queue {
        let path = configuration.queuePath
        let isNew: Bool
        let directory: Directory
        do throws(SystemCallError) {
            isNew = try Directory.makeIfMissing(path, mode: 0o750)
            directory = try Directory.open(path)
        } catch {
            throw .queue(error, path: path)
        }
        // It may be new, made by this server or by one that was killed at once: what is published into it survives a
        // power cut only where its own name does.
        directory.syncName()
        let lock = try hold(directory, log)
        do throws(JournalOpeningError) {
            let journal = try HubJournal.open(configuration, in: directory, log: log)
            do throws(SystemCallError) {
                let place = try HubJournal.directory(configuration.journalPlace, in: directory, log: log)
                if let place { control.remember(in: place, log) }
            } catch {
                throw .failed(error)
            }
            return Queue(directory: directory, isNew: isNew, lock: lock, journal: journal)
        } catch {
            switch error {
            case .failed(let error): throw .journal(error)
            case .newer(let path): throw .newerJournal(path: path)
            }
        }
    }

    /// As many clients as are wanted, if there are descriptors for them.
    static func clientLimit(_ configuration: Configuration, _ limits: DescriptorLimit, _ log: Log) -> Int {
        let possible = DescriptorBudget.possibleClients(descriptors: limits.now, threads: configuration.threads)
        guard configuration.clientLimit > possible else {
            return configuration.clientLimit > 0 ? configuration.clientLimit : possible
        }
        log.write(
            LogLine(.warning, "config.warn").with("clients", configuration.clientLimit).with("possible", possible)
                .with("hint", "raise the limit of open files (LimitNOFILE, ulimit -n)"))
        return possible
    }

    /// Makes the side of the server that clients see.
    static func makeEdge(
        _ configuration: Configuration, _ control: AccessControl, _ history: Journal, _ limits: DescriptorLimit,
        _ names: SpoolNameSource, _ log: Log
    ) throws(SystemCallError) -> Edge {
        var loops: [LoopHandle] = []
        for _ in 0..<max(1, configuration.threads) { loops.append(try LoopHandle()) }
        let publications = try PublicationLog(minimumBytes: configuration.ringBytes, seq: history.inheritedSeq)
        return Edge(
            configuration: configuration, log: log, publications: publications, journal: history, control: control,
            publishDesk: try publishDesk(configuration, names),
            authorizeDesk: try authorizeDesk(configuration), nodes: try nodeDesk(configuration),
            hubWakeup: try Wakeup(), loops: loops, descriptorLimit: limits.now)
    }

    /// The thread that keeps the stream which several servers share; `nil` where there is none.
    static func makeLink(_ edge: Edge, in queue: Directory) throws(SystemCallError) -> RedisLink? {
        guard let settings = edge.configuration.redis else { return nil }
        let node = try NodeIdentity(in: queue, OwnEntries(in: queue, log: edge.log))
        return try RedisLink(settings, node: node, hubWakeup: edge.hubWakeup)
    }

    /// The order of events: this server's own, or that of the stream.
    static func makeSequencer(_ configuration: Configuration, _ history: Journal) -> Sequencer {
        guard let settings = configuration.redis else {
            return Sequencer(epoch: history.epoch, after: history.inheritedSeq)
        }
        let shared = SharedOrder(
            stream: settings.stream, state: settings.stateKey, limits: configuration.keptLimits,
            aheadEvents: configuration.eventsInMemory / 2)
        return Sequencer(epoch: history.epoch, after: history.inheritedSeq, sharing: shared)
    }

    /// What the hub shares with the loops.
    static func makePorts(_ edge: Edge, _ syncer: JournalSyncer?) -> HubPorts {
        let loops = edge.loops
        let readers = ReadersPort(wakeups: loops.map(\.wakeup)) { epoch in
            for loop in loops { loop.mailbox.post(.renumber(epoch: epoch)) }
        }
        return HubPorts(
            log: edge.log, marks: edge.ports.marks, readers: readers, held: edge.ports.held, gate: edge.ports.gate,
            status: edge.ports.status, presence: edge.ports.presence, hubWakeup: edge.hubWakeup, syncer: syncer,
            publishers: edge.control.publisherPolicy)
    }

    /// Where this user and root ask and command; none where the file system has no sockets.
    static func control(in queue: Directory, _ log: Log) -> [Listener] {
        let entries = OwnEntries(in: queue, log: log)
        var last: SystemCallError?
        // Somebody may take the name between the two steps; not for ever.
        for _ in 0..<16 {
            do throws(SystemCallError) {
                try entries.clearForSocket(controlName)
                return [try Listener(onlyOwnersAt: controlName, in: queue)]
            } catch {
                last = error
                guard error.isAddressInUse else { break }
            }
        }
        log.write(
            LogLine(.warning, "config.warn").with("error", last.map { "\($0)" } ?? "")
                .with("hint", "wsqueue-server kick cannot reach this server"))
        return []
    }

    private static let controlName = FileName(".control")

    private static func hold(_ queue: Directory, _ log: Log) throws(ServerStartError) -> QueueLock {
        do throws(QueueDirectoryError) {
            return try QueueLock.take(queue, log)
        } catch {
            switch error {
            case .held(let holder): throw .held(holder)
            case .failed(let error): throw .queue(error, path: queue.path)
            }
        }
    }

    /// Writes into the queue for those who may publish by HTTP, and for clients where a rule says so.
    private static func publishDesk(
        _ configuration: Configuration, _ names: SpoolNameSource
    ) throws(SystemCallError) -> PublishDesk? {
        guard configuration.publishTokenPath != nil || configuration.rulesPath != nil else { return nil }
        return try PublishDesk(names: names)
    }

    private static func authorizeDesk(_ configuration: Configuration) throws(SystemCallError) -> AuthorizeDesk? {
        guard let location = configuration.authorizeURL else { return nil }
        return try AuthorizeDesk(location)
    }

    private static func nodeDesk(_ configuration: Configuration) throws(SystemCallError) -> NodeDesk? {
        guard let settings = configuration.redis else { return nil }
        return try NodeDesk(settings)
    }
}
