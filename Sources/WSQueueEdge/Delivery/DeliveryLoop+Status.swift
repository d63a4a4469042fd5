internal import Synchronization
internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// Who waits to be told how the server stands.
struct StatusRequest {
    let question: StatusQuestion
    let method: RequestMethod
    /// The connection.
    let token: UInt64
    /// When it was asked (monotonic nanoseconds).
    let at: Int64
}

/// What a loop says to the operator, and the answers that wait for what all threads say.
extension DeliveryLoop {
    /// How long an answer waits for a thread that is busy.
    private static let statusPatience: Int64 = 1_000_000_000
    private static let channelsShown = 20

    /// Asks all threads how they stand; the answer follows once they have said it.
    mutating func requestStatus(
        _ question: StatusQuestion, _ method: RequestMethod, _ slot: Int, _ peer: Peer, now: Int64
    ) {
        peer.request = nil
        statusRequests.append(StatusRequest(question: question, method: method, token: table.token(of: slot), at: now))
        context.status.ask(now: now, by: index, wantsClients: question == .status)
        for loop in context.loops { loop.wakeup.signal() }
        context.hubWakeup.signal()
    }

    /// Writes how this loop stands, if somebody has asked.
    mutating func reportStatus(now: Int64) {
        guard context.status.isWanted(since: statusAt) else { return }
        let clients = context.status.wantsClients(since: statusAt) ? describeClients(now: now) : nil
        statusAt = now
        let askers = context.status.write(ownStatus, clients, of: index, now: now)
        for loop in askers { context.loops[loop].wakeup.signal() }
    }

    /// Answers those whose question all threads have answered.
    mutating func answerStatus(now: Int64) {
        let requests = statusRequests
        statusRequests = []
        for request in requests {
            let isComplete = now - request.at < Self.statusPatience
            guard
                let contents = context.status.contents(since: request.at, isComplete: isComplete, now: now)
            else {
                statusRequests.append(request)
                continue
            }
            guard let slot = table.slot(of: request.token) else { continue }
            let answer = request.question.answer(contents, context, unix: Clock.unixNanoseconds())
            respond(answer, to: request.method, slot, now: now)
        }
    }

    private var ownStatus: LoopStatus {
        var status = LoopStatus(counters: counters)
        status.streams = viewers.count { table[$0]?.isStream ?? false }
        status.webSockets = clientCount - status.streams
        status.behind = behind.count
        for slot in table.entries.indices where table.entries[slot].isBehind {
            status.behindBytes += behindBytes(slot)
        }
        return status
    }

    private func describeClients(now: Int64) -> [ClientStatus] {
        var clients: [ClientStatus] = []
        for wantsBehind in [true, false] {
            for slot in table.entries.indices where clients.count < StatusBoard.clientLimit {
                guard table.entries[slot].isReceiving, table.entries[slot].isBehind == wantsBehind,
                    let peer = table[slot]
                else { continue }
                clients.append(status(of: slot, peer, now: now))
            }
        }
        return clients
    }

    private func behindBytes(_ slot: Int) -> Int {
        let owed = behind[slot].map { Int(context.publications.end - $0.cursor) } ?? 0
        return owed + (table[slot]?.outbox.count ?? 0)
    }

    private func status(of slot: Int, _ peer: Peer, now: Int64) -> ClientStatus {
        let channels = subscriptions.channels(of: slot)
        let left = peer.replay.map { Int(seq + 1 - min(seq + 1, $0.next)) } ?? 0
        return ClientStatus(
            connection: peer.connection, address: peer.address.description, user: peer.identity?.user.text,
            dialect: peer.isStream ? "sse" : peer.speaksProtocol ? Handshake.subprotocol : "plain",
            channels: Array(channels.sorted().prefix(Self.channelsShown)), channelCount: channels.count,
            behindBytes: behindBytes(slot), behindEvents: left, seconds: (now - peer.openedAt) / 1_000_000_000)
    }
}
