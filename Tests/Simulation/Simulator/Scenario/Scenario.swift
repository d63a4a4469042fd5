import Glibc
import History
import WSQueueOperation
import WSQueueSpool

/// One run: publishers, clients, and a server that dies; all by the seed.
///
/// Publishers write into the queue, clients come back with their cursors, the server is killed or the power is cut at calls
/// that the seed draws. Some time after all publishers are done (two minutes) nothing may be missing.
final class Scenario: Stage {
    let kernel: Kernel
    let profile: Profile
    private let options: Options
    private(set) var checker = HistoryChecker()
    /// Before when, by the wall clock, an event must not come; for ever is until somebody wants it.
    var earliest: [EventNumber: Int64] = [:]
    private var factCount = 0
    private var clients: [SimulatedClient] = []
    private var crowd: Crowd?
    private var consumer: SimulatedClient?
    private static let consumerKills = 5
    /// The server, and perhaps one that takes the queue over once it is free.
    private var servers: [ServerProcess] = []
    /// What is played instead of these.
    private var story: Story?
    /// Asks for what came since a time, where the clock is set.
    private var timeReader: TimeReader?
    /// Reads the state at the end.
    private var reader: StateReader?
    private(set) lazy var spectators = Spectators(in: self)
    private var crashesLeft: Int
    private var crashes = 0
    /// What ends the run at once: a server that does not start, a promise that is not about the history.
    private var failure: String?
    private var satisfiedAfter = -1
    /// When all was published, the server last began to start, or a call of it last failed: from then on little is left to be
    /// done.
    private var quietSince: Int64?
    /// How many calls had failed then. A file that could not be deleted is tried again after a minute, and then perhaps watched
    /// for ten seconds: that takes more than the patience there is where it fails twice, so this begins anew with each failure.
    private var errorsBefore = 0
    /// How many events clients had heard then. A consumer that brings each of its places to the disk may need a second for one,
    /// and the queue waits for it, and with it the others.
    private var deliveriesBefore = 0
    /// One source of names for all runs would make a run depend on those before it.
    let names: SpoolNameSource

    private static let patienceNanoseconds: Int64 = 120_000_000_000
    private static let callLimit = 3_000_000
    /// What a run has at least: one that is less says little.
    private static let leastCrashes = 2
    private static let leastEvents = 20
    static let leastDeliveries = 30
    /// A crash that is so many calls away is near.
    private static let nearCalls = 400
    /// How soon a service manager starts a server that has ended.
    private static let restartNanoseconds: Int64 = 100_000_000

    init(seed: UInt64, options: Options) {
        self.options = options
        var random = Randomness(seed: seed)
        profile = Profile(random: &random, options: options)
        crashesLeft = profile.crashes
        names = SpoolNameSource(random: UInt32(truncatingIfNeeded: random.next()))
        kernel = Kernel(random: random, settings: profile.machine)
        kernel.diskWatch = options.diskWatch
        kernel.diskWatch?.told = { [unowned self] in told }
    }

    /// Plays the run to its end.
    func run() -> Outcome {
        Simulator.kernel = kernel
        if profile.isStory {
            let story = Story(self)
            self.story = story
            story.start()
            startServers()
        } else {
            startAll()
        }
        spectators.start()
        planCrash()
        play()
        if failure == nil, checker.found.isEmpty { spectators.finish() }
        var outcome = Outcome()
        outcome.crashes = crashes
        outcome.errors = kernel.errors
        outcome.failingCalls = kernel.failingCalls
        outcome.ends = servers.reduce(0) { $0 + $1.ends }
        outcome.stops = servers.reduce(0) { $0 + $1.stops }
        outcome.calls = kernel.calls
        outcome.switches = kernel.switches
        outcome.findings = failure.map { [HistoryFinding(.lost, $0)] } ?? []
        for file in filesLeft { note(.left(file: file)) }
        outcome.findings += checker.finish()
        outcome.counts = checker.counts
        if let told = story?.finish() {
            outcome.findings += told.findings
            outcome.model = told.counts
            outcome.counts.events += story?.eventCount ?? 0
            outcome.counts.deliveries += story?.deliveryCount ?? 0
        }
        // A power cut may take what publishers did not bring to the disk, so that less is left to be delivered.
        let leastDeliveries = profile.isStory ? Self.leastDeliveries : 0
        let isWhole = outcome.isWhole(crashes: Self.leastCrashes, Self.leastEvents, leastDeliveries)
        if outcome.findings.isEmpty, !isWhole, options.cutRun == nil {
            outcome.findings = [HistoryFinding(.lost, "a run with too little in it: \(outcome.size)")]
        }
        outcome.simulatedNanoseconds = kernel.now
        outcome.hash = kernel.hash
        kernel.end()
        Simulator.kernel = nil
        return outcome
    }

