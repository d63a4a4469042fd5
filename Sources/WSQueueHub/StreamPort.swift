internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueRedis
internal import WSQueueSequencer
internal import WSQueueSystem

/// The stream that several servers share, as the hub reaches it, and whether clients are let in meanwhile. Where the
/// order is this server's own there is no stream, and everything here does nothing.
struct StreamPort {
    private let link: RedisLink?
    private let gate: Gate
    private let log: Log

    init(_ link: RedisLink?, gate: Gate, log: Log) {
        self.link = link
        self.gate = gate
        self.log = log
    }

    /// Whether there is news to take.
    var hasNews: Bool { link?.hasNews ?? false }
    /// Whether the stream takes events now.
    var isUp: Bool { link?.isUp ?? false }

    /// Takes what the stream's thread tells, oldest first.
    func takeNews() -> [StreamNews] { link?.takeNews() ?? [] }

    /// Has the stream's thread do something.
    func post(_ orders: [StreamOrder]) { for order in orders { link?.post(order) } }

    /// Ends the stream's thread and its connections.
    func end() { link?.end() }

    /// Notes how much of what came has been used.
    func noteUsed(_ byteCount: Int) { link?.used(byteCount) }

    /// Says to the loops whether events that other servers send come here now.
    func noteFollowing(isCatchingUp: Bool) {
        guard let link else { return }
        gate.isFollowing = link.isUp && !isCatchingUp
    }

    /// Lets clients in.
    func openGate() { gate.isAdmitting = true }

    /// Lets no more clients in.
    ///
    /// - Returns: Whether they were let in before.
    func closeGate() -> Bool {
        guard gate.isAdmitting else { return false }
        gate.isAdmitting = false
        return true
    }

    /// What keeps events from the stream.
    var fault: ServerHealth.Reason? {
        link?.trouble.map { .redis($0.code, seconds: (Clock.unixNanoseconds() - $0.since) / 1_000_000_000) }
    }

    /// Says that the stream has lost events that were sent.
    func reportLoss(epoch: String, seq: UInt64, last: UInt64) {
        log.write(
            LogLine(.error, "redis.lost").with("epoch", epoch).with("seq", seq).with("last", last)
                .with("hint", "Redis has lost events that were sent; clients that return are told of the gap"))
    }

    /// Says that the history has begun anew, or could not.
    func reportRestart(epoch: String, after seq: UInt64) {
        log.write(LogLine(.notice, "journal.restart").with("epoch", epoch).with("seq", seq))
    }
    func reportRestartFault(_ error: SystemCallError) {
        log.write(LogLine(.error, "journal.error").with("error", error.description))
    }

    /// Says that an entry of the stream cannot be sent.
    func reportForeign(seq: UInt64, reason: String) {
        log.write(
            LogLine(.warning, "stream.foreign").with("seq", seq).with("reason", reason)
                .with("hint", "an entry of the stream that is no event; left out"))
    }
}
