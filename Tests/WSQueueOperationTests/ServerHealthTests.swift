import Testing

@testable import WSQueueOperation

struct ServerHealthTests {
    private static let second: Int64 = 1_000_000_000

    private func names(
        _ contents: StatusBoard.Contents, isDraining: Bool = false, unix: Int64 = 1_000 * second
    ) -> [String] {
        ServerHealth(contents, isDraining: isDraining, readyAgeMilliseconds: 30_000, unix: unix).reasons.map(\.name)
    }

    private func contents(_ change: (inout HubStatus) -> Void = { _ in }) -> StatusBoard.Contents {
        var hub = HubStatus()
        change(&hub)
        return StatusBoard.Contents(hub: hub)
    }

    @Test func `a server with nothing to do is ready`() {
        let health = ServerHealth(contents(), isDraining: false, readyAgeMilliseconds: 1, unix: 0)
        #expect(health.isReady)
        #expect(String(decoding: health.json, as: UTF8.self) == #"{"ready":true,"reasons":[]}"#)
    }

    @Test func `before the first look at the queue it is not`() {
        #expect(names(StatusBoard.Contents()) == ["starting"])
        #expect(
            names(StatusBoard.Contents(stuckLoops: [1, 3], isHubStuck: true)) == ["loop", "loop", "hub", "starting"])
    }

    @Test func `what is wrong with the queue is a reason, unless the queue is being left`() {
        let broken = contents { $0.faults = [.queue("gone"), .journal("full"), .redis("LOADING", seconds: 4)] }
        #expect(names(broken) == ["queue", "journal", "redis"])
        #expect(names(broken, isDraining: true) == ["draining"])
    }

    @Test(
        arguments: [
            (970, false, []), (969, false, ["oldest"]), (969, true, []), (2_000, false, []),
            (Int64.min / second, false, ["oldest"]),
        ] as [(Int64, Bool, [String])])
    func `a file that waits for too long is one, but not for a client`(
        oldest: Int64, isHolding: Bool, expected: [String]
    ) {
        let waiting = contents {
            $0.oldestNanoseconds = oldest * Self.second
            $0.isHolding = isHolding
        }
        #expect(names(waiting) == expected)
    }

    @Test func `a reason is told in a word and for people`() {
        let old = contents { $0.oldestNanoseconds = 900 * Self.second }
        let health = ServerHealth(old, isDraining: true, readyAgeMilliseconds: 30_000, unix: 1_000 * Self.second)
        #expect(
            String(decoding: health.json, as: UTF8.self) == #"{"ready":false,"reasons":["#
                + #"{"reason":"draining","detail":"the server is being stopped"},{"reason":"oldest","#
                + #""detail":"a file has waited for 100 s, and 30 s is the limit (--ready-age)"}]}"#)
    }
}
