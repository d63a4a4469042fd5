package import WSQueueCore

/// Who listens to which channel, among the connections of one loop. Connections are known by their slot.
package struct SubscriptionTable {
    private var subscribersByChannel: [String: [Int]] = [:]
    private var channelsBySlot: [Int: [String]] = [:]
    private var slotByConnection: [Int64: Int] = [:]

    /// Makes an empty table.
    package init() {}

    /// Makes a connection known by its id, so that `except` finds it.
    package mutating func name(_ connection: Int64, slot: Int) { slotByConnection[connection] = slot }

    /// Adds a subscription; twice is one.
    ///
    /// - Returns: Whether it is new.
    @discardableResult
    package mutating func subscribe(_ slot: Int, to channel: String) -> Bool {
        guard !isSubscribed(slot, to: channel) else { return false }
        subscribersByChannel[channel, default: []].append(slot)
        channelsBySlot[slot, default: []].append(channel)
        return true
    }

    /// Removes a subscription.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    package mutating func unsubscribe(_ slot: Int, from channel: String) -> Bool {
        guard let index = channelsBySlot[slot]?.firstIndex(of: channel) else { return false }
        channelsBySlot[slot]?.remove(at: index)
        removeSubscriber(slot, of: channel)
        return true
    }

    /// Forgets a connection that has gone.
    package mutating func remove(_ slot: Int, connection: Int64) {
        for channel in channelsBySlot.removeValue(forKey: slot) ?? [] { removeSubscriber(slot, of: channel) }
        slotByConnection[connection] = nil
    }

    /// How many channels a connection listens to.
    package func channelCount(of slot: Int) -> Int { channelsBySlot[slot]?.count ?? 0 }

    /// The channels a connection listens to.
    package func channels(of slot: Int) -> [String] { channelsBySlot[slot] ?? [] }

    /// Whether a connection listens to a channel.
    package func isSubscribed(_ slot: Int, to channel: String) -> Bool {
        channelsBySlot[slot]?.contains(channel) ?? false
    }

    /// The slots that get a publication for part of the clients; for `everyoneExcept`, the one slot that does not.
    package func slots(selectedBy audience: Audience) -> [Int] {
        switch audience {
        case .everyone: []
        case .everyoneExcept(let connection): slotByConnection[connection].map { [$0] } ?? []
        case .channel(let channel, let except):
            without(except, subscribersByChannel[channel] ?? [])
        // Nobody is a known user before tokens are checked.
        case .users: []
        }
    }

    /// Whether a publication is for a connection.
    package func isReceiver(_ slot: Int, of audience: Audience) -> Bool {
        switch audience {
        case .everyone: true
        case .everyoneExcept(let connection): slotByConnection[connection] != slot
        case .channel(let channel, let except):
            isSubscribed(slot, to: channel) && !(except.map { slotByConnection[$0] == slot } ?? false)
        case .users: false
        }
    }

    private func without(_ except: Int64?, _ slots: [Int]) -> [Int] {
        guard let except, let excepted = slotByConnection[except] else { return slots }
        return slots.filter { $0 != excepted }
    }

    private mutating func removeSubscriber(_ slot: Int, of channel: String) {
        subscribersByChannel[channel]?.removeAll { $0 == slot }
        if subscribersByChannel[channel]?.isEmpty ?? false { subscribersByChannel[channel] = nil }
    }
}
