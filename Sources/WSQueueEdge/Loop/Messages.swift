internal import WSQueueBroker
internal import WSQueueConnections
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueRedis
internal import WSQueueSession
internal import WSQueueWire

/// What a loop's clients say to each other, on its way to all loops and nodes.
///
/// It does not go through the log: it is of the moment, and no client gets it later. Each loop hands a message to its own
/// clients; mailboxes keep the order of one sender for every receiver.
struct Messages {
    private let index: Int
    private let loops: [LoopHandle]
    /// Speaks with the other nodes; `nil` where there is one server only.
    private let nodes: NodeDesk?
    /// A client that is owed more is too slow for messages.
    let owedLimitBytes: Int
    /// Messages of own clients that other loops have not all handed out.
    private var underWay = MessagesUnderWay()

    init(_ index: Int, _ loops: [LoopHandle], _ nodes: NodeDesk?, owedLimitBytes: Int) {
        self.index = index
        self.loops = loops
        self.nodes = nodes
        self.owedLimitBytes = owedLimitBytes
    }

    /// The clients of this loop that a message is for.
    static func receivers(of message: ClientMessage, _ subscriptions: SubscriptionTable) -> Set<Int> {
        guard let recipients = message.recipients else {
            var found: [Int] = []
            subscriptions.append(selectedBy: .channel(message.channel, except: .none), to: &found)
            return Set(found)
        }
        let slots = recipients.compactMap { subscriptions.slot(of: $0) }
        return Set(slots.filter { subscriptions.hears($0, message.channel) })
    }

    /// A message in the form that a connection has.
    static func frame(_ message: ClientMessage, for connection: Connection) -> [UInt8] {
        guard case .stream(let peer) = connection else { return message.frame }
        return peer.form.own(Array(message.frame[FrameEncoder.payloadStart(in: message.frame.span)...]))
    }

    /// Passes a message on to the other loops and nodes.
    ///
    /// - Parameters:
    ///   - sender: The token of its connection.
    ///   - count: How many clients of this loop have got it.
    /// - Returns: Whether there are others, which answer.
    mutating func pass(_ message: ClientMessage, from sender: UInt64, count: Int) -> Bool {
        // The desk that speaks with other nodes answers for all their clients, as a loop does for its own.
        let others = loops.count - 1 + (nodes == nil ? 0 : 1)
        guard others > 0 else { return false }
        let ticket = underWay.add(from: sender, count: count, loops: others)
        for other in loops.indices where other != index {
            loops[other].mailbox.post(.pass(message, from: index, ticket: ticket))
        }
        nodes?.post(.call(message, loop: index, ticket: ticket))
        return true
    }

    /// Another loop, or all other nodes, have handed a message to this many clients.
    ///
    /// - Returns: Sender and sum, once all have.
    mutating func passed(_ ticket: UInt64, count: Int) -> (sender: UInt64, count: Int)? {
        underWay.passed(ticket, count: count)
    }

    /// Tells the loop of a message's sender, or the desk of other nodes, to how many clients of this loop it went.
    func answer(_ ticket: UInt64, count: Int, to loop: Int?) {
        if let loop {
            loops[loop].mailbox.post(.passed(ticket: ticket, count: count))
        } else {
            nodes?.post(.passed(ticket: ticket, Tally(count: count)))
        }
    }
}
