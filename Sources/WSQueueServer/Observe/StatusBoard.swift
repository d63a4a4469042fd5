internal import Synchronization
internal import WSQueueSystem

/// What the operator is shown: every thread writes its part here when somebody has asked, and otherwise does nothing for it.
final class StatusBoard: Sendable {
    /// How many clients are described; of more, those who are behind come first.
    static let clientLimit = 200

    /// What all threads have written.
    struct Contents {
        /// `nil` before the hub's first turn is over.
        var hub: HubStatus?
        /// The clients of all loops, as far as they were asked for.
        var clients: [ClientStatus] = []
        /// All loops together.
        var loops = LoopStatus()
        /// The loops that are stuck.
        var stuckLoops: [Int] = []
        var isHubStuck = false
    }

    private struct Part {
        var at = Int64.min
        var status = LoopStatus()
        var clients: [ClientStatus] = []
        var pulse = ThreadPulse()
    }

    private struct Parts {
        var hub: (at: Int64, status: HubStatus)?
        var hubPulse = ThreadPulse()
        var loops: [Part]
        var lastRequest = Int64.min
        /// The loops that have asked and wait.
        var askers: Set<Int> = []

        func isComplete(since asked: Int64) -> Bool {
            guard let hub else { return false }
            return hub.at >= asked && loops.allSatisfy { $0.at >= asked }
        }

        /// Who can go on now that a part has been written.
        mutating func takeAskers() -> Set<Int> {
            guard !askers.isEmpty, isComplete(since: lastRequest) else { return [] }
            defer { askers = [] }
            return askers
        }
    }

    private let lastRequest = Atomic<Int64>(.min)
    private let lastClientRequest = Atomic<Int64>(.min)
    private let parts: Guarded<Parts>

    init(loopCount: Int) { parts = Guarded(Parts(loops: Array(repeating: Part(), count: loopCount))) }

    /// Asks all threads to write, at this moment (monotonic nanoseconds); they are to be woken.
    ///
    /// - Parameters:
    ///   - loop: Who asks, and is to be woken when all have written.
    ///   - wantsClients: Whether clients are to be described.
    func ask(now: Int64, by loop: Int, wantsClients: Bool) {
        parts.withLock { parts in
            parts.askers.insert(loop)
            parts.lastRequest = max(parts.lastRequest, now)
            parts.hubPulse.ask(at: now)
            for index in parts.loops.indices { parts.loops[index].pulse.ask(at: now) }
        }
        if wantsClients { lastClientRequest.max(now, ordering: .sequentiallyConsistent) }
        lastRequest.max(now, ordering: .sequentiallyConsistent)
    }

    /// Whether somebody has asked since a thread wrote last.
    func isWanted(since written: Int64) -> Bool { lastRequest.load(ordering: .sequentiallyConsistent) > written }

    /// Whether somebody who asked since wants clients to be described.
    func wantsClients(since written: Int64) -> Bool {
        lastClientRequest.load(ordering: .sequentiallyConsistent) > written
    }

    /// Writes a loop's part.
    ///
    /// - Returns: The loops that can answer now, and are to be woken.
    func write(_ status: LoopStatus, _ clients: [ClientStatus]?, of loop: Int, now: Int64) -> Set<Int> {
        parts.withLock { parts in
            parts.loops[loop].at = now
            parts.loops[loop].status = status
            if let clients { parts.loops[loop].clients = clients }
            parts.loops[loop].pulse.answer(at: now)
            return parts.takeAskers()
        }
    }

    /// Writes the hub's part.
    ///
    /// - Returns: The loops that can answer now, and are to be woken.
    func write(_ status: HubStatus, now: Int64) -> Set<Int> {
        parts.withLock { parts in
            parts.hub = (now, status)
            parts.hubPulse.answer(at: now)
            return parts.takeAskers()
        }
    }

    /// What has been written; `nil` while a thread has not answered a question of this moment.
    ///
    /// - Parameter isComplete: Whether all must have.
    func contents(since asked: Int64, isComplete: Bool, now: Int64) -> Contents? {
        parts.withLock { parts in
            if isComplete, !parts.isComplete(since: asked) { return nil }
            let clients = parts.loops.flatMap(\.clients).sorted {
                ($0.behindBytes, $1.connection) > ($1.behindBytes, $0.connection)
            }
            return Contents(
                hub: parts.hub?.status, clients: Array(clients.prefix(Self.clientLimit)),
                loops: parts.loops.reduce(LoopStatus()) { $0 + $1.status },
                stuckLoops: parts.loops.indices.filter { parts.loops[$0].pulse.isStuck(now: now) },
                isHubStuck: parts.hubPulse.isStuck(now: now))
        }
    }
}

/// A loop as it sees itself.
struct LoopStatus: Sendable {
    var counters = LoopCounters()
    var webSockets = 0
    var streams = 0
    /// How many of them are owed something.
    var behind = 0
    /// What clients are owed and their sockets have not taken.
    var behindBytes = 0

    /// Both together.
    static func + (left: LoopStatus, right: LoopStatus) -> LoopStatus {
        LoopStatus(
            counters: left.counters + right.counters, webSockets: left.webSockets + right.webSockets,
            streams: left.streams + right.streams, behind: left.behind + right.behind,
            behindBytes: left.behindBytes + right.behindBytes)
    }
}

/// One client as the operator sees it.
struct ClientStatus: Sendable {
    let connection: Int64
    let address: String
    /// The user, as the token names it.
    let user: String?
    /// `wsqueue.v1`, `plain` or `sse`.
    let dialect: String
    /// Some of its channels and patterns, and how many there are.
    let channels: [String]
    let channelCount: Int
    /// What it is owed and its socket has not taken.
    let behindBytes: Int
    /// How many numbers it is from the end of a replay.
    let behindEvents: Int
    let seconds: Int64
}

/// The queue as the hub sees it.
struct HubStatus: Sendable {
    var seq: UInt64 = 0
    /// Files that are known to wait, and whether there are more.
    var waiting = 0
    var isMore = false
    /// Files that are not whole yet.
    var unfinished = 0
    /// The time in the oldest one's name, Unix nanoseconds.
    var oldestNanoseconds: Int64?
    /// Whether they wait because the operator wants them to, until a client comes.
    var isHolding = false
    var failed = 0
    /// The newest of them.
    var failures: [Failure] = []
    /// What publishers may still write.
    var freeBytes: Int64?
    /// Events since the start.
    var sent: UInt64 = 0
    /// From the time in its name until an event was handed out, of the last events; nanoseconds, the shortest first.
    var waits: [Int64] = []
    var counters = HubCounters()
    /// What is wrong with the queue and the journal.
    var faults: [ServerHealth.Reason] = []

    struct Failure: Sendable {
        let file: String
        let reason: String
        let unixSeconds: Int64
    }
}
