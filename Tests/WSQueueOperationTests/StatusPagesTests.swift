import Testing

@testable import WSQueueOperation

struct StatusPagesTests {
    private static let facts = StatusFacts(
        epoch: "e1", queuePath: "/q", journalAfter: 3, journalLast: 9, journalBytes: 77, keys: (2, 300, 1),
        takesPublications: true, version: "1.2", startedAtUnix: 5_000_000_000, suppressedLines: 4,
        authFailures: [("expired", 2)],
        descriptorLimit: 1_024)

    private static func contents() -> StatusBoard.Contents {
        var hub = HubStatus()
        (hub.seq, hub.sent, hub.waiting, hub.isMore, hub.unfinished) = (9, 8, 3, true, 1)
        hub.oldestNanoseconds = 8_000_000_000
        hub.failed = 2
        hub.failures = [HubStatus.Failure(file: "a\"b", reason: "no JSON", unixSeconds: 6)]
        hub.freeBytes = 55
        hub.waits = (1...100).map { $0 * 1_000 }
        hub.counters.rejected = 6
        hub.counters.summedLines = 10
        for (index, cause) in HubCounters.ScanCause.allCases.enumerated() where cause == .change {
            hub.counters.scans[index] = 2
        }
        hub.counters.waits.count(nanoseconds: 1_000_000)
        var loops = LoopStatus()
        (loops.webSockets, loops.streams, loops.behind, loops.behindBytes) = (2, 1, 1, 70)
        loops.counters.closes = [1006: 3, 1000: 1]
        let client = ClientStatus(
            connection: 5, address: "[::1]:9", user: "42", dialect: "wsqueue.v1", channels: ["a", "b.*"],
            channelCount: 7, behindBytes: 70, behindEvents: 2, seconds: 60)
        return StatusBoard.Contents(hub: hub, clients: [client], loops: loops)
    }

    @Test func `the status has everything in the order that readers know`() {
        let contents = Self.contents()
        let health = ServerHealth(contents, isDraining: false, readyAgeMilliseconds: 30_000, unix: 10_000_000_000)
        let page = StatusText.encode(contents, health, Self.facts, unix: 10_000_000_000)
        #expect(
            String(decoding: page, as: UTF8.self) == #"{"epoch":"e1","seq":9,"sent":8,"time_ms":10000,"#
                + #""wait":{"count":100,"p50_us":51,"p99_us":100,"max_us":100},"#
                + #""queue":{"waiting":3,"more":true,"unfinished":1,"oldest_ms":2000,"failed":2,"#
                + #""failures":[{"file":"a\"b","reason":"no JSON","time":6}],"path":"/q"},"#
                + #""clients":{"total":3,"behind":1,"list":[{"connection":5,"address":"[::1]:9","#
                + #""dialect":"wsqueue.v1","user":"42","channels":["a","b.*"],"channel_count":7,"behind_bytes":70,"#
                + #""behind_events":2,"age_s":60}]},"journal":{"after":3,"last":9},"keys":2,"publish":true,"version":"1.2","#
                + #""started_ms":5000,"ready":{"ready":true,"reasons":[]}}"#)
    }

    @Test func `a server that has just begun has a status too`() {
        let contents = StatusBoard.Contents()
        let health = ServerHealth(contents, isDraining: false, readyAgeMilliseconds: 1, unix: 0)
        let page = String(decoding: StatusText.encode(contents, health, Self.facts, unix: 0), as: UTF8.self)
        #expect(page.contains(#""wait":{"count":0,"p50_us":0,"p99_us":0,"max_us":0}"#))
        #expect(
            page.contains(#""queue":{"waiting":0,"more":false,"unfinished":0,"failed":0,"failures":[],"path":"/q"}"#))
    }

    @Test(arguments: [
        #"wsqueue_events_total{result="sent"} 8"#, #"wsqueue_events_total{result="rejected"} 6"#,
        "wsqueue_queue_files 4", "wsqueue_queue_oldest_seconds 2.0", "wsqueue_queue_failed_files 2",
        "wsqueue_queue_free_bytes 55", #"wsqueue_scans_total{cause="change"} 2"#,
        #"wsqueue_scans_total{cause="overflow"} 0"#, #"wsqueue_clients{transport="websocket"} 2"#,
        #"wsqueue_clients{transport="sse"} 1"#, #"wsqueue_client_closes_total{code="1006"} 3"#,
        "wsqueue_client_buffer_bytes 70", #"wsqueue_auth_failures_total{reason="expired"} 2"#,
        "wsqueue_journal_bytes 77", "wsqueue_log_suppressed_total 14",
        #"wsqueue_build_info{version="1.2",epoch="e1"} 1"#, "wsqueue_wait_seconds_count 1", "process_max_fds 1024",
        "process_start_time_seconds 5.0",
    ])
    func `each number of the metrics is the one that was counted`(line: String) {
        let page = MetricsText.encode(Self.contents(), Self.facts, unix: 10_000_000_000)
        #expect(String(decoding: page, as: UTF8.self).split(separator: "\n").contains(Substring(line)))
    }

    @Test func `closes come in the order of their codes, and what is not known is left out`() {
        let page = String(decoding: MetricsText.encode(Self.contents(), Self.facts, unix: 0), as: UTF8.self)
        let codes = page.split(separator: "\n").filter { $0.hasPrefix("wsqueue_client_closes_total{") }
        #expect(codes.map { $0.suffix(8) } == [#""1000"} 1"#.suffix(8), #""1006"} 3"#.suffix(8)])
        let empty = String(decoding: MetricsText.encode(.init(), Self.facts, unix: 0), as: UTF8.self)
        #expect(!empty.contains("wsqueue_queue_free_bytes") && empty.contains("wsqueue_queue_oldest_seconds 0.0"))
        #expect(empty.contains("process_resident_memory_bytes ") && empty.contains("process_open_fds "))
    }
}
