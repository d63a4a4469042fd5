internal import WSQueueSystem

extension Measurement {
    /// Publishes all events while nobody is there, and waits until the server has done with them.
    mutating func fill() throws {
        try source.prepareBatch(events)
        let start = Clock.monotonicNanoseconds()
        let processor = server.processorNanoseconds
        while try source.publish() { try wait(milliseconds: 1) }
        while try !source.isSpoolEmpty() { try wait(milliseconds: 1) }
        // Other servers do not say when they have done.
        var before = server.processorNanoseconds
        repeat {
            before = server.processorNanoseconds
            try wait(milliseconds: 200)
            // Their answers, which nobody reads, would stop them.
            _ = try source.publish()
        } while server.processorNanoseconds - before > Self.restNanoseconds
        var report = Report("fill")
        report.add("clients", 0)
        report.add("seconds", Double(Clock.monotonicNanoseconds() - start) / 1e9)
        report.add("cpu_us", Double(before - processor) / 1_000 / Double(events))
        try report.write()
    }

    /// Lets all clients come at once, for all that was published before, and measures until each has it.
    mutating func past(_ count: Int, every: Int) throws {
        let before = server.ownBytes
        var most = before
        let spent = try spending { measurement in
            try measurement.crowd.openForPast(count, events: measurement.events, step: every)
            var turns = 0
            while !measurement.crowd.isComplete {
                try measurement.crowd.turn(milliseconds: 20)
                turns += 1
                if turns % 16 == 0 { most = max(most, measurement.server.ownBytes) }
            }
        }
        most = max(most, server.ownBytes)
        let messages = events / every * count
        var report = Report("past")
        report.add("clients", count)
        report.add("seconds", spent.seconds)
        report.add("messages_per_s", Double(messages) / spent.seconds)
        report.add("cpu_us", spent.processorMicroseconds / Double(messages))
        // What was looked at, for each client.
        report.add("record_cpu_us", spent.processorMicroseconds / Double(events * count))
        report.add("grown_mib", Double(most - before) / 1_048_576)
        try report.write()
    }

    /// Publishes 20 events a second at their times, however long those before take, until standard input ends.
    mutating func live() throws {
        var due = Clock.monotonicNanoseconds()
        var news = StandardInput.News.nothing
        while news != .end {
            crowd.time(from: source.next)
            var count = 0
            repeat {
                due += 50_000_000
                try source.prepare(1)
                try wait(until: due)
                crowd.expect(1)
                crowd.published(at: Clock.monotonicNanoseconds())
                _ = try source.publish()
                count += 1
                news = StandardInput.look()
            } while news == .nothing
            while !crowd.isComplete { try crowd.turn(milliseconds: 20) }
            var report = Report("live")
            report.add("clients", crowd.count)
            report.add("events", count)
            report.add(quantilesOf: crowd.latencies)
            try report.write()
        }
    }

    /// So much processor time in 200 ms is none.
    private static let restNanoseconds: Int64 = 2_000_000
}
