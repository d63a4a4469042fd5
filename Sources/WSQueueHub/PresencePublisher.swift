internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueWire

/// News of who is where: events like others, but without a file.
struct PresencePublisher {
    private let presence: SharedPresence
    /// Whether the hub tells them; of several nodes one does, by the stream.
    private let tellsHere: Bool

    init(_ presence: SharedPresence, tellsHere: Bool) {
        self.presence = presence
        self.tellsHere = tellsHere
    }

    /// What the channels are to be told by now: each piece as an event that can be sent. What a client says of itself may
    /// lie too deep in an event; such news are left out before they have a number.
    func take(now: Int64) -> [(channel: String, event: [UInt8], text: EventText)] {
        guard tellsHere else { return [] }
        return presence.withLock { $0.turn(now: now) }.compactMap { news in
            let event = news.event
            return (try? EventText.decode(event.span)).map { (news.channel, event, $0) }
        }
    }

    /// How long the hub may sleep for the sake of presence, milliseconds.
    func sleepMilliseconds(now: Int64) -> Int64 {
        guard tellsHere else { return 1_000 }
        let dueAt = presence.withLock { $0.dueAt }
        guard dueAt > now else { return 0 }
        // Before it is divided: the hub is woken each second whatever comes.
        return (min(dueAt - now, 1_000_000_000) + 999_999) / 1_000_000
    }

    /// The stream has brought news of presence, and what stood beside it: the channel need not be told again.
    func noteTold(_ bytes: [UInt8]) {
        guard let told = PresenceTold.decode(bytes.span) else { return }
        presence.withLock { $0.told(told) }
    }
}
