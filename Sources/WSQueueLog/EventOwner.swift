internal import WSQueueSystem

/// Who has published an event, as far as that is known for sure: ids belong to their owners, so that no one can have
/// another one's event taken for a duplicate.
package struct EventOwner: Hashable, Sendable {
    /// A user's number, or name where several servers share the order; empty where no one can tell.
    package let name: [UInt8]
    /// Stands for it in the keys of identities; another one in each process.
    let key: Int64

    /// The owner of this name.
    package init(_ name: [UInt8]) {
        self.name = name
        key = Int64(bitPattern: ByteHash.seeded(name.span, stamp: 0))
    }

    /// The owner of files of which no one can tell who wrote them.
    package static let unknown = EventOwner([])

    package static func == (left: EventOwner, right: EventOwner) -> Bool { left.key == right.key }
    package func hash(into hasher: inout Hasher) { hasher.combine(key) }
}
