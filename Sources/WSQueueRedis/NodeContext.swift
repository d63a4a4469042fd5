internal import WSQueueBroker
package import WSQueueNet
package import WSQueueOperation
internal import WSQueueSystem

/// What the thread that speaks with other nodes is given: the log, who is where, and the event loops.
package struct NodeContext: Sendable {
    let log: Log
    let presence: SharedPresence
    /// How many events the shared stream keeps.
    let historyEvents: Int
    /// The present numbering's name.
    let epoch: @Sendable () -> String
    /// Signalled when goodbye has been said.
    let hubWakeup: Wakeup
    let loopCount: Int
    /// Has every loop hand a message of another node's client to its clients, and answer by the ticket.
    let hand: @Sendable (ClientMessage, _ ticket: UInt64) -> Void
    /// Tells a loop to how many clients of other nodes a message of its own client went.
    let tellPassed: @Sendable (_ loop: Int, _ ticket: UInt64, _ count: Int) -> Void

    /// Makes it of its parts.
    package init(
        log: Log, presence: SharedPresence, historyEvents: Int, epoch: @escaping @Sendable () -> String,
        hubWakeup: Wakeup, loopCount: Int, hand: @escaping @Sendable (ClientMessage, UInt64) -> Void,
        tellPassed: @escaping @Sendable (Int, UInt64, Int) -> Void
    ) {
        self.log = log
        self.presence = presence
        self.historyEvents = historyEvents
        self.epoch = epoch
        self.hubWakeup = hubWakeup
        self.loopCount = loopCount
        self.hand = hand
        self.tellPassed = tellPassed
    }
}
