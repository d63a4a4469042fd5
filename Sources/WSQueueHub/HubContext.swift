internal import WSQueueBroker
package import WSQueueLog
package import WSQueueNet
package import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// What the hub is given. Everything in it may be used from any thread.
package struct HubContext: Sendable {
    package let configuration: Configuration
    package let log: Log
    package let publications: PublicationLog
    package let marks: ReaderMarks
    /// The publications of the past, as they are read.
    package let journal: Journal
    package let hubWakeup: Wakeup
    package let held: HeldTime
    package let gate: Gate
    package let status: StatusBoard
    package let presence: SharedPresence
    package let loops: ReadersPort

    /// The identity of this numbering of events, the first part of every cursor.
    package var epoch: String { journal.epoch }

    /// Makes it of its parts.
    package init(
        configuration: Configuration, log: Log, publications: PublicationLog, marks: ReaderMarks, journal: Journal,
        hubWakeup: Wakeup, held: HeldTime, gate: Gate, status: StatusBoard, presence: SharedPresence,
        loops: ReadersPort
    ) {
        self.configuration = configuration
        self.log = log
        self.publications = publications
        self.marks = marks
        self.journal = journal
        self.hubWakeup = hubWakeup
        self.held = held
        self.gate = gate
        self.status = status
        self.presence = presence
        self.loops = loops
    }

    /// The stream has brought news of presence, and what stood beside it: nobody need tell the channel again.
    func noteTold(_ bytes: [UInt8]) {
        guard let told = PresenceTold.decode(bytes.span) else { return }
        presence.withLock { $0.told(told) }
    }
}

/// The event loops as the hub reaches them.
package struct ReadersPort: Sendable {
    private let wakeups: [Wakeup]
    private let renumber: @Sendable () -> Void

    /// Makes a port.
    ///
    /// - Parameters:
    ///   - wakeups: One for each loop, in the order of their numbers.
    ///   - renumber: Tells every loop that the events go on after another number.
    package init(wakeups: [Wakeup], renumber: @escaping @Sendable () -> Void) {
        self.wakeups = wakeups
        self.renumber = renumber
    }

    /// Wakes every loop that sleeps.
    func wake() { for wakeup in wakeups { wakeup.signal() } }

    /// Wakes one loop.
    func wake(_ loop: Int) { wakeups[loop].signal() }

    /// Tells every loop that the events go on after another number.
    func tellRenumbering() { renumber() }
}
