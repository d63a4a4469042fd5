internal import WSQueueCommandLine
internal import WSQueueWire

/// What a client has missed, held back until all of it has come.
///
/// A server tells that something is missing after the rest, in which it may stand anywhere: one that must not go on after a
/// gap has to know before the first event. And one that takes its time with each keeps no server waiting meanwhile. The end
/// is where the server says the client's place for the last time.
struct HeldPast {
    private let isWanted: Bool
    private var held: [EventStreamReader.Message] = []
    private var ready: ArraySlice<EventStreamReader.Message> = []
    /// How many places come before live events do.
    private var placesLeft = 0

    /// What has been taken apart takes several times the memory of what came.
    private static let portion = 1_000

    init(isWanted: Bool) { self.isWanted = isWanted }

    /// Whether it has not come yet.
    var isAwaited: Bool { placesLeft > 0 }

    /// Begins a connection.
    mutating func connect(asksForPast: Bool, asksForState: Bool) {
        (held, ready) = ([], [])
        // Where the state is asked for the place at the beginning is not told.
        placesLeft = !isWanted ? 0 : asksForState ? 1 : asksForPast ? 2 : 0
    }

    /// Takes messages.
    ///
    /// - Returns: Those that may be used now, of very many the first; once the past is whole, what is no event first.
    mutating func admit(_ messages: [EventStreamReader.Message]) -> [EventStreamReader.Message] {
        guard placesLeft > 0 else { return messages }
        var rest = messages[...]
        while placesLeft > 0, let message = rest.popFirst() {
            if message.data == nil { placesLeft -= 1 }
            held.append(message)
        }
        guard placesLeft == 0 else { return [] }
        ready = (held.filter(isAside) + held.filter { !isAside($0) } + rest)[...]
        held = []
        return next()
    }

    /// The next of those that may be used; none when all have been.
    mutating func next() -> [EventStreamReader.Message] {
        defer { ready = ready.dropFirst(Self.portion) }
        return Array(ready.prefix(Self.portion))
    }

    /// Whether it says that something is missing or not given; what frames the state stays where it stands.
    private func isAside(_ message: EventStreamReader.Message) -> Bool {
        guard !message.isPlace, let data = message.data, let fields = JSONFields(data) else { return false }
        return fields.text("event") == nil && fields.text("action") != "state"
    }
}
