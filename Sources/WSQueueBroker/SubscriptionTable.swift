package import WSQueueCore

/// Who listens to which channels, among the connections of one loop. Connections are known by their slot.
///
/// A channel is found by its name, a pattern through a tree of segments: what a publication costs is what it reaches.
/// What a pattern matches is asked about by its name (``Access``), so that no pattern reaches where its name would not.
package struct SubscriptionTable {
    /// One subscription in a topic's list, and where its slot keeps it.
    private struct Member {
        let slot: Int
        var place: Int
    }

    /// A channel or a pattern that somebody listens to.
    private struct Topic {
        let pattern: ChannelPattern
        let isChannel: Bool
        var members: [Member] = []

        init(_ pattern: ChannelPattern) {
            self.pattern = pattern
            isChannel = pattern.isChannel
        }
    }

    /// One subscription in a slot's list, and where its topic keeps it.
    private struct Subscription {
        let topic: Int
        var place: Int
    }

    /// What is known of a connection.
    private struct Listener {
        var connection: Int64?
        var identity: Identity?
        /// Whether its patterns reach only what rules open to those of strangers.
        var isStranger = false
        var subscriptions: [Subscription] = []
    }

    /// What decides which events a connection gets that are for no one in particular.
    package struct Likeness: Equatable, Sendable {
        let isBarred: Bool
        let names: [String]
        let isStranger: Bool
        /// After how many changes of the rules.
        let rules: Int
    }

    /// Who may listen where.
    package var access = Access() { didSet { rulesCount += 1 } }
    private var rulesCount = 0
    private var topics: [Topic] = []
    private var freeTopics: [Int] = []
    private var topicByText: [String: Int] = [:]
    private var patterns = PatternTree()
    private var listeners: [Int: Listener] = [:]
    private var slotByConnection: [Int64: Int] = [:]
    private var slotsByUser: [[UInt8]: [Int]] = [:]
    /// Those for whom the events without a channel are not.
    private var barred: Set<Int> = []
    private var watchers: Set<Int> = []

    /// Makes an empty table.
    package init() {}

    /// Makes a connection known by its id, so that `except` finds it.
    package mutating func name(_ connection: Int64, slot: Int) {
        listeners[slot, default: Listener()].connection = connection
        slotByConnection[connection] = slot
    }

    /// A client only looks on.
    package mutating func watch(_ slot: Int) { watchers.insert(slot) }

    /// How many clients only look on.
    package var watcherCount: Int { watchers.count }

    /// Says whose connection it is; `nil` is an anonymous one.
    package mutating func identify(_ slot: Int, as identity: Identity?) {
        let before = listeners[slot]?.identity
        if before?.user != identity?.user {
            if let user = before?.user.bytes { removeUser(user, slot) }
            if let user = identity?.user.bytes { slotsByUser[user, default: []].append(slot) }
        }
        listeners[slot, default: Listener()].identity = identity
        review(slot)
    }

    /// Looks whether a connection may have the events without a channel: once when it comes, and after each change.
    package mutating func review(_ slot: Int) {
        if access.closesChannelless,
            access.verdict(.subscribe, "", by: listeners[slot]?.identity) != .allowed
        {
            barred.insert(slot)
        } else if !barred.isEmpty {
            barred.remove(slot)
        }
    }

    /// Adds a subscription; twice is one.
    ///
    /// - Parameter isStranger: Whether the client has no token, and is not on this machine.
    /// - Returns: Whether it is new.
    @discardableResult
    package mutating func subscribe(_ slot: Int, to pattern: ChannelPattern, isStranger: Bool = false) -> Bool {
        let known = topicByText[pattern.text]
        var listener = listeners.removeValue(forKey: slot) ?? Listener()
        defer { listeners[slot] = listener }
        if isStranger { listener.isStranger = true }
        if let known, listener.subscriptions.contains(where: { $0.topic == known }) { return false }
        let topic = known ?? makeTopic(pattern)
        topics[topic].members.append(Member(slot: slot, place: listener.subscriptions.count))
        listener.subscriptions.append(Subscription(topic: topic, place: topics[topic].members.count - 1))
        return true
    }

    /// Removes a subscription.
    ///
    /// - Parameter text: The channel or pattern as it was subscribed to.
    /// - Returns: Whether there was one.
    @discardableResult
    package mutating func unsubscribe(_ slot: Int, from text: String) -> Bool {
        guard let topic = topicByText[text], var listener = listeners[slot],
            let place = listener.subscriptions.firstIndex(where: { $0.topic == topic })
        else { return false }
        let removed = listener.subscriptions[place]
        let last = listener.subscriptions.removeLast()
        if place < listener.subscriptions.count {
            listener.subscriptions[place] = last
            topics[last.topic].members[last.place].place = place
        }
        listeners[slot] = listener
        removeMember(removed)
        return true
    }

    /// Forgets a connection that has gone.
    package mutating func remove(_ slot: Int) {
        if !barred.isEmpty { barred.remove(slot) }
        if !watchers.isEmpty { watchers.remove(slot) }
        guard let listener = listeners.removeValue(forKey: slot) else { return }
        for subscription in listener.subscriptions { removeMember(subscription) }
        if let user = listener.identity?.user.bytes { removeUser(user, slot) }
        if let connection = listener.connection { slotByConnection[connection] = nil }
    }

    /// How many channels and patterns a connection listens to.
    package func channelCount(of slot: Int) -> Int { listeners[slot]?.subscriptions.count ?? 0 }

    /// The channels and patterns a connection listens to.
    package func channels(of slot: Int) -> [String] {
        listeners[slot]?.subscriptions.map { topics[$0.topic].pattern.text } ?? []
    }

    /// What a connection's events depend on, so that those that are alike get the same ones but for what is for users, or
    /// leaves out some. `nil` where that is more than can be compared at a glance: many subscriptions, or patterns of a user,
    /// whose reach the rules decide.
    package func likeness(of slot: Int) -> Likeness? {
        let listener = listeners[slot] ?? Listener()
        guard listener.subscriptions.count <= 16,
            listener.identity == nil || listener.subscriptions.allSatisfy({ topics[$0.topic].isChannel })
        else { return nil }
        return Likeness(
            isBarred: barred.contains(slot), names: channels(of: slot), isStranger: listener.isStranger,
            rules: rulesCount)
    }

    /// Whether a connection has subscribed to this very channel or pattern.
    package func isSubscribed(_ slot: Int, to text: String) -> Bool {
        guard let topic = topicByText[text], let listener = listeners[slot] else { return false }
        return listener.subscriptions.contains { $0.topic == topic }
    }

    /// The subscriptions through which a connection hears a channel.
    package func subscriptions(of slot: Int, hearing channel: String) -> [String] {
        guard let listener = listeners[slot] else { return [] }
        var isAllowed: Bool?
        return listener.subscriptions.filter { hears(listener, $0, channel, &isAllowed) }
            .map { topics[$0.topic].pattern.text }
    }

    /// Whether a connection hears a channel, by its name or by a pattern.
    package func hears(_ slot: Int, _ channel: String) -> Bool {
        guard let listener = listeners[slot] else { return false }
        var isAllowed: Bool?
        return listener.subscriptions.contains { hears(listener, $0, channel, &isAllowed) }
    }

    /// The slots of a user's connections.
    package func slots(of user: Label) -> [Int] { slotsByUser[user.bytes] ?? [] }

    /// How many connections have subscribed to each channel or pattern that is wanted, the first ones in the order of their
    /// names' bytes.
    package func counts(_ query: ChannelQuery) -> Tally {
        var found: [ChannelCount] = []
        // Looked through in parts, so that not all of very many are sorted.
        let room = max(4 * query.limit, 1_024)
        var tally = Tally()
        for (name, topic) in topicByText where query.includes(name) {
            if tally.hasMore, let last = tally.channels.last?.channel, !ChannelCount.precedes(name, last) { continue }
            found.append(ChannelCount(channel: name, clients: topics[topic].members.count))
            if found.count == room { tally.take(&found, limit: query.limit) }
        }
        tally.take(&found, limit: query.limit)
        return tally
    }

    /// The slot of a connection that has been named.
    package func slot(of connection: Int64) -> Int? { slotByConnection[connection] }

    /// Adds the slots that get a publication for part of the clients; for `everyoneExcept`, the one slot that does not.
    ///
    /// - Parameter slots: A slot may be added twice, when several of its subscriptions match.
    package func append(selectedBy audience: Audience, to slots: inout [Int]) {
        switch audience {
        case .everyone: return
        case .everyoneExcept(let except):
            slots.append(contentsOf: self.slots(of: except))
            slots.append(contentsOf: barred)
        case .channel(let channel, let except):
            let start = slots.count
            append(hearing: channel, to: &slots)
            remove(except, from: &slots, after: start)
        case .users(let users, let channel, let except):
            let start = slots.count
            defer { remove(except, from: &slots, after: start) }
            for user in users {
                for slot in slotsByUser[Array(user.utf8)] ?? [] {
                    guard let channel else {
                        slots.append(slot)
                        continue
                    }
                    if hears(slot, channel) { slots.append(slot) }
                }
            }
        }
    }

    /// Whether a publication is for a connection.
    package func isReceiver(_ slot: Int, of audience: Audience) -> Bool {
        isAddressed(slot, by: audience) && (audience.channel.map { hears(slot, $0) } ?? true)
    }

    /// Whether a publication is for a connection, of many that are looked at in one go.
    ///
    /// - Parameter heard: The channels that it was asked about already: with many patterns that costs the most.
    package func isReceiver(_ slot: Int, of audience: Audience, _ heard: inout [String: Bool]) -> Bool {
        guard isAddressed(slot, by: audience) else { return false }
        guard let channel = audience.channel else { return true }
        if let known = heard[channel] { return known }
        let isHeard = hears(slot, channel)
        heard[channel] = isHeard
        return isHeard
    }

    /// Whether a publication is for a connection, if that hears its channel.
    package func isAddressed(_ slot: Int, by audience: Audience) -> Bool {
        switch audience {
        case .everyone: !barred.contains(slot)
        case .everyoneExcept(let except): !isExcepted(slot, except) && !barred.contains(slot)
        case .channel(_, let except): !isExcepted(slot, except)
        case .users(let users, _, let except): isOne(of: users, slot) && !isExcepted(slot, except)
        }
    }

    private func isOne(of users: [String], _ slot: Int) -> Bool {
        guard let user = listeners[slot]?.identity?.user.bytes else { return false }
        return users.contains { $0.utf8.elementsEqual(user) }
    }

    private func append(hearing channel: String, to slots: inout [Int]) {
        if let topic = topicByText[channel] {
            for member in topics[topic].members { slots.append(member.slot) }
        }
        guard !patterns.isEmpty else { return }
        for topic in patterns.matches(channel) {
            for member in topics[topic].members {
                if let listener = listeners[member.slot], isAllowed(listener, channel) { slots.append(member.slot) }
            }
        }
    }

    /// - Parameter isAllowed: Whether the rules allow the channel, once that was asked: it is the same for all patterns.
    private func hears(
        _ listener: Listener, _ subscription: Subscription, _ channel: String, _ isAllowed: inout Bool?
    ) -> Bool {
        let topic = topics[subscription.topic]
        if topic.isChannel { return topic.pattern.text == channel }
        guard topic.pattern.matches(channel) else { return false }
        let answer = isAllowed ?? self.isAllowed(listener, channel)
        isAllowed = answer
        return answer
    }

    private func isAllowed(_ listener: Listener, _ channel: String) -> Bool {
        access.reaches(channel, by: listener.identity, isStranger: listener.isStranger)
    }

    private func isExcepted(_ slot: Int, _ except: Exceptions) -> Bool {
        guard !except.isEmpty, let listener = listeners[slot] else { return false }
        if let connection = listener.connection, except.connections.contains(connection) { return true }
        guard let user = listener.identity?.user else { return false }
        return except.users.contains(user)
    }

    /// The slots of those who are left out; one may be there twice.
    private func slots(of except: Exceptions) -> [Int] {
        except.connections.compactMap { slotByConnection[$0] }
            + except.users.flatMap { slotsByUser[$0.bytes] ?? [] }
    }

    private func remove(_ except: Exceptions, from slots: inout [Int], after start: Int) {
        guard !except.isEmpty else { return }
        let excepted = Set(self.slots(of: except))
        guard !excepted.isEmpty else { return }
        slots[start...].removeAll { excepted.contains($0) }
    }

    private mutating func makeTopic(_ pattern: ChannelPattern) -> Int {
        let topic = freeTopics.popLast() ?? topics.count
        if topic == topics.count { topics.append(Topic(pattern)) } else { topics[topic] = Topic(pattern) }
        topicByText[pattern.text] = topic
        if !topics[topic].isChannel { patterns.insert(pattern, topic) }
        return topic
    }

    /// Takes a subscription out of its topic's list; the last one moves to its place.
    private mutating func removeMember(_ subscription: Subscription) {
        let topic = subscription.topic
        let last = topics[topic].members.removeLast()
        if subscription.place < topics[topic].members.count {
            topics[topic].members[subscription.place] = last
            listeners[last.slot]?.subscriptions[last.place].place = subscription.place
        }
        guard topics[topic].members.isEmpty else { return }
        let pattern = topics[topic].pattern
        topicByText[pattern.text] = nil
        if !topics[topic].isChannel { patterns.remove(pattern) }
        freeTopics.append(topic)
    }

    private mutating func removeUser(_ user: [UInt8], _ slot: Int) {
        slotsByUser[user]?.removeAll { $0 == slot }
        if slotsByUser[user]?.isEmpty ?? false { slotsByUser[user] = nil }
    }
}
