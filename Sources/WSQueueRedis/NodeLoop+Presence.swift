internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// News of presence on its way into the stream.
struct PresenceAnnouncement {
    /// The event's id, which no other news has: who sends it twice is heard once.
    let id: String
    let event: [UInt8]
    let told: [UInt8]
    let unixNanoseconds: Int64
}

/// Presence, as it is shared.
///
/// Every node knows who is where; one of them, the speaker, tells the channels, by events in the stream, so that all
/// clients get the same news once and in one order. The others keep what they would have told until they read it from
/// the stream: when the speaker dies, the next one tells it.
extension NodeLoop {
    /// The least time between two accounts of the whole presence: several newcomers need it once.
    static let wholeNanoseconds: Int64 = 200_000_000
    private static let speakerMilliseconds = 5_000
    /// So much sooner than Redis a speaker believes that its time is over.
    private static let speakerMarginNanoseconds: Int64 = 1_000_000_000
    private static let forgetNanoseconds: Int64 = 10_000_000_000
    /// News that were sent and are not answered.
    private static let untoldLimit = 1_024

    /// Tells the others what has changed here, and the channels what they are to be told.
    mutating func turnPresence(now: Int64) {
        if isListening { share(now: now) }
        if now >= nextForgetting {
            nextForgetting = now + Self.forgetNanoseconds
            // While Redis is away nobody tells, so nothing of it is out of date.
            let isSilent = isListening && !isSpeaker
            context.presence.withLock {
                $0.forgetTold()
                if isSilent { $0.forgetUntold() }
            }
        }
        guard isSpeaker, isListening, now < speaksUntil, untold.count < Self.untoldLimit else {
            return context.presence.withLock { $0.turnSilently(now: now) }
        }
        for news in context.presence.withLock({ $0.turn(now: now) }) { tell(news, now: now) }
    }

    /// Asks who tells the news, and takes that on where nobody does (SET with NX and GET, Redis 7).
    mutating func askForSpeaker(now: Int64) {
        guard let table else { return }
        ask(
            [
                "SET", desk.settings.key("speaker"), "\(table.node)", "NX", "GET", "PX",
                "\(Self.speakerMilliseconds)",
            ], .speaker(at: now), now: now)
    }

    /// Redis has said who tells the news.
    mutating func noteSpeaker(_ value: RESPValue, askedAt: Int64, now: Int64) {
        guard let table else { return }
        let isOwn = value.string == "\(table.node)"
        guard value == .null || isOwn else {
            isSpeaker = false
            // Who tells now tells these too.
            untold = []
            return
        }
        if isOwn {
            ask(
                ["PEXPIRE", desk.settings.key("speaker"), "\(Self.speakerMilliseconds)"], .renewed, now: now)
        }
        speaksUntil = askedAt + Int64(Self.speakerMilliseconds) * 1_000_000 - Self.speakerMarginNanoseconds
        isSpeaker = true
        // What was lost with a connection, or refused for want of room, is sent again before anything newer.
        let isUnderWay = expected.contains { if case .news = $0 { true } else { false } }
        if !isUnderWay { for one in untold { send(one, now: now) } }
        context.presence.withLock { $0.beginTelling() }
    }

    /// Sends news to the stream.
    mutating func send(_ one: PresenceAnnouncement, now: Int64) {
        var bytes: [UInt8] = []
        let maximum = "\(context.historyEvents)"
        let words = ["XADD", desk.settings.stream, "MAXLEN", "~", maximum, "0-*", "i", one.id]
        RESPCommand.begin(words.count + 6, in: &bytes)
        for word in words { RESPCommand.append(word: word.utf8.span, to: &bytes) }
        for (name, value) in [("t", Array("\(one.unixNanoseconds)".utf8)), ("e", one.event), ("p", one.told)] {
            RESPCommand.append(word: name.utf8.span, to: &bytes)
            RESPCommand.append(word: value.span, to: &bytes)
        }
        send(bytes, .news(id: one.id), now: now)
    }

    private mutating func tell(_ news: PresenceNews, now: Int64) {
        guard let table else { return }
        lastNews += 1
        let event = news.event
        let one = PresenceAnnouncement(
            id: "presence-\(context.epoch())-\(table.node)-\(lastNews)",
            event: event, told: PresenceTold(news, sender: table.node).encode(),
            unixNanoseconds: Clock.unixNanoseconds())
        untold.append(one)
        send(one, now: now)
    }

    private mutating func share(now: Int64) {
        if mustTellWhole, now - toldWholeAt >= Self.wholeNanoseconds {
            mustTellWhole = false
            toldWholeAt = now
            let pieces = NodeMessage.pieces(of: context.presence.withLock { $0.takeWhole() })
            for (index, piece) in pieces.enumerated() {
                say(.whole(version: version, piece: index, isLast: index == pieces.count - 1, piece), now: now)
            }
        }
        for piece in NodeMessage.pieces(of: context.presence.withLock { $0.takeChanges() }) where !piece.isEmpty {
            version += UInt64(piece.count)
            say(.changes(version: version, piece), now: now)
        }
    }
}
