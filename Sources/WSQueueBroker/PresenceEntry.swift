package import WSQueueCore

/// When something was said of a user, as all nodes agree: what has the greater stamp was said later.
///
/// A count that is one more than any heard of (Lamport, 1978), and the node that said it.
package struct PresenceStamp: Comparable, Hashable, Sendable {
    package var count: UInt64
    package var node: Int64

    package init(count: UInt64, node: Int64) {
        self.count = count
        self.node = node
    }

    package static func < (one: PresenceStamp, other: PresenceStamp) -> Bool {
        (one.count, one.node) < (other.count, other.node)
    }
}

/// What a node says of a user in a channel.
package struct PresenceState: Equatable, Sendable {
    package var user: PresentUser
    package var stamp: PresenceStamp

    package init(user: PresentUser, stamp: PresenceStamp) {
        self.user = user
        self.stamp = stamp
    }
}

/// A user's place in a channel.
package struct PresencePlace: Hashable, Sendable {
    package let channel: String
    package let user: Label

    package init(channel: String, user: Label) {
        self.channel = channel
        self.user = user
    }
}

/// What a node tells the others: each node answers for the users that are connected to it, and for no one else's.
package struct PresenceEntry: Equatable, Sendable {
    package let place: PresencePlace
    /// `nil` once the user has gone from this node, its grace included.
    package let state: PresenceState?

    package init(place: PresencePlace, state: PresenceState?) {
        self.place = place
        self.state = state
    }
}
