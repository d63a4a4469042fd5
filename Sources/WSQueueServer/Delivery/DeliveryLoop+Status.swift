internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueNet
internal import WSQueueSystem
internal import WSQueueWire

/// What a loop says to the operator, and the answers that wait for what all threads say.
extension DeliveryLoop {
    /// How long an answer waits for a thread that is busy.
    private static let statusPatience: Int64 = 1_000_000_000
    private static let channelsShown = 20

    /// Asks all threads how they stand; the answer follows with one of the next ticks.
    mutating func requestStatus(_ slot: Int, _ peer: Peer, _ method: RequestMethod, now: Int64) {
        peer.request = nil
        statusRequests.append((table.token(of: slot), method, now))
        context.status.ask(now: now)
        for loop in context.loops { loop.wakeup.signal() }
        context.hubWakeup.signal()
    }

    /// Writes how this loop's clients are, if somebody has asked.
    mutating func reportStatus(now: Int64) {
        guard context.status.isWanted(since: statusAt) else { return }
        statusAt = now
        var clients: [ClientStatus] = []
        for wantsBehind in [true, false] {
            for slot in table.entries.indices where clients.count < StatusBoard.clientLimit {
                guard table.entries[slot].isReceiving, table.entries[slot].isBehind == wantsBehind,
                    let peer = table[slot]
                else { continue }
                clients.append(status(of: slot, peer, now: now))
            }
        }
        context.status.write(clients, of: index, now: now)
    }

    /// Answers those whose question all threads have answered.
    mutating func answerStatus(now: Int64) {
        let requests = statusRequests
        statusRequests = []
        for request in requests {
            let isComplete = now - request.at < Self.statusPatience
            guard let contents = context.status.contents(since: request.at, isComplete: isComplete) else {
                statusRequests.append(request)
                continue
            }
            guard let slot = table.slot(of: request.token) else { continue }
            let fields: [Response.Field] = [
                .init("Content-Type", "application/json"), .init("Cache-Control", "no-store"),
            ]
            let body = StatusText.encode(contents, context, unix: Clock.unixNanoseconds())
            respond(Response(.ok, fields: fields, body: body), to: request.method, slot, now: now)
        }
    }

    private func status(of slot: Int, _ peer: Peer, now: Int64) -> ClientStatus {
        let channels = subscriptions.channels(of: slot)
        let owed = behind[slot].map { Int(context.publications.end - $0.cursor) } ?? 0
        let left = peer.replay.map { Int(seq + 1 - min(seq + 1, $0.next)) } ?? 0
        return ClientStatus(
            connection: peer.connection, address: peer.address.description, user: peer.identity?.user.text,
            dialect: peer.isStream ? "sse" : peer.speaksProtocol ? Handshake.subprotocol : "plain",
            channels: Array(channels.sorted().prefix(Self.channelsShown)), channelCount: channels.count,
            behindBytes: owed + peer.outbox.count, behindEvents: left, seconds: (now - peer.openedAt) / 1_000_000_000)
    }
}
