internal import Synchronization

/// What is kept in memory for single connections, of all loops together, as far as it is more than each loop's own share.
///
/// Half of the limit is divided among the loops, so that what another one's clients are owed never costs a client that is
/// owed little; the other half is for those that need more.
package final class OwedRoom: Sendable {
    private let taken = Atomic<Int>(0)
    /// What all loops may take of it together.
    package let commonBytes: Int
    /// What each loop has besides.
    package let ownBytes: Int

    /// Makes room.
    ///
    /// What is on its way into an outbox counts too: the outbox's memory doubles while it grows, and each loop may have two
    /// events in hand.
    ///
    /// - Parameter eventBytes: How large an event may be.
    package init(limitBytes: Int, eventBytes: Int, loopCount: Int) {
        let bytes = max(limitBytes / 2, limitBytes * 7 / 8 - 2 * eventBytes * loopCount)
        commonBytes = bytes / 2
        ownBytes = (bytes - commonBytes) / max(1, loopCount)
    }

    /// How many bytes of the common part are taken.
    package var takenBytes: Int { taken.load(ordering: .relaxed) }
    /// Takes bytes of the common part, or gives them back.
    package func add(_ count: Int) { taken.add(count, ordering: .relaxed) }
}

/// One loop's part of it.
package struct OwedBytes {
    private let room: OwedRoom
    private var held = 0
    private var drawn = 0

    /// A loop's part, of which nothing is taken.
    package init(_ room: OwedRoom) { self.room = room }

    /// How many bytes are kept for this loop's connections.
    package var count: Int { held }

    /// More is kept, or less.
    package mutating func change(by count: Int) {
        held += count
        let needed = max(0, held - room.ownBytes)
        if needed != drawn { room.add(needed - drawn) }
        drawn = needed
    }

    /// How many bytes this loop has to give up; 0 while there is room.
    ///
    /// More than is missing, so that the next bytes do not need another look at all connections.
    package var excess: Int {
        guard drawn > 0, room.takenBytes > room.commonBytes else { return 0 }
        return min(drawn + room.ownBytes / 4, room.takenBytes - room.commonBytes * 3 / 4)
    }
}
