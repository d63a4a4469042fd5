package import WSQueueWire

/// The Redis that several servers share, and what it holds for them.
package struct RedisSettings: Equatable, Sendable {
    package var location: RedisLocation
    /// The key of the stream; all other keys begin with it, in braces, so that a cluster keeps them together.
    package var stream = "wsqueue"
    /// How many replicas must have an event before its file is deleted.
    package var replicas = 0

    package init(location: RedisLocation) { self.location = location }

    /// A key besides the stream's.
    func key(_ name: String) -> String { "{\(stream)}:\(name)" }
}
