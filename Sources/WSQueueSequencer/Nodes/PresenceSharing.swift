internal import WSQueueBroker

/// What the other nodes have been told of this node's presence.
struct PresenceSharing: Sendable {
    /// How many changes they have been told.
    private var changeCount: UInt64 = 0
    /// Whether a node wants to be told everything, and when that was done last.
    private var mustTellWhole = false
    private var toldWholeAt = Int64.min / 2
    private var nextForgetting: Int64 = 0

    /// The least time between two accounts of the whole presence: several newcomers need it once.
    private static let wholeNanoseconds: Int64 = 200_000_000
    private static let forgetNanoseconds: Int64 = 10_000_000_000

    var version: UInt64 { changeCount }

    /// When the whole presence is told; `.max` where no node wants it.
    var dueAt: Int64 { mustTellWhole ? toldWholeAt + Self.wholeNanoseconds : .max }

    /// A node knows nothing, or has missed something.
    mutating func want() { mustTellWhole = true }

    /// The messages that tell everything.
    mutating func tellWhole(_ entries: [PresenceEntry], now: Int64) -> [NodeMessage.Body] {
        mustTellWhole = false
        toldWholeAt = now
        let pieces = NodeMessage.pieces(of: entries)
        return pieces.enumerated().map { index, piece in
            .whole(version: changeCount, piece: index, isLast: index == pieces.count - 1, piece)
        }
    }

    /// The messages that tell changes.
    mutating func tell(_ changes: [PresenceEntry]) -> [NodeMessage.Body] {
        NodeMessage.pieces(of: changes).filter { !$0.isEmpty }.map { piece in
            changeCount += UInt64(piece.count)
            return .changes(version: changeCount, piece)
        }
    }

    /// Whether it is time to give up what has been told, or waits to be told, for too long.
    mutating func mustForget(now: Int64) -> Bool {
        guard now >= nextForgetting else { return false }
        nextForgetting = now + Self.forgetNanoseconds
        return true
    }
}
