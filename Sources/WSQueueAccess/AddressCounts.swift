internal import WSQueueOperation
internal import WSQueueSystem

/// How many clients of each address there are, so that one cannot take everybody's places. All loops share it.
package final class AddressCounts: Sendable {
    private let counts = Guarded<[[UInt8]: Int]>([:])

    /// No client is there.
    package init() {}

    /// Counts one more client of a block of addresses.
    ///
    /// - Returns: Whether `limit` allows it; what is refused is not counted.
    package func enter(_ block: [UInt8], limit: Int) -> Bool {
        counts.withLock { counts in
            let count = counts[block, default: 0]
            guard count < limit else { return false }
            counts[block] = count + 1
            return true
        }
    }

    /// Counts one less.
    package func leave(_ block: [UInt8]) {
        counts.withLock { counts in
            let left = counts[block, default: 1] - 1
            counts[block] = left > 0 ? left : nil
        }
    }
}
