package import WSQueueRoutes

/// A WebSocket that is no client: it is told why it may not be one, and closed. Nothing is published to it.
package final class DoorPeer {
    /// Its socket.
    package let line: Line
    /// Why it may not be a client.
    package let refusal: DoorRefusal
    /// When it is closed (monotonic nanoseconds).
    package let closesAt: Int64

    /// A connection that is told so.
    package init(_ line: Line, _ refusal: DoorRefusal, closesAt: Int64) {
        self.line = line
        self.refusal = refusal
        self.closesAt = closesAt
    }
}
