internal import WSQueueSystem

/// One server, one crowd, one source of events, and the scenarios that are measured with them.
struct Measurement: ~Copyable {
    private(set) var crowd: Crowd
    private(set) var source: EventSource
    let server: ServerProcess
    /// How many events a scenario publishes.
    let events: Int
    /// How often a burst is repeated; the median counts.
    let rounds: Int
    /// How long nothing is done to see what that costs.
    let idleSeconds: Int64

    /// Opens the connections: handshakes, and what an idle client costs in memory.
    mutating func open(_ count: Int) throws {
        // What only its start needed a server may give back when that is over, a moment after its port answers.
        try wait(milliseconds: 500)
        let bare = server.ownBytes
        let kernel = KernelMemory.bytes
        var report = Report("open")
        report.add("clients", count)
        report.add("bare_mib", Double(server.residentBytes) / 1_048_576)
        let spent = try spending { try $0.crowd.open(count) }
        report.add("handshakes_per_s", Double(count) / spent.seconds)
        report.add("cpu_us", spent.processorMicroseconds / Double(count))
        try wait(milliseconds: 500)
        report.add("bytes_per_client", Double(server.ownBytes - bare) / Double(count))
        report.add("kernel_bytes_per_client", Double(KernelMemory.bytes - kernel) / Double(count))
        try report.write()
    }

    /// Opens connections of clients that are sent nothing.
    mutating func openOthers(_ count: Int) throws { try crowd.openOthers(count) }

    /// Publishes all events at once, as files or as one batch, and measures until every client has the last.
    mutating func burst(_ name: String, _ prepare: (inout EventSource, Int) throws -> Void) throws {
        for _ in 0..<rounds {
            try prepare(&source, events)
            crowd.expect(events)
            let spent = try spending { try $0.publishAndFinish() }
            try report(name, messages: events * crowd.count, spent)
            try settle()
        }
    }

    /// Publishes an event when all clients have the one before.
    mutating func lockstep() throws {
        let spent = try spending { measurement in
            for _ in 0..<measurement.events {
                try measurement.source.prepare(1)
                measurement.crowd.expect(1)
                try measurement.publishAndFinish()
            }
        }
        try report("lockstep", messages: events * crowd.count, spent)
    }

    /// Publishes 20 events a second, and measures how long each takes to each client.
    mutating func paced() throws {
        crowd.time(from: source.next)
        var due = Clock.monotonicNanoseconds()
        let spent = try spending { measurement in
            for _ in 0..<measurement.events {
                due += 50_000_000
                try measurement.source.prepare(1)
                try measurement.wait(until: due)
                measurement.crowd.expect(1)
                measurement.crowd.published(at: Clock.monotonicNanoseconds())
                try measurement.publishAndFinish()
            }
        }
        var report = Report("paced")
        report.add("clients", crowd.count)
        report.add(quantilesOf: crowd.latencies)
        report.add("cpu_us", spent.processorMicroseconds / Double(events * crowd.count))
        try report.write()
    }

    /// Does nothing for some seconds.
    mutating func idle() throws {
        try wait(milliseconds: 1_000)
        let spent = try spending { try $0.wait(milliseconds: $0.idleSeconds * 1_000) }
        var report = Report("idle")
        report.add("clients", crowd.count)
        report.add("cpu_percent", spent.processorMicroseconds / spent.seconds / 1e4)
        try report.write()
    }

    /// A burst in several batches, of which some of the clients read nothing.
    ///
    /// - Parameter stopped: How many read no more.
    mutating func parts(_ name: String, stopped: Int) throws {
        let before = server.ownBytes
        crowd.stopReading(stopped)
        // In parts, because a server may hold a batch that it sends in memory.
        for start in stride(from: 0, to: events, by: 1_000) { try source.prepareBatch(min(1_000, events - start)) }
        crowd.expect(events)
        var most = before
        let spent = try spending { measurement in
            var turns = 0
            var isBusy = try measurement.source.publish()
            while !measurement.crowd.isComplete {
                if isBusy { isBusy = try measurement.source.publish() }
                try measurement.crowd.turn(milliseconds: isBusy ? 0 : 20)
                turns += 1
                if turns % 64 == 0 { most = max(most, measurement.server.ownBytes) }
            }
        }
        most = max(most, server.ownBytes)
        var report = Report(name)
        report.add("clients", crowd.count)
        report.add("messages_per_s", Double(events * (crowd.count - stopped)) / spent.seconds)
        report.add("grown_mib", Double(most - before) / 1_048_576)
        try report.write()
    }

    /// Waits until files that lay in the spool before the crowd came have all been delivered and deleted.
    mutating func drain(_ count: Int) throws {
        let spent = try spending { measurement in
            try measurement.crowd.open(1)
            measurement.crowd.expect(count)
            try measurement.publishAndFinish()
            while try !measurement.source.isSpoolEmpty() { try measurement.wait(milliseconds: 1) }
        }
        try report("drain", messages: count, spent)
    }

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

    private mutating func publishAndFinish() throws {
        var isBusy = try source.publish()
        while !crowd.isComplete {
            if isBusy { isBusy = try source.publish() }
            try crowd.turn(milliseconds: isBusy ? 0 : 100)
        }
    }

    private mutating func wait(milliseconds: Int64) throws {
        try wait(until: Clock.monotonicNanoseconds() + milliseconds * 1_000_000)
    }

    private mutating func wait(until moment: Int64) throws {
        while true {
            let left = moment - Clock.monotonicNanoseconds()
            guard left > 0 else { return }
            try crowd.turn(milliseconds: Int32(left / 1_000_000))
        }
    }

    /// Lets the server delete the files of what it has delivered, which is part of its work.
    private mutating func settle() throws {
        while try !source.isSpoolEmpty() { try wait(milliseconds: 1) }
        try wait(milliseconds: 5)
    }

    private mutating func spending(_ body: (inout Measurement) throws -> Void) throws -> Spent {
        let processor = server.processorNanoseconds
        let start = Clock.monotonicNanoseconds()
        try body(&self)
        let seconds = Double(Clock.monotonicNanoseconds() - start) / 1e9
        try settle()
        let microseconds = Double(server.processorNanoseconds - processor) / 1_000
        return Spent(seconds: seconds, processorMicroseconds: microseconds)
    }

    private func report(_ name: String, messages: Int, _ spent: Spent) throws {
        var report = Report(name)
        report.add("clients", crowd.count)
        report.add("messages_per_s", Double(messages) / spent.seconds)
        report.add("cpu_us", spent.processorMicroseconds / Double(messages))
        try report.write()
    }
}

/// What a scenario took.
struct Spent {
    let seconds: Double
    /// The server's.
    let processorMicroseconds: Double
}
