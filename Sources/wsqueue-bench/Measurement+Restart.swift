internal import WSQueueSystem

extension Measurement {
    /// Publishes 1,000 events a second while somebody else restarts the server; clients that it closes come back by their
    /// cursors, and every one must have got every event, once and in order, at the end.
    mutating func restart(epoch: String) throws {
        crowd.returns = Returns(epoch: epoch)
        var due = Clock.monotonicNanoseconds()
        var left = events
        let spent = try spending { measurement in
            while left > 0 {
                let count = min(left, Self.eventsPerTick)
                try measurement.source.prepare(count)
                try measurement.wait(until: due)
                measurement.crowd.expect(count)
                _ = try measurement.source.publish()
                due += Int64(count) * 1_000_000
                left -= count
            }
            while !measurement.crowd.isComplete { try measurement.crowd.turn(milliseconds: 100) }
        }
        guard let returns = crowd.returns else { return }
        var report = Report("restart")
        report.add("clients", crowd.count)
        report.add("events", events)
        report.add("seconds", spent.seconds)
        report.add("closes", returns.closes)
        report.add("back", returns.absences.count)
        report.add("refused", returns.refusals)
        report.add("retry_wishes", Set(returns.wishes).count)
        report.add("retry_max_ms", returns.wishes.max() ?? 0)
        report.add(quantilesOf: returns.absences)
        try report.write()
    }

    private static let eventsPerTick = 20
}
