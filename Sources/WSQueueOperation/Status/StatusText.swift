internal import WSQueueNet
internal import WSQueueSystem
internal import WSQueueWire

/// What `GET /status.json` says: numbers in the unit that their names end with.
package enum StatusText {
    package static func encode(
        _ contents: StatusBoard.Contents, _ health: ServerHealth, _ facts: StatusFacts, unix: Int64
    ) -> [UInt8] {
        let hub = contents.hub ?? HubStatus()
        return JSONObjectOutput("epoch", facts.epoch).number("seq", hub.seq).number("sent", hub.sent)
            .number("time_ms", unix / 1_000_000)
            .raw("wait", waits(hub.waits)).raw("queue", queue(hub, facts, unix: unix))
            .raw("clients", clients(contents.clients, contents.loops))
            .raw("journal", journal(facts)).number("keys", facts.keys.count).truth("publish", facts.takesPublications)
            .text("version", facts.version)
            .number("started_ms", facts.startedAtUnix / 1_000_000).raw("ready", health.json)
            .finished()
    }

    private static func waits(_ waits: [Int64]) -> [UInt8] {
        func microseconds(_ percent: Int) -> Int64 {
            waits.isEmpty ? 0 : waits[min(waits.count - 1, waits.count * percent / 100)] / 1_000
        }
        return JSONObjectOutput(first: "count", waits.count).number("p50_us", microseconds(50))
            .number("p99_us", microseconds(99)).number("max_us", microseconds(100)).finished()
    }

    private static func queue(_ hub: HubStatus, _ facts: StatusFacts, unix: Int64) -> [UInt8] {
        let failures = hub.failures.map { failure in
            JSONObjectOutput("file", failure.file).text("reason", failure.reason).number("time", failure.unixSeconds)
                .finished()
        }
        var output = JSONObjectOutput(first: "waiting", hub.waiting).truth("more", hub.isMore)
            .number("unfinished", hub.unfinished)
        // Events that are not due yet are not old.
        if let oldest = hub.oldestNanoseconds { output = output.number("oldest_ms", max(0, unix - oldest) / 1_000_000) }
        return output.number("failed", hub.failed).raw("failures", list(failures))
            .text("path", facts.queuePath).finished()
    }

    private static func clients(_ clients: [ClientStatus], _ loops: LoopStatus) -> [UInt8] {
        let each = clients.map { client in
            var output = JSONObjectOutput(first: "connection", client.connection).text("address", client.address)
                .text("dialect", client.dialect)
            if let user = client.user { output = output.text("user", user) }
            return output.raw("channels", list(client.channels.map(JSONObjectOutput.json)))
                .number("channel_count", client.channelCount).number("behind_bytes", client.behindBytes)
                .number("behind_events", client.behindEvents).number("age_s", client.seconds).finished()
        }
        return JSONObjectOutput(first: "total", loops.webSockets + loops.streams).number("behind", loops.behind)
            .raw("list", list(each)).finished()
    }

    private static func journal(_ facts: StatusFacts) -> [UInt8] {
        JSONObjectOutput(first: "after", facts.journalAfter).number("last", facts.journalLast)
            .finished()
    }

    /// A list of values.
    package static func list(_ items: [[UInt8]]) -> [UInt8] {
        [UInt8(ascii: "[")] + Array(items.joined(separator: [UInt8(ascii: ",")])) + [UInt8(ascii: "]")]
    }
}
