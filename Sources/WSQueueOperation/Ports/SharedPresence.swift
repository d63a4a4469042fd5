package import WSQueueBroker
internal import WSQueueCore
internal import WSQueueSystem
package import WSQueueWire

/// Who is where, as all threads share it: the loops say who comes and goes, and the hub, or the thread that speaks with
/// other nodes, tells the others.
package final class SharedPresence: Sendable {
    private let presence: Guarded<Presence>

    /// No one is anywhere.
    package init(_ rule: PresenceRule) { presence = Guarded(Presence(rule)) }

    /// Looks at it, or changes it, while no other thread does.
    package func withLock<Result>(_ body: (inout Presence) -> Result) -> Result { presence.withLock { body(&$0) } }
}

extension PresenceNews {
    /// The event that tells it, as one in the queue would be written.
    package var event: [UInt8] {
        let payload = ServerMessage.presenceNews(
            members: users.map(PresenceMember.init), unnamed: unnamed, count: count)
        // A channel's name has nothing that JSON would have to escape.
        let head = "{\"event\":\"presence.\(kind.rawValue)\",\"channel\":\"\(channel)\",\"payload\":"
        return Array(head.utf8) + payload + Array("}".utf8)
    }
}

extension PresenceMember {
    /// A user as clients see it.
    package init(_ user: PresentUser) {
        self.init(
            user: user.user.text, status: PresenceStatus(rawValue: user.status) ?? .online, activity: user.activity,
            info: user.info)
    }
}
