package import WSQueueBroker
package import WSQueueNet
package import WSQueueOperation
internal import WSQueueSystem

/// What the thread that speaks with other nodes is given: the log, who is where, and the event loops.
package struct NodeContext: Sendable {
    let log: Log
    let presence: SharedPresence
    /// The present numbering's name.
    let epoch: @Sendable () -> String
    /// Signalled when goodbye has been said.
    let hubWakeup: Wakeup
    let loopCount: Int
    /// Has every loop hand a message of another node's client to its clients, and answer by the ticket.
    let hand: @Sendable (ClientMessage, _ ticket: UInt64) -> Void
    /// Tells a loop what other nodes have answered to a message of its own client, or to an order.
    let tellPassed: @Sendable (CallsAbroad.Answer) -> Void
    /// Has every loop do what the application wants, and answer by the ticket.
    let obey: @Sendable (ApplicationOrder, _ ticket: UInt64) -> Void
    /// Whom the application has disconnected for now.
    let disconnected: @Sendable () -> [Disconnection]
    /// Takes over whom other nodes know to be disconnected.
    let learn: @Sendable ([Disconnection]) -> Void

    /// Makes it of its parts.
    package init(
        log: Log, presence: SharedPresence, epoch: @escaping @Sendable () -> String,
        hubWakeup: Wakeup, loopCount: Int, hand: @escaping @Sendable (ClientMessage, UInt64) -> Void,
        tellPassed: @escaping @Sendable (CallsAbroad.Answer) -> Void,
        obey: @escaping @Sendable (ApplicationOrder, UInt64) -> Void = { _, _ in },
        disconnected: @escaping @Sendable () -> [Disconnection] = { [] },
        learn: @escaping @Sendable ([Disconnection]) -> Void = { _ in }
    ) {
        self.log = log
        self.presence = presence
        self.epoch = epoch
        self.hubWakeup = hubWakeup
        self.loopCount = loopCount
        self.hand = hand
        self.tellPassed = tellPassed
        self.obey = obey
        self.disconnected = disconnected
        self.learn = learn
    }
}
