package import WSQueueCommandLine
internal import WSQueueCore
internal import WSQueueOperation

/// What `/status.json` says, for people.
package struct StatusPage {
    private let status: JSONFields
    private let location: ServerLocation

    /// Asks a server.
    ///
    /// - Returns: The page, and what it was made of, with a line feed at its end.
    package static func ask(
        _ location: ServerLocation, token: String?
    ) throws(ServerCallError) -> (page: StatusPage, json: [UInt8]) {
        let (status, body) = try location.fetch("/status.json", token: token)
        guard status == 200 else { throw ServerLocation.refusal(status, body) }
        guard let page = StatusPage(body, from: location) else {
            throw .unavailable("what answers at \(location) is no wsqueue-server")
        }
        return (page, body + [UInt8(ascii: "\n")])
    }

    /// Reads the answer; `nil` for what is none of ours.
    init?(_ json: [UInt8], from location: ServerLocation) {
        guard let status = JSONFields(json), status.object("ready") != nil else { return nil }
        self.status = status
        self.location = location
    }

    /// Whether the server is ready.
    package var isReady: Bool { status.object("ready")?.isTrue("ready") ?? false }

    /// The page; whatever comes from elsewhere is made harmless for a terminal.
    ///
    /// - Parameter backlog: What waits for something else than the server, as far as it can be seen from here.
    func text(_ backlog: QueueBacklog?) -> String {
        let lines = [head] + reasons + [events, queue(backlog)] + failures + [journal, clients] + eachClient
        return lines.map { "\($0)\n" }.joined()
    }

    private var head: String {
        let now = status.number("time_ms") ?? 0
        let up = Self.span(milliseconds: now - (status.number("started_ms") ?? now))
        let version = status.text("version") ?? ""
        return row(isReady ? "ready" : "not ready", "wsqueue-server \(version) at \(location), up for \(up)")
    }

    private var reasons: [String] {
        (status.object("ready")?.objects("reasons") ?? []).map {
            row("", "\($0.text("reason") ?? ""): \($0.text("detail") ?? "")")
        }
    }

    private var events: String {
        var text = "\(status.number("sent") ?? 0) sent, the last is number \(status.number("seq") ?? 0)"
        if let wait = status.object("wait"), let count = wait.number("count"), count > 0 {
            let times = ["p50_us", "p99_us", "max_us"].map { Self.milliseconds(wait.number($0) ?? 0) }
            text += "; lately \(count), waited \(times[0]) ms (p50), \(times[1]) ms (p99), \(times[2]) ms at most"
        }
        return row("events", text)
    }

    private func queue(_ backlog: QueueBacklog?) -> String {
        let queue = status.object("queue")
        var text = "\(queue?.number("waiting") ?? 0)\(queue?.isTrue("more") ?? false ? " and more" : "") waiting"
        if let oldest = queue?.number("oldest_ms") { text += ", the oldest for \(Self.span(milliseconds: oldest))" }
        if let count = queue?.number("unfinished"), count > 0 { text += ", \(count) not whole" }
        text += ", \(queue?.number("failed") ?? 0) failed"
        if let backlog { text += backlog.text }
        let path = backlog?.path ?? queue?.text("path")
        return row("queue", text + (path.map { "; \($0)" } ?? ""))
    }

    private var failures: [String] {
        let now = (status.number("time_ms") ?? 0) / 1_000
        return (status.object("queue")?.objects("failures") ?? []).map { failure in
            let ago = Self.span(milliseconds: max(0, now - (failure.number("time") ?? now)) * 1_000)
            return row("", ".failed/\(failure.text("file") ?? ""), \(ago) ago: \(failure.text("reason") ?? "")")
        }
    }

    private var journal: String {
        let journal = status.object("journal")
        let (after, last) = (journal?.number("after") ?? 0, journal?.number("last") ?? 0)
        let epoch = status.text("epoch") ?? ""
        let keys = status.number("keys") ?? 0
        let state = keys > 0 ? "; \(keys) \(keys == 1 ? "key has" : "keys have") a state" : ""
        let events = last > after ? "events \(after + 1) to \(last) of \(epoch)" : "empty, of \(epoch)"
        return row("journal", events + state)
    }

    private var clients: String {
        let clients = status.object("clients")
        return row("clients", "\(clients?.number("total") ?? 0), \(clients?.number("behind") ?? 0) of them behind")
    }

    private var eachClient: [String] {
        let clients = status.object("clients")
        let list = clients?.objects("list") ?? []
        let missing = (clients?.number("total") ?? 0) - Int64(list.count)
        return list.map(line) + (missing > 0 ? [row("", "and \(missing) more")] : [])
    }

    private func line(_ client: JSONFields) -> String {
        var parts = ["\(client.number("connection") ?? 0)", client.text("address") ?? "", client.text("dialect") ?? ""]
        if let user = client.text("user") { parts.append("user \(user)") }
        let channels = client.texts("channels")
        let more = (client.number("channel_count") ?? 0) - Int64(channels.count)
        if !channels.isEmpty { parts.append(channels.joined(separator: ",") + (more > 0 ? " and \(more) more" : "")) }
        if let bytes = client.number("behind_bytes"), bytes > 0 { parts.append("\(bytes) bytes behind") }
        if let events = client.number("behind_events"), events > 0 { parts.append("\(events) events behind") }
        parts.append(Self.span(milliseconds: (client.number("age_s") ?? 0) * 1_000))
        return row("", parts.joined(separator: "  "))
    }

    private func row(_ name: String, _ text: String) -> String {
        name + String(repeating: " ", count: max(1, 11 - name.count)) + TerminalText.plain(text)
    }

    private static func milliseconds(_ microseconds: Int64) -> String {
        "\(microseconds / 1_000).\(microseconds / 100 % 10)"
    }

    /// The two largest units.
    static func span(milliseconds: Int64) -> String {
        let seconds = max(0, milliseconds) / 1_000
        return switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3_600: "\(seconds / 60) min \(seconds % 60) s"
        case ..<86_400: "\(seconds / 3_600) h \(seconds / 60 % 60) min"
        default: "\(seconds / 86_400) d \(seconds / 3_600 % 24) h"
        }
    }
}
