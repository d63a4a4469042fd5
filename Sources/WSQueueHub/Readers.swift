internal import WSQueueBroker
internal import WSQueueLog
package import WSQueueNet
internal import WSQueueOperation

/// The event loops as the hub sees them: how far they are, whether the queue must wait for them, and how they are woken.
struct Readers {
    private let marks: ReaderMarks
    private let port: ReadersPort
    private let held: HeldTime
    /// How far the slowest client that still takes something may be behind.
    private let limitBytes: UInt64
    /// The most that one event may take in the log, all its copies together.
    private let eventRoomBytes: Int
    private let holdsWithoutClients: Bool
    /// Whether the last pass left something because clients must take something first.
    private var isFull = false

    init(_ configuration: Configuration, _ marks: ReaderMarks, _ port: ReadersPort, _ held: HeldTime) {
        self.marks = marks
        self.port = port
        self.held = held
        limitBytes = UInt64(configuration.slowClients.limitBytes)
        eventRoomBytes = EventRoom.bytes(limitBytes: configuration.eventLimitBytes)
        holdsWithoutClients = configuration.holdsWithoutClients
    }

    /// Up to where every client has been handed everything, and when the last loop came so far (monotonic nanoseconds).
    var passed: UInt64 { marks.oldest }
    var passedAt: Int64 { marks.passedAt }

    /// How many clients there are.
    var clientCount: Int { marks.clients }

    /// Whether no file is begun because no client is connected but those that only look on.
    var isAwaitingClients: Bool { holdsWithoutClients && marks.isUnattended }

    /// Whether the last pass left something because clients must take something first.
    var isHeld: Bool { isFull }

    /// Begins a pass.
    mutating func beginPass() { isFull = false }

    /// The pass has left something.
    mutating func hold() { isFull = true }

    /// Before this position there is room for one more event: every client the queue waits for is near enough to the
    /// end, and nothing that anyone needs would be overwritten.
    func roomEnd(_ recorder: borrowing Recorder) -> UInt64 {
        let room = recorder.room(oldestNeeded: marks.oldest) - eventRoomBytes
        guard room >= 0 else { return 0 }
        return min(recorder.position + UInt64(room) + 1, marks.pace + limitBytes)
    }

    /// Charges those the queue waits for, and those it goes on without because they take nothing.
    ///
    /// - Parameter position: Where the log stands.
    func noteWaiting(position: UInt64, now: Int64) {
        guard isFull || position - marks.oldest >= limitBytes else { return held.end(now) }
        guard held.begin(now) else { return }
        // They look at the clients that are behind, again and again, as long as this lasts.
        port.wake()
    }

    /// The queue waits for no client: nothing is taken.
    func endWaiting(now: Int64) { held.end(now) }

    /// Wakes every loop.
    func wake() { port.wake() }

    /// Wakes some loops.
    func wake(_ loops: Set<Int>) { for loop in loops { port.wake(loop) } }

    /// Tells every loop that the events go on after another number.
    func tellRenumbering(epoch: String) { port.tellRenumbering(epoch) }
}

/// How the hub reaches the event loops.
package struct ReadersPort: Sendable {
    private let wakeups: [Wakeup]
    private let renumber: @Sendable (String) -> Void

    /// Makes a port.
    ///
    /// - Parameters:
    ///   - wakeups: One for each loop, in the order of their numbers.
    ///   - renumber: Tells every loop that the events go on after another number, in this numbering.
    package init(wakeups: [Wakeup], renumber: @escaping @Sendable (String) -> Void) {
        self.wakeups = wakeups
        self.renumber = renumber
    }

    func wake() { for wakeup in wakeups { wakeup.signal() } }
    func wake(_ loop: Int) { wakeups[loop].signal() }
    func tellRenumbering(_ epoch: String) { renumber(epoch) }
}
