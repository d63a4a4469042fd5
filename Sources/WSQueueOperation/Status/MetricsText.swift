internal import WSQueueNet
internal import WSQueueSystem

/// What `GET /metrics` says. The names are API.
package enum MetricsText {
    package static func encode(_ contents: StatusBoard.Contents, _ facts: StatusFacts, unix: Int64) -> [UInt8] {
        var page = PrometheusText()
        let hub = contents.hub ?? HubStatus()
        writeEvents(hub, contents.loops.counters, &page)
        writeQueue(hub, unix: unix, &page)
        writeClients(contents.loops, facts, &page)
        page.metric(
            "wsqueue_journal_bytes", .gauge, "Size of the journal's segments.", facts.journalBytes)
        page.metric(
            "wsqueue_keys", .gauge, "Keys that have a state, each in each of its channels.", facts.keys.count)
        page.metric(
            "wsqueue_keys_bytes", .gauge, "Memory of the events that are the state of their keys.", facts.keys.bytes)
        page.metric(
            "wsqueue_keys_refused_total", .counter, "Events with keys for whose state there was no room.",
            facts.keys.refused)
        page.metric(
            "wsqueue_log_suppressed_total", .counter,
            "Log lines that were folded into one with repeat, summed up in events.sum, or dropped.",
            UInt64(facts.suppressedLines) + hub.counters.summedLines)
        page.information(
            "wsqueue_build_info", "What is running.",
            [("version", facts.version), ("epoch", facts.epoch)])
        writeProcess(facts, &page)
        return page.bytes
    }

    private static func writeEvents(_ hub: HubStatus, _ loops: LoopCounters, _ page: inout PrometheusText) {
        let counters = hub.counters
        page.metric(
            "wsqueue_events_total", .counter,
            "Events by what became of them; held are files that waited because no client was connected.", by: "result",
            [
                ("sent", hub.sent), ("rejected", counters.rejected), ("expired", counters.expired),
                ("duplicate", counters.duplicates), ("held", counters.held),
            ])
        page.metric(
            "wsqueue_event_bytes_total", .counter, "Bytes of events as clients get them, each message once.",
            counters.bytes)
        page.metric(
            "wsqueue_deliveries_total", .counter,
            "Clients that an event was for when it was sent, of all events together.", loops.deliveries)
        page.histogram(
            "wsqueue_wait_seconds", "From the publisher's time until the event was broadcast.", counters.waits)
        page.histogram(
            "wsqueue_send_seconds",
            "From the broadcast of an event until the last byte for the last client was handed to the kernel.",
            counters.sends)
        page.metric(
            "wsqueue_resumes_total", .counter, "Clients that came back for what they had missed.", by: "result",
            [("complete", loops.resumes), ("gap", loops.gaps)])
        page.metric(
            "wsqueue_unsure_gaps_total", .counter,
            "Of the gaps those that may be none: what is gone was for more channels or users than are remembered each.",
            loops.unsureGaps)
        page.metric(
            "wsqueue_replayed_events_total", .counter, "Events of the past that were sent to clients that came back.",
            loops.replayed)
    }

    private static func writeQueue(_ hub: HubStatus, unix: Int64, _ page: inout PrometheusText) {
        page.metric(
            "wsqueue_queue_files", .gauge,
            "Files that wait in the queue, of a backlog those that are known; not those that are due later.",
            hub.waiting + hub.unfinished)
        page.metric(
            "wsqueue_queue_oldest_seconds", .gauge, "Age of the oldest of them by its name; 0 when none waits.",
            seconds: hub.oldestNanoseconds.map { Double(max(0, unix / 1_000 - $0 / 1_000)) / 1e6 } ?? 0)
        page.metric("wsqueue_queue_failed_files", .gauge, "Files in .failed/, reasons apart.", hub.failed)
        if let free = hub.freeBytes {
            page.metric(
                "wsqueue_queue_free_bytes", .gauge, "What may still be written to the queue's file system.", free)
        }
        page.metric(
            "wsqueue_inotify_overflows_total", .counter, "How often the kernel has lost notices about the queue.",
            hub.counters.overflows)
        page.metric(
            "wsqueue_scans_total", .counter, "Listings of the queue, by why it was listed.", by: "cause",
            zip(HubCounters.ScanCause.allCases, hub.counters.scans).map { ($0.rawValue, $1) })
    }

    private static func writeClients(_ loops: LoopStatus, _ facts: StatusFacts, _ page: inout PrometheusText) {
        page.metric(
            "wsqueue_clients", .gauge, "Clients that are connected.", by: "transport",
            [("websocket", loops.webSockets), ("sse", loops.streams)])
        page.metric("wsqueue_clients_total", .counter, "Clients that have connected.", loops.counters.clients)
        page.metric(
            "wsqueue_client_closes_total", .counter, "Clients that have gone, by their close code.", by: "code",
            loops.counters.closes.sorted { $0.key < $1.key }.map { ("\($0.key)", $0.value) })
        page.metric(
            "wsqueue_client_buffer_bytes", .gauge, "What clients are owed and their sockets have not taken.",
            loops.behindBytes)
        page.metric(
            "wsqueue_auth_failures_total", .counter, "Tokens that were refused.", by: "reason",
            facts.authFailures)
    }

    private static func writeProcess(_ facts: StatusFacts, _ page: inout PrometheusText) {
        let figures = ProcessFigures.now()
        page.metric(
            "process_cpu_seconds_total", .counter, "Processor time, in all threads.",
            seconds: Double(figures.processorNanoseconds) / 1e9)
        if let bytes = figures.residentBytes {
            page.metric("process_resident_memory_bytes", .gauge, "Memory in use.", bytes)
        }
        if let bytes = figures.virtualBytes {
            page.metric("process_virtual_memory_bytes", .gauge, "Address space in use.", bytes)
        }
        if let count = figures.openDescriptors {
            page.metric("process_open_fds", .gauge, "Open file descriptors.", count)
        }
        page.metric("process_max_fds", .gauge, "The limit of open file descriptors.", facts.descriptorLimit)
        page.metric(
            "process_start_time_seconds", .gauge, "When the server was started, Unix seconds.",
            seconds: Double(facts.startedAtUnix / 1_000_000) / 1e3)
    }
}
