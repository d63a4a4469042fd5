internal import WSQueueBroker
internal import WSQueueCore

/// What one client listens to, and where it is there as a user.
struct Listening {
    private var received = Reception()
    private var patterns: [ChannelPattern] = []
    private var places: [(channel: String, user: Label)] = []

    /// Since when the client has been sent what it listens to.
    var reception: Reception { received }
    var count: Int { received.count }
    /// The channels in which it is there.
    var presentIn: [String] { places.map(\.channel) }

    func contains(_ name: String) -> Bool { received.contains(name) }

    /// Whether it hears a channel, by its name or by a pattern that reaches there for this user.
    func hears(_ channel: String, _ access: Access, _ identity: Identity?, isStranger: Bool) -> Bool {
        if received.contains(channel), Channel.isValid(channel) { return true }
        return patterns.contains {
            $0.matches(channel) && access.reaches(channel, by: identity, isStranger: isStranger)
        }
    }

    mutating func begin(_ pattern: ChannelPattern, since seq: UInt64) {
        received.begin(pattern.text, since: seq)
        if !pattern.isChannel { patterns.append(pattern) }
    }

    mutating func end(_ name: String) {
        received.end(name)
        patterns.removeAll { $0.text == name }
    }

    mutating func identify(since seq: UInt64) { received.identify(since: seq) }

    mutating func extend(_ names: Set<String>, back seq: UInt64) { received.extend(names, back: seq) }

    /// The user as whom it is in a channel; `nil` when it is not.
    func user(in channel: String) -> Label? { places.first { $0.channel == channel }?.user }

    /// Notes that it is there, if the channel tracks that and it has a user.
    mutating func enter(_ channel: String, _ identity: Identity?) -> SessionAction? {
        guard Channel(channel)?.kind == .presence, let identity else { return nil }
        places.append((channel, identity.user))
        return .enter(channel, identity)
    }

    /// Notes that it is there no longer.
    mutating func leave(_ channel: String) -> SessionAction? {
        places.firstIndex { $0.channel == channel }.map { .leave(channel, places.remove(at: $0).user) }
    }
}
