internal import WSQueueSystem

/// Bytes that belong to one connection only (answers, control frames) and wait for its socket.
package struct Outbox {
    private var bytes: [UInt8] = []
    private var sentCount = 0

    /// Makes an empty outbox, which owns no memory.
    package init() {}

    package var isEmpty: Bool { bytes.isEmpty }
    /// How many bytes wait.
    package var count: Int { bytes.count - sentCount }

    /// Adds bytes after what waits.
    package mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    /// Adds bytes after what waits, as they lie.
    package mutating func append(_ more: Span<UInt8>) {
        // One copy: byte by byte, five hundred clients in the midst of a megabyte each stopped their loop for 14 s.
        unsafe more.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    /// Sends what the socket takes. Once empty, it gives its memory back.
    ///
    /// - Returns: `.bytes` when all has gone, else why not.
    package mutating func flush(to number: Int32) -> Socket.Transfer {
        var total = 0
        while sentCount < bytes.count {
            let result = Socket.send(bytes.span.extracting(sentCount...), to: number)
            guard case .bytes(let count) = result else { return result }
            sentCount += count
            total += count
        }
        bytes = []
        sentCount = 0
        return .bytes(total)
    }
}
