internal import Synchronization
internal import WSQueueSystem

/// What the operator is shown: every thread writes its part here when somebody has asked, and otherwise does nothing for it.
package final class StatusBoard: Sendable {
    /// How many clients are described; of more, those who are behind come first.
    package static let clientLimit = 200

    /// What all threads have written.
    package struct Contents {
        /// `nil` before the hub's first turn is over.
        package var hub: HubStatus?
        /// The clients of all loops, as far as they were asked for.
        package var clients: [ClientStatus] = []
        /// All loops together.
        package var loops = LoopStatus()
        /// The loops that are stuck.
        package var stuckLoops: [Int] = []
        package var isHubStuck = false
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

        /// The loops that can go on now that a part has been written.
        mutating func takeAskers() -> Set<Int> {
            guard !askers.isEmpty, isComplete(since: lastRequest) else { return [] }
            defer { askers = [] }
            return askers
        }
    }

    private let lastRequest = Atomic<Int64>(.min)
    private let lastClientRequest = Atomic<Int64>(.min)
    private let parts: Guarded<Parts>

    package init(loopCount: Int) { parts = Guarded(Parts(loops: Array(repeating: Part(), count: loopCount))) }

    /// Asks all threads to write, at this moment (monotonic nanoseconds); they are to be woken.
    ///
    /// - Parameters:
    ///   - loop: The loop that asks, and is to be woken when all have written.
    ///   - wantsClients: Whether clients are to be described.
    package func ask(now: Int64, by loop: Int, wantsClients: Bool) {
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
    package func isWanted(since written: Int64) -> Bool {
        lastRequest.load(ordering: .sequentiallyConsistent) > written
    }

    /// Whether somebody who asked since wants clients to be described.
    package func wantsClients(since written: Int64) -> Bool {
        lastClientRequest.load(ordering: .sequentiallyConsistent) > written
    }

    /// Writes a loop's part.
    ///
    /// - Returns: The loops that can answer now, and are to be woken.
    package func write(_ status: LoopStatus, _ clients: [ClientStatus]?, of loop: Int, now: Int64) -> Set<Int> {
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
    package func write(_ status: HubStatus, now: Int64) -> Set<Int> {
        parts.withLock { parts in
            parts.hub = (now, status)
            parts.hubPulse.answer(at: now)
            return parts.takeAskers()
        }
    }

    /// What has been written; `nil` while a thread has not answered a question of this moment.
    ///
    /// - Parameter isComplete: Whether all must have.
    package func contents(since asked: Int64, isComplete: Bool, now: Int64) -> Contents? {
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
package struct LoopStatus: Sendable {
    package var counters = LoopCounters()
    package var webSockets = 0
    package var streams = 0
    /// How many of them are owed something.
    package var behind = 0
    /// What clients are owed and their sockets have not taken.
    package var behindBytes = 0

    /// Makes the status of a loop without clients.
    package init(counters: LoopCounters = LoopCounters()) { self.counters = counters }

    /// Both together.
    package static func + (left: LoopStatus, right: LoopStatus) -> LoopStatus {
        var sum = LoopStatus(counters: left.counters + right.counters)
        sum.webSockets = left.webSockets + right.webSockets
        sum.streams = left.streams + right.streams
        sum.behind = left.behind + right.behind
        sum.behindBytes = left.behindBytes + right.behindBytes
        return sum
    }
}

/// One client as the operator sees it.
package struct ClientStatus: Sendable {
    package let connection: Int64
    package let address: String
    /// The user, as the token names it.
    package let user: String?
    /// `wsqueue.v1`, `plain` or `sse`.
    package let dialect: String
    /// Some of its channels and patterns, and how many there are.
    package let channels: [String]
    package let channelCount: Int
    /// What it is owed and its socket has not taken.
    package let behindBytes: Int
    /// How many numbers it is from the end of a replay.
    package let behindEvents: Int
    package let seconds: Int64

    /// Describes a client.
    package init(
        connection: Int64, address: String, user: String?, dialect: String, channels: [String], channelCount: Int,
        behindBytes: Int, behindEvents: Int, seconds: Int64
    ) {
        self.connection = connection
        self.address = address
        self.user = user
        self.dialect = dialect
        self.channels = channels
        self.channelCount = channelCount
        self.behindBytes = behindBytes
        self.behindEvents = behindEvents
        self.seconds = seconds
    }
}

/// The queue as the hub sees it.
package struct HubStatus: Sendable {
    package var seq: UInt64 = 0
    /// Files that are known to wait, and whether there are more.
    package var waiting = 0
    package var isMore = false
    /// Files that are not whole yet.
    package var unfinished = 0
    /// The time in the oldest one's name, Unix nanoseconds.
    package var oldestNanoseconds: Int64?
    /// For how long that one has waited, whatever has happened to the wall clock; `nil` where only its name says so.
    package var oldestAgeNanoseconds: Int64?
    /// Whether they wait because the operator wants them to, until a client comes.
    package var isHolding = false
    package var failed = 0
    /// The newest of them.
    package var failures: [Failure] = []
    /// What publishers may still write.
    package var freeBytes: Int64?
    /// Events since the start.
    package var sent: UInt64 = 0
    /// From the time in its name until an event was handed out, of the last events; nanoseconds, the shortest first.
    package var waits: [Int64] = []
    package var counters = HubCounters()
    /// What is wrong with the queue and the journal.
    package var faults: [ServerHealth.Reason] = []

    package struct Failure: Sendable {
        package let file: String
        package let reason: String
        package let unixSeconds: Int64

        /// Names a failed file.
        package init(file: String, reason: String, unixSeconds: Int64) {
            self.file = file
            self.reason = reason
            self.unixSeconds = unixSeconds
        }
    }

    /// Makes the status of a queue that nothing is known of.
    package init() {}
}
