internal import WSQueueCore
internal import WSQueueWire

/// What a client wants of the past, in the order in which it has asked.
struct PastWishes {
    private var requests: [PastRequest] = []
    private var isPoll = false

    /// What it wants next.
    var first: PastRequest? { requests.first }

    /// It wants what there is, and no more.
    mutating func poll() { isPoll = true }

    /// Refuses one more: one for each channel may wait, and one for all.
    func checkRoom(_ options: SessionOptions) throws(ClientError) {
        guard requests.count <= options.channelLimit else {
            throw ClientError("Too many at once; wait for what you have asked for", code: "too_many_requests")
        }
    }

    /// It wants the past from a place on, or the state, or both.
    ///
    /// - Parameter channel: Of this channel; `nil` is all that it listens to.
    mutating func add(
        _ place: Cursor?, channel: String? = nil, wantsState: Bool, _ actions: inout [SessionAction]
    ) {
        guard place != nil || wantsState else { return }
        requests.append(PastRequest(since: place, channel: channel, wantsState: wantsState))
        actions.append(.replay)
    }

    /// Takes what it wants next.
    mutating func take() -> PastRequest? { requests.isEmpty ? nil : requests.removeFirst() }

    mutating func removeAll() { requests = [] }

    /// What ends the answer to one who wants no more than there is, once nothing of that is awaited.
    ///
    /// - Parameter isWaiting: Whether it is being sent the past, or the application is asked about a channel.
    func end(isWaiting: Bool) -> [SessionAction] {
        isPoll && requests.isEmpty && !isWaiting ? [.close(.normal, reason: "")] : []
    }
}
