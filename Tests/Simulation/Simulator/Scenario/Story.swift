import Glibc
import History

/// The other kind of run: a small history and small bounds, channels, users and keys, rules that change; and a model that
/// says what clients must have been told (``HistoryModel``).
final class Story {
    private(set) var model: HistoryModel
    private(set) var publishers: [StoryPublisher] = []
    private(set) var listeners: [Listener] = []
    private var visitors: Visitors?
    private var witness: JournalWitness
    /// The rules that were written, one after the other, and from which of them on one may be in force.
    private var rights: [ModelRights] = []
    /// When the log said that the newest rules were read, if they may not be in force everywhere yet.
    private var reloadSeen: Int64?
    private static let takingNanoseconds: Int64 = 1_000_000_000
    private var firstPossible = 0
    private var reloads = 0
    private unowned let scenario: Scenario
    private let kernel: Kernel

    static let guarded = ["s.1", "s.2"]
    static let open = ["a", "b", "logs"]
    /// Channels of which each is seldom used.
    static let rare = (0..<12).map { "t.\($0)" }
    static let users = ["u1", "u2"]
    /// So long after its end a token is still taken (seconds).
    static let tokenLeeway: Int64 = 30

    init(_ scenario: Scenario) {
        self.scenario = scenario
        kernel = scenario.kernel
        model = HistoryModel(bound: scenario.profile.historyMarkLimit)
        witness = JournalWitness(kernel)
        kernel.place("secrets", Tokens.secret)
        change(to: drawRights())
    }

    var arePublishersDone: Bool { publishers.allSatisfy(\.isDone) }
    var areListenersDone: Bool { listeners.allSatisfy(\.isDone) && visitors?.isDone ?? true }

    func start() {
        kernel.segmentIsRemoved = { [self] inode in
            look()
            witness.noteRemoval(of: inode)
        }
        for index in 0..<3 {
            let listener = Listener(name: "listener\(index)", in: scenario, self)
            listeners.append(listener)
            kernel.spawn(listener.name, owner: .world, listener.converse)
        }
        for index in 0..<2 {
            let publisher = StoryPublisher(index: index, in: scenario, self)
            publishers.append(publisher)
            publisher.start()
        }
        kernel.spawn("rules", owner: .world, changeRules)
        guard scenario.profile.extras.hasVisitors else { return }
        let visitors = Visitors(in: scenario)
        self.visitors = visitors
        visitors.start()
    }

    /// Takes in what the journal has by now, and gives the last number before its oldest record.
    @discardableResult
    func look() -> UInt64 { witness.look(&model) }

    /// The server has died.
    func noteKill() {
        look()
        for listener in listeners { listener.end() }
        if kernel.diskErrors > 0 { model.isDisturbed = true }
        model.judge()
    }

    /// The whole machine was down.
    func notePowerCut() {
        model.isDisturbed = true
        witness.lookAgain(&model)
    }

    /// The server starts, and reads the newest rules.
    func noteStart() { (firstPossible, reloadSeen) = (rights.count - 1, nil) }

    func finish() -> (findings: [HistoryFinding], counts: ModelCounts) {
        look()
        for listener in listeners { listener.end() }
        if kernel.diskErrors > 0 { model.isDisturbed = true }
        return (model.findings(), model.counts)
    }

    // MARK: What the others tell

    func noteTokenEnd() { model.noteTokenEnd() }

    /// How many events there were, and how many clients have heard.
    private(set) var eventCount = 0
    private(set) var deliveryCount = 0

    /// Whether a user has another connection before this one; for the planted fault alone.
    func isSecondConnection(_ listener: Listener) -> Bool {
        let before = listeners.prefix { $0 !== listener }
        return listener.talk?.user != nil && before.contains { $0.talk?.user == listener.talk?.user }
    }

    func noteDelivery() { deliveryCount += 1 }

    /// How much clients and publishers have been told.
    private(set) var factCount = 0

    func noteFact() { factCount += 1 }

    func note(_ event: ModelEvent) {
        eventCount += 1
        model.note(event)
    }
    func notePublished(_ event: ModelEvent) {
        noteFact()
        model.notePublished(event.number)
    }
    func note(_ talk: ModelTalk) { model.note(talk) }

    // MARK: Rules

    /// The rules of which no one can say yet which are in force.
    var possibleRights: [ModelRights] {
        if firstPossible < rights.count - 1, reloadCount(isGood: true) > reloads {
            // The log says so before every loop has taken them, and one may be stopped just then.
            let seen = reloadSeen ?? kernel.now
            reloadSeen = seen
            if kernel.settings.stallPerMille == 0 || kernel.now - seen > Self.takingNanoseconds {
                noteStart()
            }
        }
        return Array(rights[firstPossible...])
    }

