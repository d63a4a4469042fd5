import History

/// Those who look on, and what they compare with: a monitor, a client that asks for what came within some time, and what
/// is to be seen of rare habits in the end.
final class Spectators {
    /// The highest number that clients have heard, by its numbering.
    private(set) var heard: [String: UInt64] = [:]
    /// When each event was first heard, and first begun to be published; monotonic nanoseconds.
    private(set) var firstHeard: [EventNumber: Int64] = [:]
    private(set) var firstBegun: [EventNumber: Int64] = [:]
    private var epochs: [String: String] = [:]
    private var monitor: Monitor?
    private var reader: AgeReader?
    private var guests: Guests?
    private var foreignFile: Inode?
    private var squatter: Inode?
    private unowned let scenario: Scenario
    private let kernel: Kernel
    private let extras: Extras

    private static let foreignText = Array("What is in this directory is for the server.\n".utf8)

    init(in scenario: Scenario) {
        self.scenario = scenario
        kernel = scenario.kernel
        extras = scenario.profile.extras
    }

    func start() {
        if extras.questions > 0 {
            let monitor = Monitor(in: scenario)
            self.monitor = monitor
            monitor.start()
        }
        if extras.hasGuests {
            let guests = Guests(in: scenario)
            self.guests = guests
            guests.start()
        }
        if extras.hasFullFailed { kernel.failedIsFullUntil = kernel.now + Int64(kernel.random.below(30_000_000_000)) }
        if extras.hasSquatter {
            let file = Inode(number: 3, isDirectory: false, mode: 0o644, user: kernel.user + 77)
            file.contents = Self.foreignText
            file.durableContents = file.contents
            squatter = file
            let name = kernel.random.pick([".failed", ".address", ".journal"])
            kernel.change(kernel.queue, [(name, file)])
            kernel.queue.sync()
        }
        if extras.hasForeignFile {
            let file = kernel.makeInode(isDirectory: false, mode: 0o644)
            file.contents = Self.foreignText
            file.durableContents = file.contents
            foreignFile = file
            kernel.change(kernel.queue, [(Self.foreignName, file)])
            kernel.queue.sync()
        }
    }

    /// The name of a file that is no event's.
    static let foreignName = "README.txt"

    /// Notes what has happened, where somebody will compare.
    func note(_ entry: HistoryEntry) {
        guard extras.questions > 0 || extras.asksByAge else { return }
        switch entry {
        case .publish(let event, .invoked): firstBegun[event] = firstBegun[event] ?? kernel.now
        case .client(let name, .welcome(let cursor)): epochs[name] = cursor.epoch
        case .client(let name, .event(let seq, let event, _, _)):
            firstHeard[event] = firstHeard[event] ?? kernel.now
            if let epoch = epochs[name] { heard[epoch] = max(heard[epoch] ?? 0, seq) }
        default: break
        }
    }

    /// Whether nobody wants to ask anything before the end.
    var isDone: Bool { monitor?.isDone ?? true }

    /// Whether the server was found to be ready, and to know who is there, where anybody looks.
    var isSatisfied: Bool { monitor?.isSatisfied ?? true && guests?.isSatisfied ?? true }

    /// Whether what is asked at the end has been answered; asks it at first.
    func hasAnswers(until end: Int64) -> Bool {
        guard extras.asksByAge else { return true }
        if kernel.now > end { scenario.fail("aged: no answer within two minutes") }
        if reader == nil {
            let reader = AgeReader(in: scenario)
            self.reader = reader
            kernel.spawn("aged", owner: .world, reader.read)
        }
        return reader?.isDone ?? true
    }

    /// What is to be seen in the end.
    func finish() {
        if monitor?.isSatisfied == false { scenario.fail("monitor: the server is not ready") }
        if guests?.isSatisfied == false { scenario.fail("application: the server does not know who is there") }
        if let foreignFile,
            kernel.queue.entries[Self.foreignName] !== foreignFile
                || foreignFile.contents != Self.foreignText
        {
            scenario.fail("\(Self.foreignName) was not left alone")
        }
        // After a power cut what was made under its name may be on the disk, and not its own change of name.
        if let squatter, scenario.checker.counts.powerCuts == 0,
            !kernel.queue.entries.contains(where: { $0.value === squatter }) || squatter.contents != Self.foreignText
        {
            scenario.fail("what another user has put into the queue is gone")
        }
        // A power cut takes of the log what it likes.
        guard kernel.errors + scenario.checker.counts.powerCuts == 0 else { return }
        if extras.hasForeignFile, !isLogged("ev=queue.foreign") { scenario.fail("nothing is said of a foreign file") }
        if extras.hasUnknownMembers, !isLogged("ev=event.member") {
            scenario.fail("nothing is said of a member that means nothing")
        }
    }

    private func isLogged(_ text: StaticString) -> Bool {
        kernel.root.entries.contains {
            $0.key.hasPrefix("log") && Bytes.find(text, in: $0.value.contents[...]) != nil
        }
    }
}
