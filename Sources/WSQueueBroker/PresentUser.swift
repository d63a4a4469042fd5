package import WSQueueCore

/// One user in a channel that tracks who is there.
package struct PresentUser: Equatable, Sendable {
    /// The user's id.
    package let user: Label
    /// What the token lets others know, as JSON.
    package internal(set) var info: [UInt8]?
    /// How the user says to be, as the client wrote it.
    package internal(set) var status = "online"
    /// What the user says to do, as JSON.
    package internal(set) var activity: [UInt8]?

    /// Makes a user who is online and does nothing, unless that is said.
    package init(user: Label, info: [UInt8]? = nil, status: String = "online", activity: [UInt8]? = nil) {
        self.user = user
        self.info = info
        self.status = status
        self.activity = activity
    }
}

/// Some of those who are in a channel, in the order in which they came.
package struct PresencePage: Equatable, Sendable {
    package let users: [PresentUser]
    /// How many there are in all.
    package let count: Int
    /// From where on more can be had; `nil` when these are the last.
    package let next: UInt64?
}
