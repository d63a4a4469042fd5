import Glibc
import History
import WSQueueLog
import WSQueueNet
import WSQueueOperation
import WSQueueServer
import WSQueueSpool
import WSQueueSystem
import WSQueueWire

/// The third kind of run: several servers, each with a queue, a journal and a publisher of its own, and the Redis that
/// they share.
///
/// Clients stay with one server or take any. Whatever happens, all servers send one order.
final class NodesScenario: Stage {
    let kernel: Kernel
    let profile: Profile
    private let options: Options
    private let nodes: NodesProfile
    private var redis: SimulatedRedis?
    private var checker = HistoryChecker()
    private var clients: [SimulatedClient] = []
    private var publishers: [SimulatedPublisher] = []
    private var guests: Guests?
    private var queues: [Inode] = []
    /// Read the state of each server at the end.
    private var readers: [StateReader] = []
    private var crashesLeft: Int
    private var crashes = 0
    /// The servers that have been told to end, how many have, and those of them that are to be started again.
    private var stopping: Set<Int> = []
    private var stops = 0
    private var ended: [Int] = []
    /// How often Redis has lost something, and which events.
    private var losses = 0
    private var lost: Set<EventNumber> = []
    private var failure: String?
    private var quietSince: Int64?
    private var satisfiedAfter = -1
    private let names: SpoolNameSource

    private static let patienceNanoseconds: Int64 = 120_000_000_000
    private static let callLimit = 3_000_000
    private static let leastEvents = 20
    private static let nearCalls = 400
    private static let restartNanoseconds: Int64 = 100_000_000

    init(seed: UInt64, options: Options) {
        self.options = options
        var random = Randomness(seed: seed)
        var profile = Profile(random: &random, options: options)
        nodes = NodesProfile(random: &random, profile: &profile, mayLose: options.nodes)
        self.profile = profile
        crashesLeft = nodes.crashes
        names = SpoolNameSource(random: UInt32(truncatingIfNeeded: random.next()))
        kernel = Kernel(random: random, settings: profile.machine)
    }

    /// Plays the run to its end.
    func run() -> Outcome {
        Simulator.kernel = kernel
        let redis = SimulatedRedis(nodes.troubles, on: kernel) { [unowned self] in noteLoss($0) }
        self.redis = redis
        redis.start()
        for server in 0..<nodes.count {
            queues.append(server == 0 ? kernel.queue : kernel.makeQueue(Self.name(of: server)))
            startServer(server)
        }
        if nodes.hasGuests {
            let guests = Guests(in: self)
            self.guests = guests
            guests.start()
        }
        startClients()
        for server in 0..<nodes.count {
            let publisher = SimulatedPublisher(
                index: server, style: profile.styles[server % profile.styles.count], names: names,
                queue: Self.name(of: server), in: self)
            publishers.append(publisher)
            publisher.start()
        }
        planCrash()
        play()
        var outcome = Outcome()
        outcome.crashes = crashes
        outcome.stops = stops
        outcome.calls = kernel.calls
        outcome.switches = kernel.switches
        outcome.findings = failure.map { [HistoryFinding(.lost, $0)] } ?? []
        for file in filesLeft { note(.left(file: file)) }
        outcome.findings += checker.finish()
        outcome.counts = checker.counts
        if outcome.findings.isEmpty, losses == 0, let doubled = redis.doubled {
            outcome.findings = [HistoryFinding(.doubled, "in the stream: \(doubled)")]
        }
        // What a machine has lost is in the stream.
        if outcome.findings.isEmpty, outcome.counts.gaps > 0, losses == 0 {
            outcome.findings = [HistoryFinding(.gap, "\(outcome.counts.gaps) though Redis has lost nothing")]
        }
        if outcome.findings.isEmpty, !outcome.isWhole(crashes: 0, Self.leastEvents, 0) {
            outcome.findings = [HistoryFinding(.lost, "a run with too little in it: \(outcome.size)")]
        }
        if options.isTraced { for server in 0..<nodes.count { printLog(of: server) } }
        outcome.simulatedNanoseconds = kernel.now
        outcome.hash = kernel.hash
        kernel.end()
        Simulator.kernel = nil
        return outcome
    }

