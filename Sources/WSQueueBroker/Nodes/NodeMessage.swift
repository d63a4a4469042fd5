internal import WSQueueCore

/// What one node tells the others on the channel that they share.
package struct NodeMessage: Equatable, Sendable {
    package enum Body: Equatable, Sendable {
        /// This node is alive, and how many changes of its users it has told.
        case beat(version: UInt64)
        /// I am here again and know nothing: all others tell their whole presence.
        case hello
        /// I have missed something of one node: it tells its whole presence.
        case ask(of: Int64)
        /// My users have changed.
        ///
        /// - Parameter version: How many changes I have told, these included.
        case changes(version: UInt64, [PresenceEntry])
        /// A piece of my whole presence; pieces are numbered from 0.
        case whole(version: UInt64, piece: Int, isLast: Bool, [PresenceEntry])
        /// A client of mine says something: hand it to yours, and tell me how many got it.
        case pass(ticket: UInt64, NodeCall)
        /// How many clients of this node have got it.
        case passed(to: Int64, ticket: UInt64, count: Int)
        /// The application wants something: do it with your clients, and tell me what came of it.
        case order(ticket: UInt64, ApplicationOrder)
        /// What came of it here.
        case answered(to: Int64, ticket: UInt64, Tally)
        /// The users whom the application has disconnected for now, or some of them.
        case disconnected([Disconnection])
        /// I end, and my clients go.
        case bye
    }

    /// The number of the node that says it.
    package let sender: Int64
    package let body: Body

    package init(sender: Int64, body: Body) {
        self.sender = sender
        self.body = body
    }
}

/// What a client says to others, on its way to another node.
package struct NodeCall: Equatable, Sendable {
    package let channel: String
    /// The connections it is for; `nil` is all that listen to the channel.
    package let recipients: [Int64]?
    /// The JSON text that they get.
    package let text: [UInt8]

    package init(channel: String, recipients: [Int64]?, text: [UInt8]) {
        self.channel = channel
        self.recipients = recipients
        self.text = text
    }
}

/// Why something that was said on the channel is ignored.
package enum NodeMessageFault: Error, Equatable, CustomStringConvertible {
    /// It is not from a node, or broken.
    case foreign
    /// It is of another version of this program.
    case version(UInt8)

    package var description: String {
        switch self {
        case .foreign: "not from a node"
        case .version(let number): "of a node that speaks version \(number), not \(NodeMessage.version)"
        }
    }
}
