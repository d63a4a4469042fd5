import WSQueueOperation
import WSQueueSystem

/// What is drawn for one run before it begins: its shape, so that runs differ in kind and not only in order.
struct Profile {
    var machine: Kernel.Settings
    /// Whether crashes may be power cuts, or are kills of the server alone.
    let cutsPower: Bool
    /// So many of a thousand times it is told to end in order instead.
    let stopPerMille: Int
    let loops: Int
    /// How many bytes a client's socket takes.
    let socketBytes: Int
    /// After so many of a thousand events a publisher rests.
    let restPerMille: Int
    /// How each publisher writes.
    var styles: [Style]
    /// What publishers without keys see to; `nil` is drawn each time that one starts.
    var durability: Durability?
    var crashes = 2
    var publishers: Int { styles.count }
    let clients = 2
    /// Whether another one goes before the first event, and comes back after the last.
    var hasReturningClient = false
    var eventsPerPublisher = 20
    /// Those who write in place, under names that say no time, and what they write.
    var foreignWriters: Int
    let filesPerForeignWriter = 5
    /// How long they may do nothing with a file open: where the kernel does not tell of them, rest decides.
    let stallNanoseconds: Int
    /// Whether a second server waits for the queue.
    var hasStandby: Bool
    /// Whether there is a consumer that notes how far it has come, and is killed now and then.
    var hasConsumer: Bool
    /// Whether all clients of a story are connections of one user.
    var hasOneUser: Bool
    let eventLines: Configuration.EventLines
    /// What an operator does.
    var operatorActs: Int
    /// Those who publish by HTTP.
    var webPublishers: Int
    /// Those whose events wait for something.
    var deferringPublishers: Int
    var usesNotices: Bool
    /// How far the wall clock is wrong at times, seconds: hours, days, or back to 1970.
    var clockErrors: [Int64]
    /// Whether the run is a story (``Story``), how large its history may be, and of how many channels and users the server
    /// remembers what is gone.
    var isStory: Bool
    var journalBytes: Int
    /// How many files each of its publishers writes.
    var filesPerStory = 30
    let historyMarkLimit: Int
    /// What else there is, drawn apart.
    var extras = Extras()
    /// Whether the server looks who may publish what.
    var hasPublisherRules: Bool { operatorActs > 0 || extras.hasForbiddenEvents }
    var hasKeys: Bool { !isStory && styles.contains(.keyed) }

    /// How a publisher writes.
    enum Style: CaseIterable {
        /// Files by the contract, an event each.
        case events
        /// The same, and batches now and then; some events say ids, and some of those are published twice. Publishers that
        /// are users of their own give the same ids.
        case mixed
        /// One file again and again, as soon as the one before is gone.
        case oneName
        /// Each event the state of one of a few keys, or its end.
        case keyed
    }

    init(random: inout Randomness, options: Options) {
        let drawn = random.peek
        machine = Kernel.Settings()
        machine.fault = options.fault
        machine.isTraced = options.isTraced
        machine.switchPerMille = random.pick([0, 20, 100, 300, 700])
        machine.pointPerMille = random.pick([0, 10, 100, 500])
        machine.stallPerMille = random.pick([0, 0, 20, 200])
        machine.shortPerMille = random.pick([0, 0, 50, 300])
        machine.interruptPerMille = random.pick([0, 0, 10, 100])
        machine.namesPerCall = random.pick([8, 2, 1])
        machine.noticeLimit = random.pick([16_384, 16_384, 3])
        machine.syncNanoseconds = random.pick([10_000, 3_000_000, 50_000_000, 400_000_000])
        cutsPower = random.chance(perMille: 700)
        stopPerMille = random.pick([0, 300])
        loops = 1 + random.below(2)
        socketBytes = random.pick([300, 2_000, 65_536])
        restPerMille = random.pick([500, 500, 50])
        machine.hasUsers = random.chance(perMille: 500)
        let style = random.pick(Style.allCases)
        styles = [style, random.chance(perMille: 300) ? style : random.pick(Style.allCases)]
        machine.hasLeases = random.chance(perMille: 500)
        machine.tickNanoseconds = random.pick([4_000_000, 4_000_000, 2_000_000_000])
        usesNotices = random.chance(perMille: 800)
        foreignWriters = random.below(3)
        let errors: [Int64] = [7_200, -7_200, 2 * 86_400, -2 * 86_400, 400 * 86_400, -1_800_000_000]
        clockErrors = random.chance(perMille: 300) ? (0..<4).map { _ in random.pick(errors) } : []
        // What rested before the server came is told by the wall clock alone where the kernel tells of no writer.
        if !clockErrors.isEmpty { machine.hasLeases = true }
        stallNanoseconds = machine.hasLeases ? 20_000_000_000 : 1_500_000_000
        isStory = options.story ?? random.chance(perMille: 500)
        journalBytes = random.pick([8_192, 8_192, 16_384, 65_536])
        historyMarkLimit = random.pick([65_536, 3])
        if random.chance(perMille: 250) {
            // What a failed sync has lost shows at a power cut that comes after the next good one.
            machine.syncErrorPerMille = isStory ? 20 : 200
            crashes = 4
        }
        webPublishers = isStory ? 0 : random.pick([0, 0, 1, 2])
        // When something is due is told by a clock that is right.
        deferringPublishers = isStory || !clockErrors.isEmpty ? 0 : random.pick([0, 0, 1, 2])
        hasStandby = !isStory && random.chance(perMille: 300)
        hasConsumer = !isStory && random.chance(perMille: 300)
        hasOneUser = isStory && random.chance(perMille: 200)
        eventLines = random.pick([.off, .off, .sampled, .all])
        operatorActs = isStory ? 0 : random.pick([0, 0, 6])
        machine.failingCall = options.failingCall
        if let run = options.cutRun { calm(for: run) }
        if options.failingCall == nil, options.cutRun == nil {
            extras = Extras(
                Randomness(seed: ~drawn), isStory: isStory, hasRightClock: clockErrors.isEmpty)
            machine.hasFIFOs = extras.hasFIFOs
        }
        // The model of a story knows of the numbers that are in the journal.
        machine.mayBeFull = !isStory
        if random.chance(perMille: 300), options.failingCall == nil, options.cutRun == nil {
            machine.errors = 1 + random.below(4)
            // Calls of a kind that is seldom would not be among those of any.
            machine.failing = random.chance(perMille: 700) ? random.pick(Kernel.Failing.allCases) : nil
            machine.errorPerMille = random.pick(machine.failing == nil ? [1, 5, 20] : [5, 50, 300])
        }
    }

    /// A small run on an even machine: what differs from one case to the next is the disk.
    private mutating func calm(for run: CutRun) {
        isStory = run == .story
        styles = [.mixed, .keyed]
        durability = run.durability
        hasReturningClient = true
        eventsPerPublisher = 6
        filesPerStory = 8
        foreignWriters = 0
        webPublishers = 0
        deferringPublishers = 0
        hasStandby = false
        hasConsumer = false
        hasOneUser = false
        operatorActs = 0
        usesNotices = true
        clockErrors = []
        journalBytes = 2_048
        machine.switchPerMille = 100
        machine.pointPerMille = 0
        machine.stallPerMille = 0
        machine.shortPerMille = 0
        machine.interruptPerMille = 0
        machine.syncErrorPerMille = 0
        machine.syncNanoseconds = 3_000_000
        machine.tickNanoseconds = 4_000_000
    }

    /// In how many calls of the server it dies: early ones find faults in its start.
    static func callsToCrash(_ random: inout Randomness) -> Int { 1 + random.below(random.pick([40, 400, 3_000])) }
}
