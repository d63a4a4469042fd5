/// Who is in a channel, for clients that have not taken the lists before: a URL may name many channels with many members.
struct PostponedLists {
    /// The rest of one channel's list.
    struct List {
        let channel: String
        /// From which member on.
        let number: UInt64
    }

    private var lists: [Int: [List]] = [:]

    /// Whether a client waits for some.
    func contains(_ slot: Int) -> Bool { lists[slot] != nil }

    mutating func add(_ list: List, _ slot: Int) { lists[slot, default: []].append(list) }

    /// Takes the one that comes first.
    mutating func next(_ slot: Int) -> List? {
        guard var waiting = lists[slot] else { return nil }
        let first = waiting.removeFirst()
        lists[slot] = waiting.isEmpty ? nil : waiting
        return first
    }

    /// A client has gone.
    mutating func remove(_ slot: Int) { lists[slot] = nil }
}
