internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog

extension JournalRecordText {
    /// Whether it is for some clients by who they are, and not by what they listen to.
    package var isPersonal: Bool {
        !(recipients?.isEmpty ?? true && excepts.isEmpty && exceptedUsers.isEmpty)
    }

    /// Whom the event was for.
    ///
    /// - Parameter hasConnections: Whether the connections that it leaves out are still those.
    func addressing(hasConnections: Bool) -> Broker.Addressing {
        let users = exceptedUsers.compactMap { Label($0) }
        return Broker.Addressing(
            channels: channels, recipients: recipients,
            except: Exceptions(connections: hasConnections ? excepts : [], users: users))
    }
}