    private func startAll() {
        for index in 0..<profile.clients { start(SimulatedClient(name: "client\(index)", in: self)) }
        if profile.hasReturningClient {
            start(SimulatedClient(name: "late", in: self) { [unowned self] in isPublished && hasCrashed })
        }
        startServers()
        if profile.hasConsumer {
            let consumer = SimulatedClient(name: "consumer", in: self, cursorPath: "/consumer")
            self.consumer = consumer
            clients.append(consumer)
            consumer.start()
            kernel.spawn("killer", owner: .world, killConsumer)
        }
        let crowd = Crowd(in: self)
        self.crowd = crowd
        crowd.start(names: names)
        guard !profile.clockErrors.isEmpty else { return }
        kernel.spawn("clock", owner: .world, setClock)
        let reader = TimeReader(in: self)
        timeReader = reader
        kernel.spawn("time", owner: .world, reader.read)
    }

    private func start(_ client: SimulatedClient) {
        clients.append(client)
        kernel.spawn(client.name, owner: .world, client.converse)
    }

    private func killConsumer() {
        for _ in 0..<Self.consumerKills {
            kernel.pause(until: kernel.now + Int64(kernel.random.below(2_000_000_000)))
            consumer?.die()
            consumer?.start()
        }
    }

    private func startServers() {
        kernel.hasOnePort = profile.hasStandby
        servers = [ServerProcess(owner: .server, in: self)]
        if profile.hasStandby { servers.append(ServerProcess(owner: .node(1), in: self)) }
        for server in servers { start(server) }
    }

    /// Writes down what has happened.
    func note(_ entry: HistoryEntry) {
        if options.isTraced { print("\(kernel.now) \(entry.line)") }
        if case .client(let name, .event(_, let event, _, _)) = entry, kernel.unix < earliest[event] ?? 0 {
            fail("client \(name): \(event) came before its time")
        }
        factCount += 1
        spectators.note(entry)
        checker.note(entry)
    }

    /// How much clients and publishers have been told.
    var told: Int { factCount + (story?.factCount ?? 0) }

    func fail(_ text: String) { failure = failure ?? text }

    /// Prints what a client is told.
    func trace(_ name: String, _ text: some Collection<UInt8>) {
        if options.isTraced { print("\(kernel.now) \(name) \(Bytes.text(text))") }
    }

    /// Whether the server has died as often as it must at least.
    var hasCrashed: Bool { crashes >= Self.leastCrashes }

    /// Whether everything is published.
    var isPublished: Bool { crowd?.isDone ?? true && story?.arePublishersDone ?? true && spectators.isDone }

    var areClientsReady: Bool { clients.allSatisfy(\.isReady) }

    private func play() {
        while failure == nil, checker.found.isEmpty {
            guard kernel.step() else { return fail("nothing can run any more") }
            while checker.counts.diskErrors < kernel.diskErrors { note(.diskError) }
            if let owner = kernel.takeCrash(), let server = servers.first(where: { $0.owner == owner }) {
                if !server.isStopping, kernel.random.chance(perMille: profile.stopPerMille) {
                    // It may die before it has ended.
                    server.stop(SIGTERM)
                    planCrash(again: true)
                } else {
                    crash(server)
                }
            }
            if kernel.takePowerFailure(), let cut = kernel.diskWatch?.chosen { failPower(leaving: cut.remains) }
            for server in servers where server.hasEnded { startAgain(server) }
            guard kernel.calls < Self.callLimit else { return fail("too many calls") }
            guard isPublished else { continue }
            if quietSince == nil {
                quietSince = kernel.now
                // One that is near still comes: the end of a run is as good a place as any.
                if kernel.callsToCrash > Self.nearCalls { planCrash(again: true) }
            }
            if kernel.errors > errorsBefore || checker.counts.deliveries > deliveriesBefore {
                (quietSince, errorsBefore) = (kernel.now, kernel.errors)
                deliveriesBefore = checker.counts.deliveries
            }
            let deadline = (quietSince ?? kernel.now) + Self.patienceNanoseconds
            guard isComplete && hasCrashed && spectators.isSatisfied || kernel.now > deadline else { continue }
            guard spectators.hasAnswers(until: deadline + Self.patienceNanoseconds) else { continue }
            guard profile.hasKeys else { return }
            if let reader, let state = reader.state { return compare(state, isComplete: reader.isComplete) }
            guard reader == nil || kernel.now < deadline + Self.patienceNanoseconds else {
                return fail("no state within two minutes")
            }
            if reader == nil {
                let reader = StateReader(in: self)
                self.reader = reader
                kernel.spawn("reader", owner: .world, reader.read)
            }
        }
    }

