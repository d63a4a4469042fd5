/// Whether a thread still does what it is asked to: a question that it leaves unanswered shows how long it has not come
/// round. A thread with nothing to do is asleep and healthy, so time alone says nothing.
package struct ThreadPulse: Sendable {
    /// A thread that is silent for longer is taken for stuck (nanoseconds).
    package static let limitNanoseconds: Int64 = 5_000_000_000

    private var unansweredSince: Int64?

    /// Makes the pulse of a thread that no one has asked.
    package init() {}

    /// Somebody asks (monotonic nanoseconds).
    package mutating func ask(at now: Int64) { unansweredSince = unansweredSince ?? now }

    /// The thread answers, with what was so at that moment.
    package mutating func answer(at now: Int64) {
        if let asked = unansweredSince, now >= asked { unansweredSince = nil }
    }

    /// For how long it has left a question unanswered; 0 when it has answered all.
    package func silence(now: Int64) -> Int64 { unansweredSince.map { max(0, now - $0) } ?? 0 }

    /// Whether it must be taken for stuck.
    package func isStuck(now: Int64) -> Bool { silence(now: now) > Self.limitNanoseconds }
}
