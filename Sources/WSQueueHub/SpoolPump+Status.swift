internal import WSQueueBroker
internal import WSQueueLog
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueRedis
internal import WSQueueSequencer
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
        status.isHolding = isWaitingForClients
        status.sent = figures.sent
        status.waits = figures.lastWaits(now: now)
        status.counters = counters
        status.freeBytes = try? reader?.directory.freeBytes()
        status.faults = faults(now: now)
        if let failed = reader?.failures(limit: Self.failureLimit) {
            status.failed = failed.count
            status.failures = failed.newest.map {
                HubStatus.Failure(file: $0.name, reason: $0.reason, unixSeconds: $0.changedNanoseconds / 1_000_000_000)
            }
        }
        for loop in context.status.write(status, now: now) { context.loops.wake(loop) }
    }

    /// What keeps events from going their way, looked at anew: nothing may have gone it for a while.
    private func faults(now: Int64) -> [ServerHealth.Reason] {
        var faults: [ServerHealth.Reason] = []
        if let reader {
            do throws(SystemCallError) {
                try reader.directory.checkWritable()
            } catch {
                faults.append(.queue("the queue cannot be written: \(error.reason)"))
            }
        } else {
            faults.append(.queue("the queue cannot be used: \(missingReason)"))
        }
        if let since = journalFault?.since ?? syncFaultSince {
            faults.append(.journal("the journal could not be written for \((now - since) / 1_000_000_000) s"))
        } else {
            do throws(SystemCallError) {
                try journal.checkWritable()
            } catch {
                faults.append(.journal("the journal cannot be written: \(error.reason)"))
            }
        }
        if let trouble = stream?.link.trouble {
            faults.append(.redis(trouble.code, seconds: (Clock.unixNanoseconds() - trouble.since) / 1_000_000_000))
        }
        return faults
    }
}
