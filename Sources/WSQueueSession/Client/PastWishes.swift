internal import WSQueueCore
internal import WSQueueWire

/// What a client wants of the past, in the order in which it has asked.
struct PastWishes {
    /// When its answer ends.
    private enum End {
        case open
        /// With what there is.
        case poll
        /// With the state.
        case document(StateDocument)
    }

    private var requests: [PastRequest] = []
    private var answer = End.open

    /// What it wants next.
    var first: PastRequest? { requests.first }

    /// It wants what there is, and no more.
    ///
    /// - Parameter isDocument: Whether that is the state alone.
    mutating func poll(isDocument: Bool) { answer = isDocument ? .document(StateDocument()) : .poll }

    /// What is done of actions for one who wants a document, which begins when no answer of the application is awaited.
    mutating func shown(_ actions: [SessionAction], isAsking: Bool) -> [SessionAction] {
        guard case .document(let document) = answer else { return actions }
        var shown = document.shown(actions)
        if !isAsking, document.begin() { add(nil, wantsState: true, &shown) }
        return shown
    }

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

    /// It wants the past that its URL asks for.
    ///
    /// - Parameter awaited: Channels that belong to it once the application has allowed them.
    mutating func add(
        _ place: Cursor?, _ query: ClientQuery, _ awaited: [String], _ actions: inout [SessionAction]
    ) {
        requests.append(PastRequest(since: place, channel: nil, wantsState: query.wantsState, awaited: awaited))
        actions.append(.replay)
    }

    /// Takes what it wants next.
    mutating func take() -> PastRequest? { requests.isEmpty ? nil : requests.removeFirst() }

    mutating func removeAll() { requests = [] }

    /// What ends the answer to one who wants no more than there is, once nothing of that is awaited.
    ///
    /// - Parameter isWaiting: Whether it is being sent the past, or the application is asked about a channel.
    func end(isWaiting: Bool) -> [SessionAction] {
        guard requests.isEmpty, !isWaiting else { return [] }
        switch answer {
        case .open: return []
        case .document(let document) where !document.isBegun: return []
        case .poll, .document: return [.close(.normal, reason: "")]
        }
    }
}
