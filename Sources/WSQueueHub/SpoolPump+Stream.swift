internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueRedis
internal import WSQueueSequencer
internal import WSQueueSpool
package import WSQueueSystem

/// Events of the stream that several servers share, on their way to the clients.
extension SpoolPump {
    private static let retryNanoseconds: Int64 = 100_000_000

    /// Begins to share an order with others, if that is wanted.
    package mutating func share(in queue: Directory) throws(SystemCallError) {
        guard let settings = context.configuration.redis else { return }
        let link = try RedisLink(settings, node: try NodeIdentity(in: queue), hubWakeup: context.hubWakeup)
        stream = SharedStream(
            link: link,
            outbox: StreamOutbox(
                stream: settings.stream, historyEvents: context.configuration.journalEvents))
        try link.start(after: broker.seq, epoch: context.epoch, log: context.log)
    }

    var hasStreamNews: Bool { stream.map { $0.link.hasNews } ?? false }
    var hasStreamItems: Bool { stream?.hasItems ?? false }

    /// Whether something of the stream's can be done now.
    var hasStreamWork: Bool {
        guard let stream, stream.hasItems, !stream.isStopping else { return false }
        return stream.nextTry == 0
    }

    /// Takes what the stream's thread has to say.
    mutating func hearStream(unix: Int64) {
        guard let stream else { return }
        context.gate.isFollowing = stream.link.isUp && stream.catchUp == nil
        for news in stream.link.takeNews() {
            switch news {
            case .fenced(let sent): stream.sentFiles = sent.map(StreamOutbox.files) ?? [:]
            case .written(let number, let seq):
                stream.outbox.finish()
                stream.writtenNumber = number
                stream.writtenSeq = max(stream.writtenSeq, seq)
            case .entries(let entries): stream.add(entries)
            case .attached(let place): stream.add(place)
            case .down:
                // Who has been here before may have what the journal has.
                if journal.isKept, context.journal.inheritedSeq > 0 { context.gate.isAdmitting = true }
            }
        }
    }

    /// Uses what has come from the stream next.
    ///
    /// - Returns: Whether there was anything that could be used.
    mutating func takeStreamItem(now: Int64, unix: Int64) -> Bool {
        guard let stream, !stream.isStopping, now >= stream.nextTry, let item = stream.nextItem else { return false }
        stream.nextTry = 0
        switch item {
        case .entry(let entry):
            if entry.seq > broker.seq + 1 {
                // Trimmed before it could be read.
                let isBegun = restartHistory(epoch: context.epoch, after: entry.seq - 1, now: now, unix: unix)
                guard isBegun else { return false }
            }
            stream.removeItem()
            take(entry, now: now, unix: unix)
        case .place(let place):
            guard resolve(place, now: now, unix: unix) else { return false }
            stream.removeItem()
        }
        return true
    }

    /// Lets clients in once everything is here that was in the stream when it was found.
    mutating func openIfCaughtUp() {
        guard let end = stream?.catchUp, broker.seq >= end else { return }
        stream?.catchUp = nil
        context.gate.isAdmitting = true
    }

    /// Gives an entry to the clients, unless they have had it.
    private mutating func take(_ entry: StreamEntry, now: Int64, unix: Int64) {
        defer { stream?.link.used(entry.byteCount) }
        guard entry.seq > broker.seq else { return }
        if let told = entry.told { context.noteTold(told) }
        let bytes = entry.event.span
        do throws(EventFault) {
            let text = try EventFile.decode(bytes)
            guard max(1, text.channels.count) * (bytes.count + 1_024) <= eventRoomBytes else {
                throw EventFault(reason: "larger than this server's --event-size allows", offset: 0)
            }
            let event = SpooledEvent(text: text, entry: entry)
            if journal.knows(event.identity(in: bytes)) { return broker.skip(to: entry.seq) }
            guard let settled = append(event, bytes, place: entry.seq, present: Clock.unixNanoseconds(), unix: unix)
            else { return }
            settlement.add(settled, end: writer.position)
        } catch {
            broker.skip(to: entry.seq)
            context.log.write(
                LogLine(.warning, "stream.foreign").with("seq", entry.seq).with("reason", error.reason)
                    .with("hint", "an entry of the stream that is no event; left out"))
        }
    }

    /// Decides where to read on in the stream that was found.
    ///
    /// - Returns: Whether that could be decided now.
    private mutating func resolve(_ place: StreamPlace, now: Int64, unix: Int64) -> Bool {
        keep(now: now, unix: unix)
        let isOurs = place.epoch == context.epoch
        if isOurs, hasGoneBack(place) {
            let name = RandomText.make(count: 8)
            context.log.write(
                LogLine(.error, "redis.lost").with("epoch", context.epoch).with("seq", broker.seq)
                    .with("last", place.last)
                    .with("hint", "Redis has lost events that were sent; clients that return are told of the gap"))
            stream?.link.post(.renew(from: context.epoch, to: name, attempt: place.attempt))
            return true
        }
        if !isOurs || place.first > broker.seq + 1 {
            guard restartHistory(epoch: place.epoch, after: place.first - 1, now: now, unix: unix) else { return false }
        }
        stream?.catchUp = place.last
        stream?.link.post(.follow(after: broker.seq, attempt: place.attempt))
        return true
    }

    /// Whether the stream has not the events any more that it had.
    private func hasGoneBack(_ place: StreamPlace) -> Bool {
        if place.last < broker.seq { return true }
        guard let probe = place.probe, probe.seq == broker.seq, let known = context.journal.identity(of: probe.seq),
            let text = try? EventFile.decode(probe.event.span)
        else { return false }
        return SpooledEvent(text: text, entry: probe).identity(in: probe.event.span) != known
    }

    /// Begins the history anew; clients that were here come back and are told.
    ///
    /// - Returns: Whether the journal could be begun.
    private mutating func restartHistory(epoch: String, after seq: UInt64, now: Int64, unix: Int64) -> Bool {
        keep(now: now, unix: unix)
        do throws(SystemCallError) {
            try journal.restart(epoch: epoch, precedingSeq: seq, unix: unix)
        } catch {
            context.log.write(LogLine(.error, "journal.error").with("error", error.description))
            stream?.nextTry = now + Self.retryNanoseconds
            return false
        }
        context.log.write(LogLine(.notice, "journal.restart").with("epoch", epoch).with("seq", seq))
        if context.gate.isAdmitting {
            context.gate.isAdmitting = false
            // Those who come back are let in when everything is here again.
            if stream?.catchUp == nil { stream?.catchUp = seq }
        }
        broker.skip(to: seq)
        writer.skip(to: seq)
        announce()
        // Behind the number, so that a loop that reads this finds it.
        context.loops.tellRenumbering()
        syncer?.request(journal.takeUnsynced(), position: writer.position)
        return true
    }
}
