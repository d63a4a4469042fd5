internal import WSQueueOperation

/// When the hub writes how the queue stands: where somebody has asked since it did so last.
struct StatusReporter {
    private let board: StatusBoard
    /// When it was written last, monotonic nanoseconds.
    private var writtenAt = Int64.min

    init(_ board: StatusBoard) { self.board = board }

    /// Whether somebody has asked.
    var isWanted: Bool { board.isWanted(since: writtenAt) }

    /// Writes how the queue stands.
    ///
    /// - Returns: The loops that can answer now, and are to be woken.
    mutating func write(_ status: HubStatus, now: Int64) -> Set<Int> {
        writtenAt = now
        return board.write(status, now: now)
    }
}
