/// What a presence that is shared with other nodes knows of them, and what it has to tell them.
struct NodePresence {
    /// The users that another node has, and when they leave if it is not heard of again.
    private struct Home {
        var places: Set<PresencePlace> = []
        var leavesAt: Int64?
    }

    private var number: Int64 = 0
    /// Whether there is anyone to tell.
    private var isShared = false
    /// The greatest count of a stamp that was heard of.
    private var count: UInt64 = 0
    private var homes: [Int64: Home] = [:]
    private var told: Set<String> = []
    /// About whom this node has something new to say.
    private var changed: Set<PresencePlace> = []

    /// This node; 0 before it has a number.
    var node: Int64 { number }
    /// Channels that other nodes have told something.
    var toldChannels: Set<String> { told }
    /// When the next user of a node that was lost leaves; `.max` is never.
    var nextLeaving: Int64 { homes.values.compactMap(\.leavesAt).min() ?? .max }

    /// Tells others from now on.
    ///
    /// - Returns: Whether this node has another number than before.
    mutating func share(as node: Int64) -> Bool {
        isShared = true
        defer { number = node }
        return number != node
    }

    /// The stamp of something that happens at this node now.
    mutating func nextStamp() -> PresenceStamp {
        count += 1
        return PresenceStamp(count: count, node: number)
    }

    /// Notes that there is something new to say about a user.
    mutating func note(_ place: PresencePlace) {
        if isShared { changed.insert(place) }
    }

    /// Takes about whom there is something new to say.
    mutating func takeChanged() -> Set<PresencePlace> {
        defer { changed = [] }
        return changed
    }

    // MARK: What others say

    /// A node has a user.
    mutating func hear(_ place: PresencePlace, _ stamp: PresenceStamp, from node: Int64) {
        count = max(count, stamp.count)
        homes[node, default: Home()].places.insert(place)
    }

    /// A node has a user no more.
    mutating func remove(_ place: PresencePlace, from node: Int64) { homes[node]?.places.remove(place) }

    /// The users that a node has.
    func places(of node: Int64) -> Set<PresencePlace> { homes[node]?.places ?? [] }

    /// A node has said all that it has.
    mutating func noteWhole(_ node: Int64) {
        homes[node]?.leavesAt = nil
        if homes[node]?.places.isEmpty ?? false { homes[node] = nil }
    }

    /// A node is not heard any more.
    ///
    /// - Parameter moment: When its users leave.
    /// - Returns: The same; `nil` where it has none, or is lost already.
    mutating func lose(_ node: Int64, at moment: Int64) -> Int64? {
        guard let home = homes[node], home.leavesAt == nil else { return nil }
        homes[node]?.leavesAt = moment
        return moment
    }

    /// The nodes whose users leave by now.
    func lost(at now: Int64) -> [Int64] { homes.filter { $0.value.leavesAt.map { $0 <= now } ?? false }.map(\.key) }

    /// Other nodes have told a channel something.
    mutating func noteTold(_ channel: String) { told.insert(channel) }

    /// Forgets the told channels about which there is nothing left to compare.
    mutating func keepTold(where isKept: (String) -> Bool) { told = told.filter(isKept) }
}
