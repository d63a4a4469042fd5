internal import WSQueueCore

/// What a presence that is shared with other nodes knows of them.
struct PresenceSharing {
    /// The users that another node has, and when they leave if it is not heard of again.
    struct Home {
        var places: Set<PresencePlace> = []
        var leavesAt: Int64?
    }

    /// This node; 0 before it has a number.
    var node: Int64 = 0
    /// Whether there is anybody to tell.
    var isShared = false
    /// The greatest count of a stamp that was heard of.
    var count: UInt64 = 0
    var homes: [Int64: Home] = [:]
    /// Channels that other nodes have told something.
    var toldChannels: Set<String> = []
    /// About whom this node has something new to say.
    var changed: Set<PresencePlace> = []

    var nextLeaving: Int64 { homes.values.compactMap(\.leavesAt).min() ?? .max }

    mutating func nextStamp() -> PresenceStamp {
        count += 1
        return PresenceStamp(count: count, node: node)
    }

    mutating func note(_ place: PresencePlace) {
        if isShared { changed.insert(place) }
    }
}

/// Presence on several nodes: each says who is with it, and all see the sum.
///
/// A user is there as long as one node says so, and is what was said of it last. So any two nodes that have heard the
/// same of each node agree, in whichever order they heard it.
extension Presence {
    /// Tells others from now on.
    ///
    /// - Parameter node: The number of this node, 1 or more.
    package mutating func share(as node: Int64) {
        sharing.isShared = true
        guard sharing.node != node else { return }
        sharing.node = node
        for channel in rooms.keys { rooms[channel]?.restamp(node: node) }
    }

    /// Takes what the others have not been told of this node's users.
    package mutating func takeChanges() -> [PresenceEntry] {
        guard !sharing.changed.isEmpty else { return [] }
        let places = sharing.changed
        sharing.changed = []
        return places.map { PresenceEntry(place: $0, state: rooms[$0.channel]?.own($0.user)) }
    }

    /// All that this node says, what ``takeChanges()`` would give included.
    package mutating func takeWhole() -> [PresenceEntry] {
        sharing.changed = []
        return rooms.flatMap { channel, room in
            room.allOwn.map {
                PresenceEntry(place: PresencePlace(channel: channel, user: $0.user.user), state: $0)
            }
        }
    }

    /// Another node says something.
    package mutating func put(_ entry: PresenceEntry, from node: Int64) {
        let place = entry.place
        if let state = entry.state, state.user.user == place.user {
            sharing.count = max(sharing.count, state.stamp.count)
            sharing.homes[node, default: .init()].places.insert(place)
            if rooms[place.channel, default: PresenceRoom()].put(state, from: node) { sharing.note(place) }
        } else {
            sharing.homes[node]?.places.remove(place)
            rooms[place.channel]?.remove(place.user, from: node)
        }
        noteNews(place.channel)
    }

    /// Another node tells all its users: those that are not among them have left it.
    package mutating func replace(_ entries: [PresenceEntry], from node: Int64) {
        var gone = sharing.homes[node]?.places ?? []
        for entry in entries where entry.state != nil { gone.remove(entry.place) }
        for place in gone { put(PresenceEntry(place: place, state: nil), from: node) }
        for entry in entries { put(entry, from: node) }
        sharing.homes[node]?.leavesAt = nil
        if sharing.homes[node]?.places.isEmpty ?? false { sharing.homes[node] = nil }
    }

    /// Another node is not heard any more: its users leave after the grace, unless it is back before, or they are
    /// elsewhere.
    package mutating func lose(_ node: Int64, now: Int64) {
        guard let home = sharing.homes[node], home.leavesAt == nil else { return }
        let leavesAt = now + rule.graceNanoseconds
        sharing.homes[node]?.leavesAt = leavesAt
        dueAt = min(dueAt, leavesAt)
    }

    /// The channel has been told by the node that tells.
    package mutating func told(_ told: PresenceTold) {
        // It has taken from its changes what it tells.
        guard told.sender != sharing.node else { return }
        rooms[told.channel, default: PresenceRoom()].told(told.kind, told.users)
        sharing.toldChannels.insert(told.channel)
        noteNews(told.channel)
    }

    /// This node tells from now on, also what it has left to others until now.
    package mutating func beginTelling() { dueAt = 0 }

    /// Takes out the users of nodes that have been lost for too long.
    mutating func removeLost(now: Int64) {
        for (node, home) in sharing.homes {
            guard let leavesAt = home.leavesAt, leavesAt <= now else { continue }
            replace([], from: node)
        }
    }
}
