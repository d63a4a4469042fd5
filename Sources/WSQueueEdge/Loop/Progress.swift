internal import WSQueueLog
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem

/// What a loop tells the hub, and the hub a loop: how far clients are, and how long the queue waits for them.
struct Progress {
    private let index: Int
    private let marks: ReaderMarks
    private let held: HeldTime
    private let hubWakeup: Wakeup
    private var heldBefore: Int64 = 0
    private var isReportedEmpty = true
    private var reported: (all: UInt64, pacing: UInt64) = (.max, .max)

    init(_ index: Int, _ marks: ReaderMarks, _ held: HeldTime, _ hubWakeup: Wakeup) {
        self.index = index
        self.marks = marks
        self.held = held
        self.hubWakeup = hubWakeup
    }

    /// How many clients all loops have, and how many of them are owed something.
    var clientCount: Int { marks.clients }
    var behindCount: Int { marks.behind }
    /// Whether the queue waits for clients.
    var isHeld: Bool { held.isHeld }

    /// How long the queue has waited for clients since this was asked last.
    mutating func takeWaited(now: Int64) -> Int64 {
        let sum = held.sum(now)
        defer { heldBefore = sum }
        return sum - heldBefore
    }

    /// Tells how far this loop's clients are.
    ///
    /// - Returns: Whether they stand elsewhere than when this was told last: then the hub is to look.
    mutating func report(_ delivery: borrowing Delivery, watchers: Int) -> Bool {
        let passed = delivery.passed
        marks.report(clients: delivery.clientCount, watchers: watchers, behind: delivery.behindCount, by: index)
        if (delivery.clientCount == watchers) != isReportedEmpty {
            // The hub may be keeping its files until a client is here.
            isReportedEmpty = delivery.clientCount == watchers
            hubWakeup.signal()
        }
        guard passed != reported else { return false }
        reported = passed
        // Read anew: the bytes have gone since the turn began.
        marks.passed(passed.all, pace: passed.pacing, by: index, now: Clock.monotonicNanoseconds())
        return true
    }

    func wakeHub() { hubWakeup.signal() }
}
