/// News of presence on its way into the stream.
struct PresenceAnnouncement: Equatable, Sendable {
    /// The event's id, which no other news has: sending it twice delivers it once.
    let id: String
    let event: [UInt8]
    /// What other nodes read of it.
    let told: [UInt8]
    let unixNanoseconds: Int64
}

/// Whether this node tells the channels the news of presence, and which of it may not be in the stream yet.
///
/// Every node knows who is where; one of them, the speaker, tells the channels, by events in the stream, so that all
/// clients get the same news once and in one order. The others keep what they would have told until they read it from
/// the stream: when the speaker dies, the next one tells it.
struct NodeSpeaker: Sendable {
    private var isChosen = false
    /// Until when it speaks if it is not chosen again.
    private var until: Int64 = 0
    /// News that may not be in the stream yet, oldest first.
    private var untold: [PresenceAnnouncement] = []
    /// How many of it were sent and have no answer.
    private var underWay = 0
    private var lastNumber: UInt64 = 0

    /// How long Redis keeps the speaker's number, milliseconds.
    static let milliseconds: Int64 = 5_000
    /// How much earlier than Redis a speaker takes its time to be over.
    private static let marginNanoseconds: Int64 = 1_000_000_000
    /// How much news may wait for its answer before no more is sent.
    private static let untoldLimit = 1_024

    /// Whether Redis has said that this node speaks, and not that another one does.
    var isSpeaker: Bool { isChosen }

    /// Whether this node may tell news now.
    func mayTell(now: Int64) -> Bool { isChosen && now < until && untold.count < Self.untoldLimit }

    /// Redis says that another node speaks. It tells what this one has not told, too.
    mutating func yield() {
        isChosen = false
        untold = []
    }

    /// Redis says that this node speaks; it was asked at that time.
    ///
    /// - Returns: What is to be sent again before anything newer: it was lost with a connection, or refused for want of
    ///   room.
    mutating func speak(askedAt: Int64) -> [PresenceAnnouncement] {
        until = askedAt + Self.milliseconds * 1_000_000 - Self.marginNanoseconds
        isChosen = true
        guard underWay == 0 else { return [] }
        underWay = untold.count
        return untold
    }

    /// Takes news that is sent now.
    ///
    /// - Parameter prefix: What no news of another process begins with.
    mutating func add(_ event: [UInt8], told: [UInt8], prefix: String, unix: Int64) -> PresenceAnnouncement {
        lastNumber += 1
        let news = PresenceAnnouncement(
            id: "\(prefix)-\(lastNumber)", event: event, told: told, unixNanoseconds: unix)
        untold.append(news)
        underWay += 1
        return news
    }

    /// Redis has answered.
    ///
    /// - Parameter isTold: Whether the news is in the stream.
    mutating func answer(_ id: String, isTold: Bool) {
        underWay = max(0, underWay - 1)
        if isTold { untold.removeAll { $0.id == id } }
    }

    /// The connection is lost: another node may speak by the time that this one is back.
    mutating func disconnect() {
        until = 0
        underWay = 0
    }
}
