/// The past of a channel that a client asks for besides what it listens to, among the events that come to it.
///
/// It begins right after the answer that the client listens to the channel, perhaps with a number before those that have come by
/// then. Up to the last of these it is of that channel alone. Where the client has asked for the state alone, its past belongs
/// to what it asks for after that, and begins right after the state.
struct JoinedPast {
    private let channel: String
    /// It begins after this number.
    private let start: UInt64
    private let isAfterState: Bool
    /// Whether it would begin with the next event.
    private var isNext = false
    /// The last number that had come before.
    private var end: UInt64 = 0

    /// - Parameters:
    ///   - since: From where on it was asked for; `nil` where only the state was.
    ///   - place: From where on all was asked for after that.
    init(_ channel: String, since: UInt64?, then place: UInt64) {
        self.channel = channel
        start = since ?? place
        isAfterState = since == nil
    }

    /// The client is told that it listens to a channel.
    mutating func noteAnswer(_ name: String) { if name == channel, !isAfterState { isNext = true } }

    /// The state of the channel begins, with a number of its own, and ends.
    mutating func beginState(after last: UInt64) { end = last }
    mutating func endState() { if isAfterState { isNext = true } }

    /// Whether it begins with this event, where another may not come.
    ///
    /// - Parameter isUnsure: Whether the client listens no longer to something: what has come by that may come once more, with
    ///   any past.
    mutating func begins(with seq: UInt64, after last: UInt64, isUnsure: Bool) -> Bool {
        guard seq <= last, seq > start, isNext || (isUnsure && end == 0) else {
            // Between a state and what is asked for after it, more may have come, with numbers after those that had come before.
            if !isAfterState || seq <= end { isNext = false }
            return false
        }
        isNext = false
        end = last
        return true
    }

    /// Whether an event is where one of the channel alone may be.
    func isClosed(to event: ModelEvent, at seq: UInt64) -> Bool { seq <= end && !event.places.contains(channel) }
}
