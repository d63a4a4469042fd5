internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// News of who is where: events like others, but without a file.
extension SpoolPump {
    /// Publishes what the channels are to be told by now.
    mutating func publishPresence(now: Int64, unix: Int64) {
        // Of several nodes one tells, by the stream (``NodeLoop``). A batch has nothing in between.
        guard context.configuration.redis == nil, batch == nil, hasRoom, !isJournalBehind else { return }
        for news in context.presence.withLock({ $0.turn(now: now) }) { publish(news, unix: unix) }
    }

    /// How long the hub may sleep for the sake of presence.
    func presenceSleepMilliseconds(now: Int64) -> Int64 {
        guard context.configuration.redis == nil else { return 1_000 }
        let dueAt = context.presence.withLock { $0.dueAt }
        guard dueAt > now else { return 0 }
        // Before it is divided: the hub is woken each second whatever comes.
        return (min(dueAt - now, 1_000_000_000) + 999_999) / 1_000_000
    }

    private mutating func publish(_ news: PresenceNews, unix: Int64) {
        let bytes = news.event
        guard let text = try? EventText.decode(bytes.span) else { return }
        let decision = broker.publish(
            Broker.Addressing(channels: [news.channel]), expiresAtSeconds: nil,
            nowSeconds: Double(unix) / 1_000_000_000)
        guard case .send(let seq, let audiences) = decision else { return }
        let id = Array("presence-\(context.epoch)-\(seq)".utf8)
        let seconds = unix / 1_000_000_000
        for audience in audiences {
            let channel = audience.channel.flatMap { Channel($0) }
            message.write(
                text, EventMessageFields(unixSeconds: seconds, id: id, seq: seq, channel: channel), in: bytes.span)
            appendMessage(seq: seq, audience: audience)
        }
        message.write(text, EventMessageFields(unixSeconds: seconds, id: id, seq: seq, channel: nil), in: bytes.span)
        var record = JournalRecord(
            seq: seq, unixNanoseconds: unix, identity: JournalRecord.Identity(id: id, stamp: 0))
        record.channels = [news.channel]
        let written = message.message
        journal.stage(record, message: written.span)
    }
}
