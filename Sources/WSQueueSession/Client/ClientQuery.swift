internal import WSQueueCore
internal import WSQueueWire

/// What the query of a client's request asks for: `channels=a,b`, `events=a.*,b`, `heartbeat=app` and `since=<cursor>`.
struct ClientQuery {
    /// The channels and patterns, as they were written.
    let channels: [String]
    /// Where the client wants to go on.
    let since: Cursor?
    /// Which events it wants; `nil` says nothing of that.
    let filter: EventFilter?
    /// Whether it cannot see the protocol's pings.
    let hearsNoPings: Bool
    /// What was wrong, in the order in which it is told, after what was wrong with the channels.
    let errors: [ClientError]

    /// Reads a query.
    ///
    /// - Parameter lastEvent: Where a reader that comes back has got to: it goes before what its URL still says.
    init(_ target: RequestTarget, lastEvent: Cursor?) {
        var errors: [ClientError] = []
        channels = target.value(of: "channels")?.split(separator: ",").map(String.init) ?? []
        hearsNoPings = target.value(of: "heartbeat") == "app"
        let globs = target.value(of: "events") ?? ""
        filter = EventFilter(globs)
        if filter == nil, !globs.isEmpty {
            errors.append(.invalidField("events", expected: "up to \(EventFilter.globLimit) names, * for any part"))
        }
        let named = target.value(of: "since")
        let cursor = named.flatMap { Cursor.parse($0) }
        if named != nil, cursor == nil { errors.append(.invalidCursor) }
        since = lastEvent ?? cursor
        self.errors = errors
    }
}
