internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// Clients that get Server-Sent Events: the same channels, rules, tokens and cursors as a WebSocket, in other frames.
///
/// They are clients with a view of their own, so what they cost is theirs; the log holds nothing for them.
extension DeliveryLoop {
    /// So long a reader waits before it comes back, unless it is told otherwise (milliseconds).
    private static let retryMilliseconds = 2_000

    /// Begins a stream.
    ///
    /// - Parameter fields: What the answer says besides, about the page that asked.
    mutating func openStream(
        _ slot: Int, _ peer: Peer, _ head: RequestHead, _ bearer: TokenVerifier.Result?, _ fields: [Response.Field],
        now: Int64
    ) {
        peer.request = nil
        peer.stage = .open
        peer.connection = context.nextConnection()
        clientCount += 1
        counters.clients += 1
        if let bearer { identify(slot, peer, as: bearer) }
        var line = LogLine(.info, "client.open").with("conn", peer.connection).with("addr", peer.address.description)
            .with("proto", "sse")
        if let identity = peer.identity { line = line.with("user", identity.user.text) }
        deliver(now: now)
        table.setReceiving(true, slot)
        context.log.write(line)
        setView(EventView(streamEpoch: context.epoch), slot, peer)
        peer.liveSince = seq
        subscriptions.name(peer.connection, slot: slot)
        owe(Self.beginning(fields) + ServerSentEvent.retry(milliseconds: Self.retryMilliseconds), slot)
        let lastEvent = lastEvent(of: head)
        let asked = subscribe(slot, peer, asAskedIn: head.target, since: lastEvent)
        let since = lastEvent ?? asked.since
        if let since { request(Replay.Request(since: since, channel: nil), slot, peer, now: now) }
        if let cursor = Cursor(epoch: context.epoch, seq: seqReached(by: slot, peer)) {
            // Who has had no event yet comes back with this.
            owe(ServerSentEvent.position(since?.text ?? cursor.text), slot)
        }
        for error in asked.errors { sendText(ServerMessage.error(error), slot) }
        sendOwed(slot, now: now)
    }

    /// What a stream ends with: a reader comes back by itself, and is told when.
    static func farewell(_ reason: String) -> [UInt8] {
        let mark = "retry_ms="
        guard reason.hasPrefix(mark), let milliseconds = Int(reason.dropFirst(mark.count)) else {
            return ServerSentEvent.comment
        }
        return ServerSentEvent.retry(milliseconds: milliseconds)
    }

    /// Where a reader that comes back has got to. What it brings goes before what its URL still says.
    private func lastEvent(of head: RequestHead) -> Cursor? {
        head.text(of: "last-event-id").flatMap { Cursor.parse($0) }
    }

    private static func beginning(_ fields: [Response.Field]) -> [UInt8] {
        Response(
            .ok,
            fields: [
                .init("Content-Type", "text/event-stream"), .init("Cache-Control", "no-store"),
                // nginx would keep events until its buffer is full.
                .init("X-Accel-Buffering", "no"),
                .init("Date", HTTPDate.text(Clock.unixNanoseconds() / 1_000_000_000)),
            ] + fields
        ).encodeStreamHead()
    }
}
