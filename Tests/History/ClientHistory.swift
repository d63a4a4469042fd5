/// What one client has heard, over all its connections.
struct ClientHistory {
    /// What an event is to a client.
    enum Arrival: Equatable {
        case new
        /// A later one of the same publisher came before.
        case late(after: Int)
        /// Whether a moment was between after which the server may not know that, and whether it came on this connection.
        case again(id: String, isDoubted: Bool, isHere: Bool)
    }

    /// Numbers of an epoch that the client has passed without being told of a gap.
    private struct Stretch {
        let epoch: String
        let after: UInt64
        var upTo: UInt64
    }

    var channels: Set<String> = []
    /// The numbering of its connection, and the highest number it has heard there.
    private(set) var epoch = ""
    private(set) var seq: UInt64 = 0
    private var arrived: [EventNumber: (id: String, doubts: Int, connection: Int)] = [:]
    private var connections = 0
    /// How many moments of doubt there were before its connection.
    private var doubts = 0
    private var last: [Int: Int] = [:]
    private var stretches: [Stretch] = []
    private var isResuming = false
    private var gone: Set<EventNumber> = []

    /// Whether it listens for what is published in a channel, or in none.
    func wants(_ channel: String?) -> Bool { channel.map(channels.contains) ?? true }

    func has(_ event: EventNumber) -> Bool { arrived[event] != nil }

    /// Whether a gap has told it that it does not get this event.
    func knowsGone(_ event: EventNumber) -> Bool { gone.contains(event) }
    mutating func noteGone(_ event: EventNumber) { gone.insert(event) }

    /// Whether it should have what has this number.
    func hasPassed(_ place: HistoryChecker.Place) -> Bool {
        stretches.contains { $0.epoch == place.epoch && place.seq > $0.after && place.seq <= $0.upTo }
    }

    mutating func connect(_ cursor: HistoryCursor?, doubts: Int) {
        self.doubts = doubts
        connections += 1
        isResuming = cursor != nil
        guard let cursor, stretches.last?.epoch != cursor.epoch else { return }
        stretches.append(Stretch(epoch: cursor.epoch, after: cursor.seq, upTo: cursor.seq))
    }

    mutating func welcome(_ cursor: HistoryCursor) {
        if epoch != cursor.epoch {
            epoch = cursor.epoch
            seq = 0
        }
        // Without a cursor it is owed what comes from here on; what it has had before stays as it is.
        guard !isResuming else { return }
        seq = max(seq, cursor.seq)
        stretches.append(Stretch(epoch: cursor.epoch, after: cursor.seq, upTo: cursor.seq))
    }

    mutating func resume(_ cursor: HistoryCursor, gap: HistoryCursor?) {
        isResuming = false
        if gap == nil, let open = stretches.last, open.epoch == cursor.epoch {
            stretches[stretches.count - 1].upTo = max(open.upTo, cursor.seq)
        } else {
            // A gap that ends in another numbering tells of all of it.
            let end = gap.map { $0.epoch == cursor.epoch ? $0.seq : cursor.seq }
            stretches.append(Stretch(epoch: cursor.epoch, after: end ?? cursor.seq, upTo: cursor.seq))
        }
        epoch = cursor.epoch
        seq = max(seq, cursor.seq)
    }

    mutating func take(_ number: UInt64, _ event: EventNumber, id: String) -> Arrival {
        seq = max(seq, number)
        // In a replay it does not know yet whether a gap will be told.
        if !isResuming, let open = stretches.last, open.epoch == epoch {
            stretches[stretches.count - 1].upTo = max(open.upTo, number)
        }
        if let known = arrived[event] {
            return .again(
                id: known.id, isDoubted: known.doubts < doubts, isHere: known.connection == connections)
        }
        arrived[event] = (id, doubts, connections)
        defer { last[event.publisher] = max(last[event.publisher] ?? 0, event.number) }
        if let before = last[event.publisher], before > event.number { return .late(after: before) }
        return .new
    }
}
