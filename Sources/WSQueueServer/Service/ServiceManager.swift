internal import WSQueueEdge
package import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem

/// What the service manager that has started us gives and asks for (systemd's protocol: sd_notify(3), sd_listen_fds(3),
/// sd_watchdog_enabled(3)). Without one everything here does nothing.
///
/// It belongs to the hub's thread once the server runs, and never waits: what the manager does not take is sent again.
package struct ServiceManager: ~Copyable {
    /// The listening sockets it has passed.
    let sockets: [PassedSocket]
    /// How long it waits for a sign of life before it ends us; `nil` is for ever.
    let watchdogNanoseconds: Int64?

    private let path: String?
    private var socket: NotifySocket?
    private var unsent: [String] = []
    private var status = ""
    /// Whether the end has begun: nothing takes that back.
    private var isStopping = false
    private var nextStatus = Int64.min
    /// Why the manager cannot be told anything, until that has been said.
    private var fault: SystemCallError?

    /// Not started by a service manager.
    package init() { self.init(sockets: [], watchdogNanoseconds: nil, path: nil) }

    /// Makes it of what the manager has passed.
    ///
    /// - Parameters:
    ///   - watchdogNanoseconds: How long it waits for a sign of life; `nil` is for ever.
    ///   - path: Where it is told how things stand; `nil` where it is not.
    package init(sockets: [PassedSocket], watchdogNanoseconds: Int64?, path: String?) {
        self.sockets = sockets
        self.watchdogNanoseconds = watchdogNanoseconds
        self.path = path
        do throws(SystemCallError) {
            socket = if let path { try NotifySocket(path) } else { nil }
        } catch {
            socket = nil
            fault = error
        }
    }

    /// Reads what the manager has put into the environment, and removes it there: a child must not speak for us.
    ///
    /// To be called before there are other threads.
    package static func takeFromEnvironment() -> ServiceManager {
        let isForUs = Process.environment("WATCHDOG_PID").map { $0 == "\(Process.identifier)" } ?? true
        let microseconds = Process.environment("WATCHDOG_USEC").flatMap { Int64($0) } ?? 0
        let path = Process.environment("NOTIFY_SOCKET")
        for name in ["WATCHDOG_PID", "WATCHDOG_USEC", "NOTIFY_SOCKET"] { Process.removeFromEnvironment(name) }
        let isWatched = isForUs && path != nil && (1...longestWatchdogMicroseconds).contains(microseconds)
        return ServiceManager(
            sockets: PassedSocket.takeAll(), watchdogNanoseconds: isWatched ? microseconds * 1_000 : nil, path: path)
    }

    /// Everything works: clients can connect.
    mutating func tellReady(_ status: String) {
        guard !isStopping else { return }
        self.status = status
        send("READY=1\nSTATUS=\(status)\nMAINPID=\(Process.identifier)")
    }

    /// Files are read again; `tellReady` says when that is done.
    ///
    /// - Parameter now: Monotonic nanoseconds, by which the manager tells this answer from one to an earlier wish.
    mutating func tellReloading(now: Int64) {
        if !isStopping { send("RELOADING=1\nMONOTONIC_USEC=\(now / 1_000)") }
    }

    /// The end has begun, and may take so long whatever the manager's own limit is.
    mutating func tellStopping(milliseconds: Int) {
        isStopping = true
        let microseconds = (Int64(milliseconds) + Self.afterDrainMilliseconds) * 1_000
        send("STOPPING=1\nEXTEND_TIMEOUT_USEC=\(microseconds)\nSTATUS=Draining")
    }

    /// The hub and every loop have shown that they work.
    mutating func tellAlive() { send("WATCHDOG=1") }

    /// Sends again what the manager has not taken.
    ///
    /// - Returns: Whether it is time to say how things stand.
    mutating func turn(now: Int64) -> Bool {
        guard path != nil else { return false }
        sendUnsent()
        guard now >= nextStatus else { return false }
        nextStatus = now + Self.statusNanoseconds
        return true
    }

    /// Says how things stand, where that has changed.
    mutating func tell(status text: String) {
        guard text != status else { return }
        status = text
        send("STATUS=\(text)")
    }

    /// Why the manager cannot be told anything; given once.
    mutating func takeFault() -> SystemCallError? {
        defer { fault = nil }
        return fault
    }

    private mutating func send(_ message: String) {
        guard path != nil else { return }
        // Signs of life that were not taken are worth nothing later.
        if unsent.count < Self.unsentLimit { unsent.append(message) }
        sendUnsent()
    }

    private mutating func sendUnsent() {
        while let message = unsent.first {
            switch socket?.send(message) {
            case .wouldBlock: return
            case .failed(let error):
                fault = error
                unsent.removeFirst()
            case .sent, nil: unsent.removeFirst()
            }
        }
    }

    /// How often the manager is told how many clients there are.
    private static let statusNanoseconds: Int64 = 5_000_000_000
    private static let unsentLimit = 8
    /// What follows the drain: the journal's end, the loops' end.
    private static let afterDrainMilliseconds: Int64 = 5_000
    /// A hundred years, so that times can be added.
    private static let longestWatchdogMicroseconds: Int64 = 3_155_760_000_000_000
}
