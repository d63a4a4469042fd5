extension HistoryEntry {
    /// Reads one line of a history; `nil` when it is none.
    package init?(line: Substring) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard let entry = Self.read(words) else { return nil }
        self = entry
    }

    private static func read(_ words: [String]) -> HistoryEntry? {
        switch words.first {
        case "publish":
            guard words.count >= 4, let publisher = Int(words[1]), let number = Int(words[2]),
                let publication = Publication(Array(words[3...]))
            else { return nil }
            return .publish(EventNumber(publisher: publisher, number: number), publication)
        case "server":
            guard words.count == 3 else { return nil }
            return ServerChange(rawValue: words[2]).map { .server(words[1], $0) }
        case "power": return words == ["power", "cut"] ? .powerCut : nil
        case "lost":
            guard words.count == 3, let publisher = Int(words[1]), let number = Int(words[2]) else { return nil }
            return .lost(EventNumber(publisher: publisher, number: number))
        case "redis": return words == ["redis", "loss"] ? .redisLoss : nil
        case "disk": return words == ["disk", "error"] ? .diskError : nil
        case "client":
            guard words.count >= 3 else { return nil }
            return ClientFact(Array(words[2...])).map { .client(words[1], $0) }
        case "left": return words.count == 2 ? .left(file: words[1]) : nil
        default: return nil
        }
    }

    /// The line that says this.
    package var line: String {
        switch self {
        case .publish(let event, let publication):
            "publish \(event.publisher) \(event.number) \(publication.words)"
        case .server(let name, let change): "server \(name) \(change.rawValue)"
        case .powerCut: "power cut"
        case .diskError: "disk error"
        case .redisLoss: "redis loss"
        case .lost(let event): "lost \(event.publisher) \(event.number)"
        case .client(let name, let fact): "client \(name) \(fact.words)"
        case .left(let file): "left \(file)"
        }
    }
}

extension HistoryEntry.Publication {
    fileprivate init?(_ words: [String]) {
        switch (words[0], words.count) {
        case ("invoked", 3):
            guard let hash = UInt64(words[1], radix: 16) else { return nil }
            self = .invoked(hash: hash, channel: words[2] == "-" ? nil : words[2])
        case ("ok", 2):
            guard let survival = HistoryEntry.Survival(rawValue: words[1]) else { return nil }
            self = .ok(survival)
        case ("failed", 1): self = .failed
        case ("unknown", 1): self = .unknown
        default: return nil
        }
    }

    fileprivate var words: String {
        switch self {
        case .invoked(let hash, let channel): "invoked \(String(hash, radix: 16)) \(channel ?? "-")"
        case .ok(let survival): "ok \(survival.rawValue)"
        case .failed: "failed"
        case .unknown: "unknown"
        }
    }
}

extension HistoryEntry.ClientFact {
    fileprivate init?(_ words: [String]) {
        switch (words[0], words.count) {
        case ("listens", 2):
            self = .listens(channels: words[1] == "-" ? [] : words[1].split(separator: ",").map(String.init))
        case ("connects", 2):
            let cursor = HistoryCursor(words[1])
            guard cursor != nil || words[1] == "-" else { return nil }
            self = .connects(cursor)
        case ("welcome", 2):
            guard let cursor = HistoryCursor(words[1]) else { return nil }
            self = .welcome(cursor)
        case ("event", 6):
            guard let seq = UInt64(words[1]), let publisher = Int(words[2]), let number = Int(words[3]),
                let hash = UInt64(words[4], radix: 16)
            else { return nil }
            self = .event(seq: seq, EventNumber(publisher: publisher, number: number), hash: hash, id: words[5])
        case ("resumed", 3):
            guard let cursor = HistoryCursor(words[1]), words[2] == "complete" else { return nil }
            self = .resumed(cursor, gap: nil)
        case ("resumed", 4):
            guard let cursor = HistoryCursor(words[1]), words[2] == "gap", let gap = HistoryCursor(words[3]) else {
                return nil
            }
            self = .resumed(cursor, gap: gap)
        case ("told", 3):
            guard let publisher = Int(words[1]), let number = Int(words[2]) else { return nil }
            self = .told(EventNumber(publisher: publisher, number: number))
        case ("closed", 1): self = .closed
        default: return nil
        }
    }

    fileprivate var words: String {
        switch self {
        case .listens(let channels): "listens \(channels.isEmpty ? "-" : channels.joined(separator: ","))"
        case .connects(let cursor): "connects \(cursor?.description ?? "-")"
        case .welcome(let cursor): "welcome \(cursor)"
        case .event(let seq, let event, let hash, let id):
            "event \(seq) \(event.publisher) \(event.number) \(String(hash, radix: 16)) \(id)"
        case .resumed(let cursor, nil): "resumed \(cursor) complete"
        case .resumed(let cursor, let gap?): "resumed \(cursor) gap \(gap)"
        case .told(let event): "told \(event.publisher) \(event.number)"
        case .closed: "closed"
        }
    }
}
