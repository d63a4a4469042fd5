internal import WSQueueCore
internal import WSQueueWire

/// What the query of a client's request asks for: `channels=a,b`, `events=a.*,b`, `heartbeat=app`, `state=1`, `poll=1`,
/// `watch=1` and `since=…`.
/// The first two may come several times, also as forms write lists.
struct ClientQuery {
    /// The channels and patterns, as they were written, each once; beside names that are none as many as a client may have.
    let channels: [String]
    /// The first that is one too many: those after it are not looked at.
    let surplus: String?
    /// Where the client wants to go on; who wants what there is wants all of it, or the state.
    let since: Since?
    /// Whether it wants the state of what it listens to.
    let wantsState: Bool
    /// Which events it wants; `nil` says nothing of that.
    let filter: EventFilter?
    /// Whether it cannot see the protocol's pings.
    let hearsNoPings: Bool
    /// Whether it wants what there is, and no more; only a body can end so.
    let isPoll: Bool
    /// What is done before all else: a client that only looks on is no reason to give out a file.
    let first: [SessionAction]
    /// What was wrong, in the order in which it is told, after what was wrong with the channels.
    let errors: [ClientError]

    /// Reads a query.
    ///
    /// - Parameter lastEvent: Where a reader that comes back says that it has got to: it goes before what its URL still
    ///   says.
    init(_ target: RequestTarget, _ dialect: ClientDialect, lastEvent: String?, channelLimit: Int) {
        var errors: [ClientError] = []
        (channels, surplus) = Self.distinct(
            target.values(of: "channels").flatMap { $0.split(separator: ",") }, limit: channelLimit)
        let globs = target.values(of: "events").filter { !$0.isEmpty }.joined(separator: ",")
        filter = EventFilter(globs) ?? (globs.isEmpty ? nil : .nothing)
        if filter == .nothing {
            errors.append(.invalidField("events", expected: "up to \(EventFilter.globLimit) names, * for any part"))
        }
        let heartbeat = target.value(of: "heartbeat") ?? ""
        hearsNoPings = heartbeat == "app"
        if !heartbeat.isEmpty, !hearsNoPings { errors.append(.invalidField("heartbeat", expected: "app, or nothing")) }
        for (name, wanted) in [("as", "payload"), ("names", "1"), ("poll", "1"), ("state", "1"), ("watch", "1")] {
            guard let value = target.value(of: name), !["", "0", wanted].contains(value) else { continue }
            errors.append(.invalidField(name, expected: "\(wanted), or nothing"))
        }
        // Who reads the state of a moment counts as nobody anyway.
        first = dialect != .document && target.value(of: "watch") == "1" ? [.watch] : []
        isPoll = dialect == .document || (dialect == .stream && target.value(of: "poll") == "1")
        // A document's state is asked for when all its channels are known, and it has no other past.
        wantsState = dialect != .document && target.value(of: "state") == "1"
        // A reader of a stream that has had no event yet may send an empty one.
        let places = [lastEvent.flatMap { $0.isEmpty ? nil : $0 }, target.value(of: "since")].compactMap(\.self)
        let beginnings = places.map { Since.parse($0) }
        if beginnings.contains(nil) { errors.append(.invalidSince) }
        let all = isPoll && !wantsState ? Since.all : nil
        since = dialect == .document ? nil : beginnings.compactMap(\.self).first ?? all
        self.errors = errors
    }

    private static func distinct(_ names: [Substring], limit: Int) -> (names: [String], surplus: String?) {
        var (found, seen) = ([String](), Set<Substring>())
        var left = limit
        for name in names where seen.insert(name).inserted {
            let name = String(name)
            if ChannelPattern(name) != nil { left -= 1 }
            if left < 0 { return (found, name) }
            found.append(name)
        }
        return (found, nil)
    }
}

extension [ClientError] {
    /// Adds an error, which is told once though it is about many names.
    mutating func addOnce(_ error: ClientError) { if error.channel != nil || !contains(error) { append(error) } }
}

extension ClientError {
    /// A subscription that is one too many.
    static func tooManyChannels(_ name: String) -> ClientError {
        ClientError("Too many channels; unsubscribe from one first", code: tooManyChannels, channel: name)
    }
}

extension [SessionAction] {
    /// Counts a subscription that is one too many, and tells of it.
    mutating func refuse(_ name: String, _ errors: inout [ClientError]) {
        append(.note(.tooManyChannels))
        errors.addOnce(.tooManyChannels(name))
    }
}
