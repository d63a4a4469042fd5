internal import WSQueueAccess
internal import WSQueueCore
package import WSQueueLog
package import WSQueueOperation
package import WSQueueWire

/// A question about the server.
package enum StatusQuestion {
    /// Clients and queue, for the live page and `wsqueue-server status`.
    case status
    /// Counters, for Prometheus.
    case metrics
    /// Whether the event loops go round, for a manager that restarts a server whose loops do not.
    case live
    /// Whether the whole way of an event works, for a load balancer.
    case ready

    /// Whether all may ask. A load balancer has no token, and what it is told is no secret.
    var isPublic: Bool { self == .live || self == .ready }
}

/// The pages about the server, as all threads have written what they know.
package struct StatusPages: Sendable {
    private let journal: Journal
    private let gate: Gate
    private let counters: ClientCounters
    private let log: Log
    private let queuePath: String
    private let takesPublications: Bool
    private let readyAgeMilliseconds: Int
    private let version: String
    private let descriptorLimit: Int
    /// The wall clock when the server came, nanoseconds.
    private let startedAtUnix: Int64

    package init(
        _ journal: Journal, _ gate: Gate, _ counters: ClientCounters, _ log: Log, _ configuration: Configuration,
        takesPublications: Bool, descriptorLimit: Int, startedAtUnix: Int64
    ) {
        self.journal = journal
        self.gate = gate
        self.counters = counters
        self.log = log
        self.takesPublications = takesPublications
        readyAgeMilliseconds = configuration.readyAgeMilliseconds
        queuePath = configuration.queuePath
        version = configuration.version
        self.descriptorLimit = descriptorLimit
        self.startedAtUnix = startedAtUnix
    }

    /// The answer to a question.
    ///
    /// - Parameter unix: The wall clock, nanoseconds.
    package func answer(_ question: StatusQuestion, _ contents: StatusBoard.Contents, unix: Int64) -> Response {
        switch question {
        case .status:
            let text = StatusText.encode(contents, health(contents, unix: unix), facts, unix: unix)
            return Self.response(.ok, "application/json", text)
        case .metrics:
            return Self.response(.ok, PrometheusText.contentType, MetricsText.encode(contents, facts, unix: unix))
        case .live:
            let isLive = contents.stuckLoops.isEmpty
            let text = isLive ? "live\n" : "stuck event loops: \(contents.stuckLoops)\n"
            return Self.response(isLive ? .ok : .serviceUnavailable, "text/plain; charset=utf-8", Array(text.utf8))
        case .ready:
            let health = health(contents, unix: unix)
            let text = health.json + Array("\n".utf8)
            return Self.response(health.isReady ? .ok : .serviceUnavailable, "application/json", text)
        }
    }

    private func health(_ contents: StatusBoard.Contents, unix: Int64) -> ServerHealth {
        ServerHealth(
            contents, isDraining: gate.isDraining, readyAgeMilliseconds: readyAgeMilliseconds, unix: unix)
    }

    private var facts: StatusFacts {
        let kept = journal.kept.events
        return StatusFacts(
            epoch: journal.epoch, queuePath: queuePath, journalAfter: journal.precedingSeq,
            journalLast: journal.lastSeq, journalBytes: journal.size.bytes,
            keys: (kept.keyCount, kept.byteCount, kept.refusedCount), takesPublications: takesPublications,
            version: version,
            startedAtUnix: startedAtUnix, suppressedLines: log.suppressedLines, authFailures: counters.authFailures,
            descriptorLimit: descriptorLimit)
    }

    private static func response(_ status: HTTPStatus, _ type: String, _ body: [UInt8]) -> Response {
        Response(status, fields: [.init("Content-Type", type), .init("Cache-Control", "no-store")], body: body)
    }
}

/// Decides who is told how the server stands: the operator, and for ``StatusQuestion/isPublic`` everyone.
struct StatusRoutes {
    let access: RequestAccess

    /// Looks at who asks: a program on this machine, or one with a token whose role is `admin`.
    func route(
        _ question: StatusQuestion, _ route: HTTPRoute, _ head: RequestHead, from source: RequestSource
    ) -> Router.Route {
        guard route.methods.contains(head.method) else { return .respond(route.notAllowed) }
        if question.isPublic || access.isThisMachine(head, from: source) { return .status(question, head.method) }
        switch access.bearer(of: head, offered: nil) {
        case .success(let bearer?) where bearer.identity.roles.contains("admin"): return .status(question, head.method)
        case .failure(let error): return .respond(access.refuse(error, from: source.address))
        default:
            let advice =
                "Ask on the server's own machine, at 127.0.0.1, while it listens there only (--local on otherwise), "
                + "or with a token whose role is admin."
            return .respond(Response(.forbidden, advice: advice))
        }
    }
}
