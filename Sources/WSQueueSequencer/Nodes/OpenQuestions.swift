internal import WSQueueCore

/// The commands that have no answer yet: what each was about, and since when the oldest waits.
struct OpenQuestions: Sendable {
    /// What a command was about.
    enum Subject: Equatable, Sendable {
        /// Something was said on the channel.
        case said
        /// The number of this node.
        case number
        /// How many numbers were given.
        case count
        /// Which node tells the news of presence; the question was put at that time.
        case speaker(at: Int64)
        /// The time of the one that tells them is prolonged, or ended.
        case renewed
        case news(id: String)
    }

    private var subjects = Fifo<Subject>()
    /// Since when the oldest is waited for, or later.
    private var answeredAt: Int64 = 0

    /// How long an answer may take, nanoseconds.
    private static let limitNanoseconds: Int64 = 3_000_000_000

    mutating func add(_ subject: Subject, now: Int64) {
        if subjects.isEmpty { answeredAt = now }
        subjects.append(subject)
    }

    /// An answer has come; `nil` where no command waits for one.
    mutating func answer(now: Int64) -> Subject? {
        answeredAt = now
        return subjects.popFirst()
    }

    /// Whether an answer takes too long. A beat each second is progress to the connection as long as the socket takes it,
    /// so only this notices that nothing is answered.
    func isSilent(now: Int64) -> Bool { !subjects.isEmpty && now - answeredAt > Self.limitNanoseconds }

    /// The connection is lost.
    mutating func removeAll() { subjects.removeAll() }
}
