/// The lines of a history that are about the model, beside those of ``HistoryEntry``; `-` is none.
///
///     about 3 17 a,b key=k clear=1 to=u1,u2 but=u3 until=1795284000000000   an event: channels, and what else it says
///     sent 3 17                                     it is in the queue
///     placed k3f9:126 3 17                          a number that it bears
///     talk x opens u1 a,** k3f9:90 1 1795284000000000 s.1=none;s.2=anyone   who, channels, place, whether with state, when,
///                                                   and the rules that may hold; and perhaps: stream
///     talk x welcome k3f9:125
///     talk x refused s.1
///     talk x event 126 3 17 a
///     talk x begins                                 its state; and it ends: keys, and when
///     talk x ends k3f9:126 4 complete 1795284000000000
///     talk x resumed k3f9:126 complete 80           or healed, or gap; up to where the history is gone by then
///     talk x resumed k3f9:126 gap 80 k3f9:100
///     talk x rights s.1=anyone;s.2=anyone           the rules may be these from now on
///     talk x asks t.1 k3f9:90 1 k3f9:126            for a channel besides: its past from there on, with state, and then
///                                                   for what it has missed since where it stands
///     talk x listens t.1                            it is told that it listens to that channel
///     talk x joined k3f9:126 complete 80            the answer about that channel, as with resumed
///     talk x returns k3f9:126                       a reader of a stream may come back from there
///     talk x closed
///     several nodes                                 they share one order
package struct ModelText {
    package private(set) var model: HistoryModel
    private var open: [String: ModelTalk] = [:]
    /// Whether there was any such line.
    package private(set) var isUsed = false

    package init(bound: Int = 65_536) { model = HistoryModel(bound: bound) }

    /// Takes a line.
    ///
    /// - Returns: Whether it is about the model.
    package mutating func take(_ line: Substring) -> Bool {
        let words = line.split(separator: " ").map(String.init)
        let isTaken =
            switch words.first {
            case "about": takeEvent(words)
            case "sent": Self.number(words, at: 1).map { model.notePublished($0) } != nil
            case "placed": takePlace(words)
            case "talk": takeTalk(words)
            case "several": takeNodes()
            default: false
            }
        isUsed = isUsed || isTaken
        return isTaken
    }

    /// What is wrong; to be called once. A connection that was not closed counts as far as it has come.
    package mutating func findings() -> [HistoryFinding] {
        for talk in open.values { model.note(talk) }
        return model.findings()
    }

    private mutating func takeNodes() -> Bool {
        model.areSeveral = true
        return true
    }

    private mutating func takeEvent(_ words: [String]) -> Bool {
        guard words.count >= 4, let number = Self.number(words, at: 1) else { return false }
        var event = ModelEvent(number, channels: Self.list(words[3]))
        for word in words[4...] {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { return false }
            switch parts[0] {
            case "key": event.key = parts[1]
            case "clear": event.clears = parts[1] == "1"
            case "to": event.recipients = Self.list(parts[1])
            case "but": event.exceptedUsers = Self.list(parts[1])
            case "until": event.expiresAt = Int64(parts[1])
            default: return false
            }
        }
        model.note(event)
        return true
    }

    private mutating func takePlace(_ words: [String]) -> Bool {
        guard words.count == 4, let cursor = HistoryCursor(words[1]), let number = Self.number(words, at: 2) else {
            return false
        }
        model.note(cursor, number)
        return true
    }

    private mutating func takeTalk(_ words: [String]) -> Bool {
        guard words.count >= 3 else { return false }
        let name = words[1]
        switch words[2] {
        case "opens":
            guard (9...10).contains(words.count), let start = Int64(words[7]) else { return false }
            open[name] = ModelTalk(
                name: name, user: words[3] == "-" ? nil : words[3], asks: Self.list(words[4]),
                since: HistoryCursor(words[5]), wantsState: words[6] == "1",
                isStream: words.last == "stream", startMicroseconds: start,
                rights: [Self.rights(words[8])])
        case "closed":
            if let talk = open.removeValue(forKey: name) { model.note(talk) }
        default:
            guard let fact = Self.fact(Array(words[2...])), open[name] != nil else { return false }
            open[name]?.facts.append(fact)
        }
        return true
    }

    private static func fact(_ words: [String]) -> ModelTalk.Fact? {
        switch (words[0], words.count) {
        case ("welcome", 2): return HistoryCursor(words[1]).map { .welcome($0) }
        case ("refused", 2): return .refused(words[1])
        case ("rights", 2): return .rights(rights(words[1]))
        case ("event", 5):
            guard let seq = UInt64(words[1]), let number = number(words, at: 2) else { return nil }
            return .event(seq: seq, number, channel: words[4] == "-" ? nil : words[4])
        case ("begins", 1): return .stateBegins
        case ("ends", 5):
            guard let cursor = HistoryCursor(words[1]), let keys = Int(words[2]), let end = Int64(words[4]) else {
                return nil
            }
            return .stateEnds(cursor, keys: keys, isComplete: words[3] == "complete", unixMicroseconds: end)
        case ("asks", 5):
            guard let place = HistoryCursor(words[4]) else { return nil }
            return .asks(
                channel: words[1], since: HistoryCursor(words[2]), wantsState: words[3] == "1", place: place)
        case ("listens", 2): return .listens(words[1])
        case ("returns", 2): return HistoryCursor(words[1]).map { .mayReturn($0) }
        case ("resumed", 4...5), ("joined", 4...5):
            guard let cursor = HistoryCursor(words[1]), let trimmed = UInt64(words[3]),
                let answer = answer(words)
            else { return nil }
            return words[0] == "joined"
                ? .joined(cursor, answer, trimmed: trimmed) : .resumed(cursor, answer, trimmed: trimmed)
        default: return nil
        }
    }

    private static func answer(_ words: [String]) -> ModelTalk.Answer? {
        switch words[2] {
        case "complete": .complete
        case "healed": .healed
        default: words.count == 5 ? HistoryCursor(words[4]).map { .gap(to: $0) } : nil
        }
    }

    private static func number(_ words: [String], at index: Int) -> EventNumber? {
        guard words.count > index + 1, let publisher = Int(words[index]), let number = Int(words[index + 1]) else {
            return nil
        }
        return EventNumber(publisher: publisher, number: number)
    }

    private static func list(_ word: String) -> [String] {
        word == "-" ? [] : word.split(separator: ",").map(String.init)
    }

    private static func rights(_ word: String) -> ModelRights {
        var rights = ModelRights()
        for pair in word == "-" ? [] : word.split(separator: ";") {
            let parts = pair.split(separator: "=").map(String.init)
            if parts.count == 2 { rights.words[parts[0]] = ModelRights.Word(rawValue: parts[1]) }
        }
        return rights
    }
}
