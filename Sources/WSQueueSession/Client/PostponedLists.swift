/// Who is in a channel, for clients that have not taken the lists before: a URL may name many channels with many members.
package struct PostponedLists {
    /// The rest of one channel's list.
    package struct List {
        package let channel: String
        /// From which member on.
        package let number: UInt64

        package init(channel: String, number: UInt64) {
            self.channel = channel
            self.number = number
        }
    }

    private var lists: [Int: [List]] = [:]

    /// None.
    package init() {}

    /// Whether a client waits for some.
    package func contains(_ slot: Int) -> Bool { lists[slot] != nil }

    /// Adds the last one of a client.
    package mutating func add(_ list: List, _ slot: Int) { lists[slot, default: []].append(list) }

    /// Takes the one that comes first.
    package mutating func next(_ slot: Int) -> List? {
        guard var waiting = lists[slot] else { return nil }
        let first = waiting.removeFirst()
        lists[slot] = waiting.isEmpty ? nil : waiting
        return first
    }

    /// A client has gone.
    package mutating func remove(_ slot: Int) { lists[slot] = nil }
}
