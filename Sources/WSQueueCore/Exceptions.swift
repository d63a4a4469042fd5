/// Who shall not get an event: connections by their ids, and users.
package struct Exceptions: Equatable, Sendable {
    /// The ids of connections: usually that of the tab that caused the event.
    package var connections: [Int64]
    /// Users, by their ids.
    package var users: [Label]

    /// Makes a list; without parameters it leaves out no one.
    package init(connections: [Int64] = [], users: [Label] = []) {
        self.connections = connections
        self.users = users
    }

    /// No one is left out.
    package static let none = Exceptions()

    /// Whether no one is left out.
    package var isEmpty: Bool { connections.isEmpty && users.isEmpty }
}
