internal import WSQueueEdge
internal import WSQueueOperation
internal import WSQueueSystem

/// What the service manager is told of the server, and when: that it is ready, that it lives, how it stands.
struct ServiceFront: ~Copyable {
    private var manager: ServiceManager
    private var watchdog: Watchdog?
    private let log: Log
    /// Whether it has been said that clients can connect.
    private var isAnnounced = false
    /// Whether files are being read again, and the loops have not all applied what they say.
    private var isReloading = false
    private var isStopping = false
    private let startedAt = Clock.monotonicNanoseconds()

    /// From this moment on clients are let in though Redis has not been reached: they are asked to come back.
    private static let patienceNanoseconds: Int64 = 1_000_000_000

    init(_ manager: consuming ServiceManager, log: Log) {
        watchdog = manager.watchdogNanoseconds.map {
            Watchdog(intervalNanoseconds: $0, now: Clock.monotonicNanoseconds())
        }
        self.manager = manager
        self.log = log
    }

    /// Seconds since the server was started.
    var seconds: Int64 { (Clock.monotonicNanoseconds() - startedAt) / 1_000_000_000 }

    /// Whether something is to be said that could not be said before.
    ///
    /// - Parameter isAdmitting: Whether clients are let in. What other servers have sent is read first, but Redis is not
    ///   waited for.
    func hasNews(_ loops: [LoopHandle], isAdmitting: Bool) -> Bool {
        if watchdog?.isContent(loops) == true { return true }
        guard !isStopping else { return false }
        return canAnnounce(loops, isAdmitting: isAdmitting) || (isAnnounced && hasReloaded(loops))
    }

    /// How long the hub may sleep for the sake of the watchdog.
    func sleepMilliseconds(now: Int64) -> Int32 { watchdog?.sleepMilliseconds(now: now) ?? .max }

    /// Whether it can be said that clients can connect: every loop waits for them, and the directory has been looked at.
    func canAnnounce(_ loops: [LoopHandle], isAdmitting: Bool) -> Bool {
        guard !isAnnounced, loops.allSatisfy(\.isOpen) else { return false }
        return isAdmitting || Clock.monotonicNanoseconds() - startedAt > Self.patienceNanoseconds
    }

    /// Says so.
    ///
    /// - Parameters:
    ///   - line: For the log.
    ///   - status: What `systemctl status` shows.
    mutating func announce(_ line: LogLine, status: String) {
        isAnnounced = true
        log.write(line)
        manager.tellReady(status)
    }

    /// Gives the sign of life, and says what could not be said before.
    ///
    /// - Returns: Whether it is time to say how things stand.
    mutating func turn(_ loops: [LoopHandle]) -> Bool {
        tellIfAlive(loops)
        guard isAnnounced else { return false }
        if let fault = manager.takeFault() {
            log.write(
                LogLine(.warning, "config.warn").with("error", fault.description)
                    .with("hint", "the service manager cannot be told how the server stands; it may end it"))
        }
        return manager.turn(now: Clock.monotonicNanoseconds()) || hasReloaded(loops)
    }

    /// Says how things stand, and that files have been read again where the loops have applied them.
    mutating func tell(_ loops: [LoopHandle], status: String) {
        guard hasReloaded(loops) else { return manager.tell(status: status) }
        isReloading = false
        manager.tellReady(status)
    }

    /// A sign of life, if the hub and every loop give one.
    mutating func tellIfAlive(_ loops: [LoopHandle]) {
        if watchdog?.turn(now: Clock.monotonicNanoseconds(), loops) == true { manager.tellAlive() }
    }

    /// Files are read again; the loops apply what they say.
    mutating func beginReloading() {
        isReloading = true
        manager.tellReloading(now: Clock.monotonicNanoseconds())
    }

    /// The end has begun.
    mutating func tellStopping(milliseconds: Int) {
        isStopping = true
        manager.tellStopping(milliseconds: milliseconds)
    }

    private func hasReloaded(_ loops: [LoopHandle]) -> Bool { isReloading && !loops.contains(where: \.isReviewing) }
}
