internal import WSQueueRoutes

/// A WebSocket that is no client: it is told why it may not be one, and closed. Nothing is published to it.
final class DoorPeer {
    let line: Line
    let refusal: DoorRefusal
    /// When it is closed (monotonic nanoseconds).
    let closesAt: Int64

    init(_ line: Line, _ refusal: DoorRefusal, closesAt: Int64) {
        self.line = line
        self.refusal = refusal
        self.closesAt = closesAt
    }
}
