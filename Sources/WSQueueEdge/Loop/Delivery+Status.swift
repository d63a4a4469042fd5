internal import WSQueueBroker
internal import WSQueueConnections
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSession

/// What the operator is shown of a loop's clients.
extension Delivery {
    private static var channelsShown: Int { 20 }

    /// The loop as it sees itself.
    func status(_ counters: LoopCounters) -> LoopStatus {
        var status = LoopStatus(counters: counters)
        for slot in connections.slots {
            let standing = connections.standing(of: slot)
            if standing.isReceiving, connections[slot]?.isStream ?? false { status.streams += 1 }
            if standing.isOwed { status.behindBytes += owedCount(slot) }
        }
        status.webSockets = clientCount - status.streams
        status.behind = behindCount
        return status
    }

    /// Some clients, those that are behind first.
    func describeClients(_ subscriptions: SubscriptionTable, limit: Int, now: Int64) -> [ClientStatus] {
        var clients: [ClientStatus] = []
        for wantsOwed in [true, false] {
            for slot in connections.slots where clients.count < limit {
                let standing = connections.standing(of: slot)
                guard standing.isReceiving, standing.isOwed == wantsOwed, let connection = connections[slot] else {
                    continue
                }
                clients.append(describe(slot, connection, subscriptions, now: now))
            }
        }
        return clients
    }

    private func describe(
        _ slot: Int, _ connection: Connection, _ subscriptions: SubscriptionTable, now: Int64
    ) -> ClientStatus {
        let channels = subscriptions.channels(of: slot)
        let (user, dialect) = connection.withSession { ($0.identity?.user.text, $0.dialect) } ?? (nil, .plain)
        return ClientStatus(
            connection: connection.number, address: connection.line.address.description, user: user,
            dialect: dialect.name,
            channels: Array(channels.sorted().prefix(Self.channelsShown)), channelCount: channels.count,
            behindBytes: owedCount(slot), behindEvents: eventsLeft(slot),
            seconds: (now - connection.line.openedAt) / 1_000_000_000)
    }
}
