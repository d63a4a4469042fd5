internal import WSQueueCore
internal import WSQueueWire

/// What the query of a client's request asks for: `channels=a,b`, `events=a.*,b`, `heartbeat=app` and `since=<cursor>`. The
/// first two may come several times, also as forms write lists.
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
    /// - Parameter lastEvent: Where a reader that comes back says that it has got to: it goes before what its URL still
    ///   says.
    init(_ target: RequestTarget, lastEvent: String?) {
        var errors: [ClientError] = []
        channels = target.values(of: "channels").flatMap { $0.split(separator: ",") }.map(String.init)
        let globs = target.values(of: "events").filter { !$0.isEmpty }.joined(separator: ",")
        filter = EventFilter(globs)
        if filter == nil, !globs.isEmpty {
            errors.append(.invalidField("events", expected: "up to \(EventFilter.globLimit) names, * for any part"))
        }
        let heartbeat = target.value(of: "heartbeat") ?? ""
        hearsNoPings = heartbeat == "app"
        if !heartbeat.isEmpty, !hearsNoPings { errors.append(.invalidField("heartbeat", expected: "app, or nothing")) }
        // A reader of a stream that has had no event yet may send an empty one.
        let places = [lastEvent.flatMap { $0.isEmpty ? nil : $0 }, target.value(of: "since")].compactMap(\.self)
        let cursors = places.map { Cursor.parse($0) }
        if cursors.contains(nil) { errors.append(.invalidCursor) }
        since = cursors.compactMap(\.self).first
        self.errors = errors
    }
}

extension [ClientError] {
    /// Adds an error, which is told once though it is about many names.
    ///
    /// - Returns: Whether there may be room for further channels.
    mutating func addOnce(_ error: ClientError) -> Bool {
        if error.channel != nil || !contains(error) { append(error) }
        return error.code != ClientError.tooManyChannels
    }
}
