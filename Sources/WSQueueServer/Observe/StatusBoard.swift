internal import Synchronization
internal import WSQueueSystem

/// What the operator is shown: every thread writes its part here when somebody has asked, and otherwise does nothing for it.
final class StatusBoard: Sendable {
    /// How many clients are described; of more, those who are behind come first.
    static let clientLimit = 200

    /// What all threads have written.
    struct Contents {
        var hub: HubStatus?
        var clients: [ClientStatus] = []
    }

    private struct Part: Sendable {
        var at = Int64.min
        var clients: [ClientStatus] = []
    }

    private struct Parts {
        var hub: (at: Int64, status: HubStatus)?
        var loops: [Part]
    }

    private let lastRequest = Atomic<Int64>(.min)
    private let parts: Guarded<Parts>

    init(loopCount: Int) { parts = Guarded(Parts(loops: Array(repeating: Part(), count: loopCount))) }

    /// Asks all threads to write, at this moment (monotonic nanoseconds); they are to be woken.
    func ask(now: Int64) { lastRequest.store(now, ordering: .sequentiallyConsistent) }

    /// Whether somebody has asked since a thread wrote last.
    func isWanted(since written: Int64) -> Bool { lastRequest.load(ordering: .sequentiallyConsistent) > written }

    func write(_ clients: [ClientStatus], of loop: Int, now: Int64) {
        parts.withLock { $0.loops[loop] = Part(at: now, clients: clients) }
    }

    func write(_ status: HubStatus, now: Int64) { parts.withLock { $0.hub = (now, status) } }

    /// What has been written; `nil` while a thread has not answered a question of this moment.
    ///
    /// - Parameter isComplete: Whether all must have.
    func contents(since asked: Int64, isComplete: Bool) -> Contents? {
        parts.withLock { parts in
            if isComplete {
                guard let hub = parts.hub, hub.at >= asked, parts.loops.allSatisfy({ $0.at >= asked }) else {
                    return nil
                }
            }
            let clients = parts.loops.flatMap(\.clients).sorted {
                ($0.behindBytes, $1.connection) > ($1.behindBytes, $0.connection)
            }
            return Contents(hub: parts.hub?.status, clients: Array(clients.prefix(Self.clientLimit)))
        }
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
    var failed = 0
    /// The newest of them.
    var failures: [Failure] = []
    /// Events since the start.
    var sent: UInt64 = 0
    /// From the time in its name until an event was handed out, of the last events; nanoseconds, the shortest first.
    var waits: [Int64] = []

    struct Failure: Sendable {
        let file: String
        let reason: String
        let unixSeconds: Int64
    }
}