    /// Whether the state of each key is its last event, if that has not ended it.
    private func compare(_ state: [String: EventNumber], isComplete: Bool) {
        for publisher in crowd?.publishers ?? [] where publisher.style == .keyed {
            for (key, events) in publisher.lastOfKeys() where !events.contains(state[key]) {
                // Of keys without room it is told that they are missing.
                if state[key] == nil, !isComplete, profile.extras.keyLimit != nil { continue }
                fail("the state of \(key) is \(state[key].map { "\($0)" } ?? "none"), and not of \(events)")
            }
        }
    }

    private var isComplete: Bool {
        if let story { return story.areListenersDone && filesLeft.isEmpty }
        let deliveries = checker.counts.deliveries
        guard deliveries != satisfiedAfter else { return filesLeft.isEmpty }
        guard checker.isSatisfied else { return false }
        satisfiedAfter = deliveries
        return filesLeft.isEmpty
    }

    private var filesLeft: [String] {
        kernel.queue.entries.keys.filter {
            (!$0.hasPrefix(".") && $0 != Spectators.foreignName) || $0.hasPrefix(".taken-")
        }.sorted()
    }

    /// Once all is published, no more crashes are waited for than a run must have.
    private func planCrash(again isPlanned: Bool = false) {
        if !isPlanned { crashesLeft -= 1 }
        if quietSince != nil {
            kernel.callsToCrash = hasCrashed ? .max : 1 + kernel.random.below(Self.nearCalls)
        } else {
            kernel.callsToCrash = crashesLeft >= 0 ? Profile.callsToCrash(&kernel.random) : .max
        }
    }

    private func crash(_ server: ServerProcess) {
        noteKill(of: server)
        let isPowerCut = profile.cutsPower && kernel.random.chance(perMille: 700)
        if isPowerCut {
            cutPower {
                let drawn = kernel.random.pick(Kernel.Cut.allCases)
                kernel.cutPower(options.cut ?? drawn)
            }
        }
        if quietSince != nil { quietSince = kernel.now }
        if profile.machine.fault == .duplicatesUnknown { renameWaitingFiles() }
        for other in isPowerCut ? servers : [server] { start(other) }
        planCrash()
    }

    /// A server is no more.
    private func noteKill(of server: ServerProcess) {
        crashes += 1
        kernel.kill(server.owner)
        note(.server("0", .kill))
        story?.noteKill()
    }

    /// Takes down the machine with all that runs there, and brings up the publishers.
    private func cutPower(_ cut: () -> Void) {
        for server in servers { kernel.kill(server.owner) }
        crowd?.kill()
        consumer?.die()
        for publisher in story?.publishers ?? [] { kernel.kill(.publisher(publisher.index)) }
        crowd?.bringQueueBack()
        cut()
        note(.powerCut)
        story?.notePowerCut()
        crowd?.startAgain()
        consumer?.start()
        for publisher in story?.publishers ?? [] where !publisher.isDone { publisher.start() }
    }

    /// The chosen power cut, besides the crashes that the seed has drawn.
    private func failPower(leaving remains: PendingChanges.Remains) {
        for server in servers { noteKill(of: server) }
        cutPower { kernel.cutPower(leaving: remains) }
        if quietSince != nil { quietSince = kernel.now }
        for server in servers { start(server) }
    }

    /// Starts a server after it has ended by itself, as a service manager does.
    private func startAgain(_ server: ServerProcess) {
        kernel.kill(server.owner)
        note(.server("0", .kill))
        story?.noteKill()
        if quietSince != nil, !profile.hasStandby { quietSince = kernel.now }
        start(server, after: Self.restartNanoseconds * (profile.hasStandby ? 5 : 1))
    }

    /// Under another name an event is one that the server cannot know.
    private func renameWaitingFiles() {
        for name in filesLeft where name.hasSuffix(".json") {
            guard let inode = kernel.queue.entries[name] else { continue }
            let other = "\(name.dropLast(6))\(name.contains("0.json") ? "1" : "0").json"
            kernel.change(kernel.queue, [(name, nil), (other, inode)])
        }
    }

    /// Starts a server; where its queue has been moved away, that is brought back first.
    private func start(_ server: ServerProcess, after rest: Int64 = 0) {
        crowd?.bringQueueBack()
        server.start(after: rest)
    }

    /// How often a server has started.
    private(set) var startCount = 0

    /// Whether a server has been told to end.
    func isStopping(_ owner: Owner) -> Bool { servers.contains { $0.owner == owner && $0.isStopping } }

    func noteStart() {
        startCount += 1
        note(.server("0", .start))
        story?.noteStart()
    }
}
