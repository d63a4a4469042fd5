internal import WSQueueSystem

/// Bytes that belong to one connection only (answers, control frames) and wait for its socket.
package struct Outbox {
    private var bytes: [UInt8] = []
    private var sentCount: UInt32 = 0
    private var taken: UInt32 = 0

    /// Makes an empty outbox, which owns no memory.
    package init() {}

    package var isEmpty: Bool { bytes.isEmpty }
    /// How many bytes wait.
    package var count: Int { bytes.count - Int(sentCount) }
    /// How many bytes of memory it owns.
    package var capacity: Int { bytes.capacity }
    /// How many bytes the socket has taken, of all that ever waited, modulo 2^32.
    package var takenCount: UInt32 { taken }

    /// Adds bytes after what waits.
    package mutating func append(_ more: some Sequence<UInt8>) {
        compact()
        bytes.append(contentsOf: more)
    }

    /// Adds bytes after what waits, as they lie.
    package mutating func append(_ more: Span<UInt8>) {
        compact()
        // One copy: byte by byte, five hundred clients in the midst of a megabyte each stopped their loop for 14 s.
        unsafe more.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    /// Gives up what waits, and its memory.
    package mutating func clear() {
        bytes = []
        sentCount = 0
    }

    /// Sends what the socket takes. Once empty, it gives its memory back.
    ///
    /// - Returns: `.bytes` when all has gone, else why not.
    package mutating func flush(to number: Int32) -> Socket.Transfer {
        var total = 0
        while Int(sentCount) < bytes.count {
            let result = Socket.send(bytes.span.extracting(Int(sentCount)...), to: number)
            guard case .bytes(let count) = result else { return result }
            sentCount += UInt32(count)
            taken &+= UInt32(truncatingIfNeeded: count)
            total += count
        }
        clear()
        return .bytes(total)
    }

    /// Forgets what has gone, once that is more than what waits: one that is never empty would grow for ever.
    private mutating func compact() {
        guard Int(sentCount) > count else { return }
        bytes.removeFirst(Int(sentCount))
        sentCount = 0
    }
}
