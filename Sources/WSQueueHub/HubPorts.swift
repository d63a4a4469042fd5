package import WSQueueLog
package import WSQueueNet
package import WSQueueOperation

/// What the hub shares with other threads.
package struct HubPorts {
    package let log: Log
    package let marks: ReaderMarks
    package let readers: ReadersPort
    package let held: HeldTime
    package let gate: Gate
    package let status: StatusBoard
    package let presence: SharedPresence
    /// Signalled when another thread has something for the hub.
    package let hubWakeup: Wakeup
    /// Brings a journal that is kept to the disk.
    package let syncer: JournalSyncer?
    /// Who may publish what; `nil` is everybody everything.
    package let publishers: PublisherPolicy?

    /// Makes them of their parts.
    package init(
        log: Log, marks: ReaderMarks, readers: ReadersPort, held: HeldTime, gate: Gate, status: StatusBoard,
        presence: SharedPresence, hubWakeup: Wakeup, syncer: JournalSyncer?, publishers: PublisherPolicy? = nil
    ) {
        self.log = log
        self.marks = marks
        self.readers = readers
        self.held = held
        self.gate = gate
        self.status = status
        self.presence = presence
        self.hubWakeup = hubWakeup
        self.syncer = syncer
        self.publishers = publishers
    }
}