    private func drawRights() -> ModelRights {
        ModelRights(
            Dictionary(uniqueKeysWithValues: Self.guarded.map { ($0, kernel.random.pick(ModelRights.Word.allCases)) }))
    }

    private func changeRules() {
        for _ in 0..<kernel.random.below(4) {
            kernel.pause(until: kernel.now + Int64(kernel.random.below(1_500_000_000)))
            // One after the other, so that the next line of the log is of this one.
            while possibleRights.count > 1 {
                let failed = reloadCount(isGood: false)
                kernel.pause { [self] in possibleRights.count == 1 || reloadCount(isGood: false) > failed }
                // Where they could not be read the server is told again.
                if possibleRights.count > 1 { kernel.send(SIGHUP) }
            }
            reloads = reloadCount(isGood: true)
            change(to: drawRights())
            kernel.send(SIGHUP)
        }
    }

    private func change(to new: ModelRights) {
        rights.append(new)
        let rules = new.words.sorted { $0.key < $1.key }.map { #"{"channel":"\#($0)","subscribe":"\#($1.rawValue)"}"# }
        kernel.place("rules", "[\(rules.joined(separator: ","))]")
        for listener in listeners { listener.talk?.facts.append(.rights(new)) }
    }

    /// How often the log says that rules were read again, or that they could not be.
    private func reloadCount(isGood: Bool) -> Int {
        guard let log = kernel.root.entries["log"]?.contents else { return 0 }
        var (count, rest) = (0, log[...])
        let text: StaticString = isGood ? "level=notice ev=rules.reload" : "level=error ev=rules.reload"
        while let place = Bytes.find(text, in: rest) {
            count += 1
            rest = rest[(place + 1)...]
        }
        return count
    }
}

/// Reads the journal as it is on the disk: which event bears which number.
struct JournalWitness {
    private let kernel: Kernel
    /// Up to where each file has been read.
    private var ends: [UInt64: Int] = [:]
    /// The last number before the oldest record.
    private var begun: UInt64 = 0
    /// What was found, by the numbering.
    private var numbers: [String: Set<UInt64>] = [:]

    init(_ kernel: Kernel) { self.kernel = kernel }

    /// Notes that a file goes; one that is older may stay, where it could not be removed.
    mutating func noteRemoval(of inode: Inode) {
        var offset = JournalBytes.header
        while let record = JournalBytes.record(in: inode.contents, at: offset) {
            begun = max(begun, record.seq)
            offset = record.end
        }
    }

    /// Looks at what is left.
    mutating func lookAgain(_ model: inout HistoryModel) {
        ends = [:]
        numbers = [:]
        look(&model)
        // A file that was removed may be there again.
        for (epoch, numbers) in numbers { model.keepOnly(numbers, of: epoch, after: begun) }
    }

    /// - Returns: The last number before the oldest record that there is to the server.
    @discardableResult
    mutating func look(_ model: inout HistoryModel) -> UInt64 {
        var oldest = UInt64.max
        var trimmed: UInt64 = 0
        let entries = kernel.queue.entries[".journal"]?.entries ?? [:]
        for (name, inode) in entries where inode.isSegment {
            // One without its beginning is none to the server, and stays.
            guard inode.contents.first ?? 0 != 0 else { continue }
            let parts = name.dropLast(8).split(separator: "-")
            guard parts.count == 2, let preceding = UInt64(parts[1]) else { continue }
            oldest = min(oldest, preceding)
            read(inode, String(parts[0]), &model)
            // They go one after the other, and to the server all of them have gone before the first file does.
            let end = entries["trimmed"].flatMap { JournalBytes.trimmedEnd(in: $0.contents, of: String(parts[0])) }
            trimmed = max(trimmed, end ?? 0)
        }
        if oldest != .max { begun = max(begun, oldest) }
        return max(begun, trimmed)
    }

    private mutating func read(_ inode: Inode, _ epoch: String, _ model: inout HistoryModel) {
        if numbers[epoch] == nil { numbers[epoch] = [] }
        var offset = ends[inode.number] ?? JournalBytes.header
        while let record = JournalBytes.record(in: inode.contents, at: offset) {
            offset = record.end
            numbers[epoch, default: []].insert(record.seq)
            let message = inode.contents[record.message]
            guard let publisher = Bytes.number("\"p\":", in: message), let number = Bytes.number("\"n\":", in: message),
                let cursor = HistoryCursor("\(epoch):\(record.seq)")
            else { continue }
            model.note(cursor, EventNumber(publisher: Int(publisher), number: Int(number)))
        }
        ends[inode.number] = offset
    }
}
