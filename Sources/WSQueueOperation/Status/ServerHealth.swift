internal import WSQueueWire

/// Readiness for load balancers: whether an event can travel from queue to client now, and if not, why.
package struct ServerHealth: Sendable {
    /// One reason not to be ready. What another part of the way needs (a link to other servers, for one) joins here.
    package struct Reason: Sendable {
        /// In a word, which monitoring may look for.
        package let name: String
        /// For people; names no path, because everyone who reaches the server may read it.
        package let detail: String

        package static let starting = Reason(name: "starting", detail: "the queue has not been looked at yet")
        package static let draining = Reason(name: "draining", detail: "the server is being stopped")
        package static let hub = Reason(name: "hub", detail: "the thread that reads the queue is stuck")
        package static func loop(_ number: Int) -> Reason {
            Reason(name: "loop", detail: "event loop \(number) is stuck")
        }
        package static func queue(_ detail: String) -> Reason { Reason(name: "queue", detail: detail) }
        package static func journal(_ detail: String) -> Reason { Reason(name: "journal", detail: detail) }
        package static func redis(_ code: String, seconds: Int64) -> Reason {
            Reason(name: "redis", detail: "Redis cannot be used (\(code)) for \(seconds) s; files wait")
        }
        package static func oldest(seconds: Int64, limit: Int64) -> Reason {
            Reason(
                name: "oldest", detail: "a file has waited for \(seconds) s, and \(limit) s is the limit (--ready-age)")
        }
    }

    package let reasons: [Reason]
    package var isReady: Bool { reasons.isEmpty }

    /// Judges what all threads have written.
    ///
    /// - Parameter unix: The wall clock, nanoseconds.
    package init(_ contents: StatusBoard.Contents, isDraining: Bool, readyAgeMilliseconds: Int, unix: Int64) {
        var reasons = contents.stuckLoops.map(Reason.loop)
        if contents.isHubStuck { reasons.append(.hub) }
        if isDraining { reasons.append(.draining) }
        guard let hub = contents.hub else {
            self.reasons = reasons + [.starting]
            return
        }
        // A queue that is being left is not missing.
        if !isDraining { reasons += hub.faults }
        // A load balancer must not pass by a server whose files wait for a first client.
        if let oldest = hub.oldestNanoseconds, !hub.isHolding {
            let (byName, isTooLong) = unix.subtractingReportingOverflow(oldest)
            let age = hub.oldestAgeNanoseconds ?? (isTooLong ? .max : byName)
            if age > Int64(readyAgeMilliseconds) * 1_000_000 {
                reasons.append(
                    .oldest(
                        seconds: age / 1_000_000_000, limit: Int64(readyAgeMilliseconds) / 1_000))
            }
        }
        self.reasons = reasons
    }

    /// `{"ready":true,"reasons":[]}`, each reason with its name and detail.
    package var json: [UInt8] {
        let list = reasons.map { JSONObjectOutput("reason", $0.name).text("detail", $0.detail).finished() }
        return JSONObjectOutput("ready", isReady).raw("reasons", StatusText.list(list)).finished()
    }
}
