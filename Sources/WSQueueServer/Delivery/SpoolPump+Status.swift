internal import WSQueueBroker
internal import WSQueueLog
internal import WSQueueSpool
internal import WSQueueSystem

/// What the hub says to the operator.
extension SpoolPump {
    /// How many failed files are named.
    private static let failureLimit = 20

    /// Writes how the queue stands, if somebody has asked.
    mutating func reportStatus(now: Int64) {
        guard context.status.isWanted(since: statusAt) else { return }
        statusAt = now
        var status = HubStatus()
        status.seq = broker.seq
        status.waiting = queue.count + (batch == nil ? 0 : 1)
        status.isMore = queue.isTruncated
        status.unfinished = unfinished.names.count + failing.count
        status.oldestNanoseconds = (batch?.file ?? queue.oldest)?.nanoseconds
        status.sent = figures.sent
        status.waits = figures.lastWaits(now: now)
        if let failed = reader?.failures(limit: Self.failureLimit) {
            status.failed = failed.count
            status.failures = failed.newest.map {
                HubStatus.Failure(file: $0.name, reason: $0.reason, unixSeconds: $0.changedNanoseconds / 1_000_000_000)
            }
        }
        context.status.write(status, now: now)
    }
}
