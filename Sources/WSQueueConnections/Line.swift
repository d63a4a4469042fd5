package import WSQueueNet

/// One socket and who is at its other end, with the bytes that belong to this connection alone and wait for it.
// The order of the properties leaves no gaps: each client has one of these for as long as it is there.
package final class Line {
    private let socket: Socket
    private var isAwaitingSpace = false
    private var isPaused = false
    private var isEnding = false
    private var isCountedByAddress = false
    /// What was counted of the memory that is kept for it.
    private var countedBytes: UInt32 = 0
    private var outbox = Outbox()
    private var source: Address
    /// Whether it came by the queue's `.control`.
    package let isControl: Bool
    /// When it came (monotonic nanoseconds).
    package let openedAt: Int64

    /// A connection that is owed more is not read from until it has taken that.
    private static let hearingLimitBytes = 65_536

    /// A socket, to whose other end nothing is owed.
    package init(socket: consuming Socket, address: Address, isControl: Bool = false, openedAt: Int64) {
        self.socket = socket
        self.isControl = isControl
        source = address
        self.openedAt = openedAt
    }

    /// The socket's number.
    package var number: Int32 { socket.number }

    /// The address that the log names: the other end's, or that of a trusted proxy's client.
    package var address: Address { source }

    /// The user of the program at the other end of a Unix socket.
    package var user: UInt32? { source.isUnix ? socket.user : nil }

    /// A trusted proxy sends this client's requests.
    package func speaks(for address: Address) { source = address }

    /// Whether it is counted among the clients of its address.
    package var isCounted: Bool { isCountedByAddress }

    /// It is counted among the clients of its address.
    package func count() { isCountedByAddress = true }

    // MARK: Bytes

    /// How many bytes wait.
    package var owedCount: Int { outbox.count }

    /// How many bytes its socket has taken of those that waited, modulo 2^32.
    package var takenCount: UInt32 { outbox.takenCount }

    /// Whether it is owed so little that it is read from.
    package var isHeard: Bool { outbox.count <= Self.hearingLimitBytes }

    /// Adds bytes to those that wait.
    package func append(_ bytes: some Sequence<UInt8>) { outbox.append(bytes) }
    /// Adds bytes to those that wait.
    package func append(_ bytes: Span<UInt8>) { outbox.append(bytes) }

    /// Gives up what waits.
    package func clear() { outbox.clear() }

    /// Counts the memory that is kept for it.
    ///
    /// - Parameter more: What of it is kept elsewhere.
    /// - Returns: By how much that has grown since it was counted last.
    package func countMemory(and more: Int) -> Int {
        let before = Int(countedBytes)
        countedBytes = UInt32(clamping: outbox.capacity + more)
        return Int(countedBytes) - before
    }

    /// How much was counted.
    package var heldBytes: Int { Int(countedBytes) }

    /// Sends what waits, as far as the socket takes it. Of a connection that ends, this side is shut down after its last
    /// byte.
    package func flush() -> Socket.Transfer {
        let result = outbox.flush(to: socket.number)
        if case .bytes = result, isEnding { socket.finishSending() }
        return result
    }

    /// What waits are its last bytes.
    package func end() { isEnding = true }

    // MARK: Readiness

    /// What the poller is to report.
    package var interest: Interest {
        var interest: Interest = isHeard && !isPaused ? [.readable, .peerClosed] : []
        if isAwaitingSpace { interest.insert(.writable) }
        return interest
    }

    /// Whether the poller reports when the socket takes bytes again.
    package var awaitsSpace: Bool { isAwaitingSpace }

    /// Says whether the poller reports when the socket takes bytes again.
    package func awaitSpace(_ isAwaiting: Bool) { isAwaitingSpace = isAwaiting }

    /// Whether nothing is read from it before an answer has come from elsewhere.
    package func pause(_ isPaused: Bool) { self.isPaused = isPaused }
}