    private func printLog(of server: Int) {
        guard let file = kernel.root.entries["log\(server)"] else { return }
        print("the log of server \(server):\n\(Bytes.text(file.contents))")
    }

    /// Of a server's queue.
    private static func name(of server: Int) -> String { server == 0 ? "q" : "q\(server)" }

    private func startClients() {
        for server in 0..<nodes.count {
            // Those that roam go on with the cursor of another server.
            let servers = server == 0 || nodes.roams ? Array(0..<nodes.count) : [server]
            let client = SimulatedClient(name: "client\(server)", servers: servers, in: self)
            clients.append(client)
            kernel.spawn(client.name, owner: .world, client.converse)
        }
    }

    // MARK: The stage

    var areClientsReady: Bool { clients.allSatisfy(\.isReady) }

    var isPublished: Bool { publishers.allSatisfy(\.isDone) }
    var serverCount: Int { nodes.count }

    func trace(_ name: String, _ text: some Collection<UInt8>) {
        if options.isTraced { print("\(kernel.now) \(name) \(Bytes.text(text))") }
    }

    func note(_ entry: HistoryEntry) {
        if options.isTraced { print("\(kernel.now) \(entry.line)") }
        checker.note(entry)
        // A client of another numbering begins where the server is.
        if case .client(let name, .resumed(_, let gap?)) = entry {
            for text in redis?.events(upTo: gap) ?? [] {
                if let event = number(in: text) { checker.note(.client(name, .told(event))) }
            }
        }
    }

    func fail(_ text: String) { failure = failure ?? text }

    // MARK: The run

    private func play() {
        while failure == nil, checker.found.isEmpty {
            guard kernel.step() else { return fail("nothing can run any more") }
            if let owner = kernel.takeCrash(), let server = owner.serverNumber { hit(server) }
            while let server = ended.popLast() {
                kernel.kill(Self.owner(of: server))
                note(.server("\(server)", .stop))
                startServer(server, after: Self.restartNanoseconds)
            }
            guard kernel.calls < Self.callLimit else { return fail("too many calls") }
            guard isPublished else { continue }
            if quietSince == nil {
                quietSince = kernel.now
                redis?.hurry()
                if crashesLeft >= 0 { kernel.callsToCrash = min(kernel.callsToCrash, Self.nearCalls) }
            }
            let deadline = (quietSince ?? kernel.now) + Self.patienceNanoseconds
            guard isCalm && isComplete || kernel.now > deadline else { continue }
            if guests?.isSatisfied == false { return fail("application: a server does not know who is there") }
            guard hasKeys else { return }
            if readers.isEmpty { startReaders() }
            let states = readers.compactMap(\.state)
            let isOver = kernel.now > deadline + Self.patienceNanoseconds
            if states.count == readers.count {
                guard let fault = fault(in: states) else { return }
                // A server that the stream's last events have not reached yet tells the state before them.
                if kernel.now > deadline + Self.patienceNanoseconds / 2 { return fail(fault) }
                startReaders()
            }
            if isOver { return fail("no state within two minutes") }
        }
    }

    private var isCalm: Bool { crashesLeft < 0 && stopping.isEmpty && redis?.isCalm ?? true }

    private func noteLoss(_ texts: [String]) {
        losses += 1
        note(.redisLoss)
        for event in texts.compactMap(number) {
            lost.insert(event)
            note(.lost(event))
        }
    }

    /// Which event a text of the stream is; news of who is there are none, and are told anew.
    private func number(in text: String) -> EventNumber? {
        guard !text.hasPrefix("presence-") else { return nil }
        let bytes = Array(text.utf8)[...]
        guard let publisher = Bytes.number("\"p\":", in: bytes), let number = Bytes.number("\"n\":", in: bytes) else {
            fail("no event: \(text)")
            return nil
        }
        return EventNumber(publisher: Int(publisher), number: Int(number))
    }

    // MARK: Crashes

