internal import Synchronization

/// How much memory the batches take that come by HTTP, all together, until they are in the queue.
package final class PublishRoom: Sendable {
    /// A part of it, as long as it is held.
    package final class Share: Sendable {
        private let room: PublishRoom
        private let byteCount: Int

        fileprivate init(_ room: PublishRoom, _ byteCount: Int) {
            self.room = room
            self.byteCount = byteCount
        }

        deinit { room.taken.subtract(byteCount, ordering: .relaxed) }
    }

    private let taken = Atomic<Int>(0)
    private let limitBytes: Int

    /// Makes room for so much.
    package init(limitBytes: Int) { self.limitBytes = limitBytes }

    /// Takes a part; `nil` where there is not so much left.
    func share(_ byteCount: Int) -> Share? {
        let (before, now) = taken.add(byteCount, ordering: .relaxed)
        // One may be as large as the operator wants.
        guard now <= limitBytes || before == 0 else {
            taken.subtract(byteCount, ordering: .relaxed)
            return nil
        }
        return Share(self, byteCount)
    }
}