    private func planCrash() {
        kernel.callsToCrash =
            crashesLeft > 0
            ? quietSince == nil ? Profile.callsToCrash(&kernel.random) : 1 + kernel.random.below(Self.nearCalls) : .max
        crashesLeft -= 1
    }

    /// A server dies, or its machine does, or it is told to end.
    private func hit(_ server: Int) {
        if quietSince != nil { quietSince = kernel.now }
        defer { planCrash() }
        if kernel.random.chance(perMille: profile.stopPerMille), stopping.insert(server).inserted {
            kernel.send(SIGTERM, to: Self.owner(of: server))
            return
        }
        crashes += 1
        stopping.remove(server)
        kernel.kill(Self.owner(of: server))
        note(.server("\(server)", .kill))
        if profile.cutsPower, kernel.random.chance(perMille: 500) {
            kernel.kill(.publisher(server))
            kernel.cutPower(options.cut ?? kernel.random.pick(Kernel.Cut.allCases), of: server, queues[server])
            note(.powerCut)
            if !publishers[server].isDone { publishers[server].start() }
        }
        startServer(server)
    }

    private static func owner(of server: Int) -> Owner { server == 0 ? .server : .node(server) }

    private var hasKeys: Bool { publishers.contains { $0.style == .keyed } }

    private func startReaders() {
        readers = []
        for server in 0..<nodes.count {
            let reader = StateReader(server: server, in: self)
            readers.append(reader)
            kernel.spawn("reader\(server)", owner: .world) { [kernel] in
                kernel.pause(until: kernel.now + Int64(kernel.random.below(1_000_000_000)))
                reader.read()
            }
        }
    }

    /// Whether the state of each key is its last event on each server, if that has not ended it. What Redis has lost the
    /// servers may have written back, or not.
    private func fault(in states: [[String: EventNumber]]) -> String? {
        for (server, state) in states.enumerated() {
            if state != states[0] { return "the state of server \(server) is \(state), and of server 0 \(states[0])" }
            for publisher in publishers where publisher.style == .keyed {
                for (key, events) in publisher.lastOfKeys(without: lost) where !events.contains(state[key]) {
                    let found = state[key].map { "\($0)" } ?? "none"
                    return "server \(server): the state of \(key) is \(found), and not of \(events)"
                }
            }
        }
        return nil
    }

    private var isComplete: Bool {
        let deliveries = checker.counts.deliveries
        if deliveries != satisfiedAfter {
            guard checker.isSatisfied else { return false }
            satisfiedAfter = deliveries
        }
        return filesLeft.isEmpty && guests?.isSatisfied ?? true
    }

    private var filesLeft: [String] {
        queues.flatMap(\.entries.keys).filter { !$0.hasPrefix(".") || $0.hasPrefix(".taken-") }.sorted()
    }

    private func startServer(_ server: Int, after rest: Int64 = 0) {
        kernel.spawn("hub\(server)", owner: Self.owner(of: server)) { [self] in
            kernel.pause(until: kernel.now + rest + Int64(kernel.random.below(3_000_000)))
            note(.server("\(server)", .start))
            let names = SpoolNameSource(random: UInt32(truncatingIfNeeded: kernel.random.next()))
            do {
                let log = try Log(level: .info, format: .text, destination: .file("/log\(server)"))
                var running = try Server(
                    try configuration(of: server), log: log, signals: try Signals(), manager: ServiceManager(),
                    names: names)
                try running.run()
                guard stopping.remove(server) != nil else { return fail("server \(server) has ended") }
                stops += 1
                ended.append(server)
            } catch {
                fail("server \(server): \(error)")
            }
            kernel.pause { false }
        }
    }

    private func configuration(of server: Int) throws -> Configuration {
        var configuration = Configuration.simulated(
            queuePath: "/\(Self.name(of: server))", threads: profile.loops, usesNotices: profile.usesNotices)
        configuration.eventLines = .off
        var redis = RedisSettings(location: try RedisLocation("redis://127.0.0.1"))
        redis.replicas = nodes.replicas
        configuration.redis = redis
        if nodes.hasGuests { configuration.hasGuests() }
        return configuration
    }
}
