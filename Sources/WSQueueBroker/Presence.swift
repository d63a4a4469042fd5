package import WSQueueCore

/// How presence behaves, and how much of it a large channel is told.
package struct PresenceRule: Equatable, Sendable {
    /// How long a user counts as there after the last of its connections has gone.
    package var graceNanoseconds: Int64 = 15_000_000_000
    /// The least time between two pieces of news in a channel, and how much longer it is for each member: a channel of any
    /// size costs at most about 10,000 deliveries a second.
    package var pauseNanoseconds: Int64 = 20_000_000
    package var pausePerMemberNanoseconds: Int64 = 100_000
    /// The longest info or activity, bytes of JSON; longer info is left out.
    package var detailLimitBytes = 1_024
    /// How many users one piece of news names.
    package var namedLimit = 50
    /// How many users a client is told of at once.
    package var pageLimit = 100

    package init() {}

    func pause(members: Int) -> Int64 { max(pauseNanoseconds, Int64(members) * pausePerMemberNanoseconds) }
}

/// Who is in the channels that track it: by user and not by connection.
///
/// On several nodes each says who is with it, and all see the sum: a user is there as long as one node says so, and is what
/// was said of it last. So any two nodes that have heard the same of each node agree, in whichever order they heard it.
///
/// It knows no clock: each input says the present moment (monotonic nanoseconds, never less than before).
package struct Presence: Sendable {
    package let rule: PresenceRule
    private var rooms: [String: PresenceRoom] = [:]
    /// Those whose last connection has gone, oldest first.
    private var leaving = Fifo<(at: Int64, place: PresencePlace)>()
    /// Channels with news.
    private var talking: Set<String> = []
    /// Who is there because the application says so.
    private var visits = PresenceVisits()
    /// What other nodes say, and the number of this one.
    private var others = NodePresence()
    /// When something is due next; `.max` is never.
    package private(set) var dueAt = Int64.max

    /// Makes it of no one.
    package init(_ rule: PresenceRule = PresenceRule()) { self.rule = rule }

    /// How many channels are tracked.
    package var channelCount: Int { rooms.count }

    /// A user's connection listens to a channel from now on.
    package mutating func enter(_ channel: String, _ identity: Identity, _ connection: Int64) {
        let info = identity.info.flatMap { $0.count <= rule.detailLimitBytes ? $0 : nil }
        let isNew =
            rooms[channel, default: PresenceRoom()].enter(identity.user, info, connection, others.nextStamp())
        if isNew { others.note(PresencePlace(channel: channel, user: identity.user)) }
        noteNews(channel)
    }

    /// A user's connection listens no more.
    package mutating func leave(_ channel: String, _ user: Label, _ connection: Int64, now: Int64) {
        let leavesAt = now + rule.graceNanoseconds
        guard rooms[channel]?.leave(user, connection, leavesAt: leavesAt) ?? false else { return }
        leaving.append((leavesAt, PresencePlace(channel: channel, user: user)))
        dueAt = min(dueAt, leavesAt)
    }

    /// A user says how it is.
    ///
    /// - Returns: Whether it is there.
    package mutating func set(_ channel: String, _ user: Label, status: String?, activity: [UInt8]?) -> Bool {
        let answer = rooms[channel]?.set(user, status: status, activity: activity, others.nextStamp())
        guard let answer, answer.isThere else { return false }
        if answer.isNew { others.note(PresencePlace(channel: channel, user: user)) }
        noteNews(channel)
        return true
    }

    // MARK: What the application says

    /// The connection of users who are there because the application says so: no client has it.
    private static let visitor: Int64 = 0

    /// How many users are there because the application says so, here.
    package var visitCount: Int { visits.count }

    /// The application says how users are in a channel.
    ///
    /// - Parameters:
    ///   - until: Until when they are there, whether or not they have a connection; `nil` says it only of those who are
    ///     there.
    ///   - isWhole: Whether others whom the application has said to be there are so no longer.
    /// - Returns: Of how many that was said.
    package mutating func say(
        _ words: [PresenceWord], in channel: String, until: Int64?, isWhole: Bool = false, now: Int64
    ) -> Int {
        let before = isWhole ? Set(visits.users(in: channel)) : []
        var count = 0
        for word in words {
            let place = PresencePlace(channel: channel, user: word.user)
            guard until.map({ $0 > now }) ?? false || rooms[channel]?.contains(word.user) ?? false else { continue }
            count += 1
            let isNew = rooms[channel, default: PresenceRoom()].say(word, Self.visitor, others.nextStamp())
            if isNew { others.note(place) }
            if let until, until > now {
                visits.set(place, until: until)
                dueAt = min(dueAt, until)
            } else if until != nil || !visits.contains(place) {
                _ = visits.end(place)
                leave(channel, word.user, Self.visitor, now: now)
            }
        }
        noteNews(channel)
        forget(Array(before.subtracting(words.map(\.user))), in: channel, now: now)
        return count
    }

    /// The application takes back that users are there, as far as it has said so here; they leave as if a connection had
    /// gone.
    ///
    /// - Parameter users: `nil` is all of the channel.
    package mutating func forget(_ users: [Label]?, in channel: String, now: Int64) {
        for user in users ?? visits.users(in: channel)
        where visits.end(PresencePlace(channel: channel, user: user)) {
            leave(channel, user, Self.visitor, now: now)
        }
    }

    /// Some of those who are there.
    ///
    /// - Parameter number: 0, or what the page before gave as ``PresencePage/next``.
    package func page(_ channel: String, after number: UInt64 = 0) -> PresencePage {
        rooms[channel]?.page(after: number, limit: rule.pageLimit) ?? PresencePage(users: [], count: 0, next: nil)
    }

    /// How many users are in a channel.
    package func count(in channel: String) -> Int { rooms[channel]?.count ?? 0 }

    /// Does what is due, and takes what is to be told by now.
    package mutating func turn(now: Int64) -> [PresenceNews] {
        guard now >= dueAt else { return [] }
        expire(now: now)
        var news: [PresenceNews] = []
        for channel in talking {
            guard let due = rooms[channel]?.dueAt(rule), due <= now else { continue }
            news += rooms[channel]?.takeNews(channel, rule, now: now) ?? []
            talking.remove(channel)
            if rooms[channel]?.isEmpty ?? false { rooms[channel] = nil }
        }
        dueAt = nextLeaving
        for channel in talking { dueAt = min(dueAt, rooms[channel]?.dueAt(rule) ?? .max) }
        return news
    }

    /// Does what is due, and leaves the telling to another node.
    package mutating func turnSilently(now: Int64) {
        guard now >= dueAt else { return }
        expire(now: now)
        dueAt = nextLeaving
    }

    /// Gives up what has not been told for two such passes: another node has told it.
    package mutating func forgetUntold() {
        for channel in talking {
            rooms[channel]?.forget()
            noteNews(channel)
        }
    }

    /// Gives up what was told and not heard of for two such passes.
    package mutating func forgetTold() {
        for channel in others.toldChannels {
            rooms[channel]?.forgetTold()
            noteNews(channel)
        }
        others.keepTold { rooms[$0]?.wasToldBefore ?? false }
    }

    private var nextLeaving: Int64 {
        min(leaving.first?.at ?? .max, min(others.nextLeaving, visits.next))
    }

    private mutating func expire(now: Int64) {
        while let place = visits.takeOver(now: now) { leave(place.channel, place.user, Self.visitor, now: now) }
        while let (at, place) = leaving.first, at <= now {
            leaving.popFirst()
            if rooms[place.channel]?.expire(place.user, leavesAt: at) ?? false { others.note(place) }
            noteNews(place.channel)
        }
        removeLost(now: now)
    }

    private mutating func noteNews(_ channel: String) {
        guard let room = rooms[channel] else { return }
        if room.hasNews {
            talking.insert(channel)
            dueAt = min(dueAt, room.dueAt(rule))
        } else {
            talking.remove(channel)
            if room.isEmpty { rooms[channel] = nil }
        }
    }

    // MARK: Other nodes

    /// Tells others from now on.
    ///
    /// - Parameter node: The number of this node, 1 or more.
    package mutating func share(as node: Int64) {
        guard others.share(as: node) else { return }
        for channel in rooms.keys { rooms[channel]?.restamp(node: node) }
    }

    /// Takes what the others have not been told of this node's users.
    package mutating func takeChanges() -> [PresenceEntry] {
        return others.takeChanged().map { PresenceEntry(place: $0, state: rooms[$0.channel]?.own($0.user)) }
    }

    /// All that this node says, what ``takeChanges()`` would give included.
    package mutating func takeWhole() -> [PresenceEntry] {
        _ = others.takeChanged()
        return rooms.flatMap { channel, room in
            room.allOwn.map {
                PresenceEntry(place: PresencePlace(channel: channel, user: $0.user.user), state: $0)
            }
        }
    }

    /// Another node says something.
    package mutating func put(_ entry: PresenceEntry, from node: Int64) {
        let place = entry.place
        if let state = entry.state, state.user.user == place.user {
            others.hear(place, state.stamp, from: node)
            if rooms[place.channel, default: PresenceRoom()].put(state, from: node) { others.note(place) }
        } else {
            others.remove(place, from: node)
            rooms[place.channel]?.remove(place.user, from: node)
        }
        noteNews(place.channel)
    }

    /// Another node tells all its users: those that are not among them have left it.
    package mutating func replace(_ entries: [PresenceEntry], from node: Int64) {
        var gone = others.places(of: node)
        for entry in entries where entry.state != nil { gone.remove(entry.place) }
        for place in gone { put(PresenceEntry(place: place, state: nil), from: node) }
        for entry in entries { put(entry, from: node) }
        others.noteWhole(node)
    }

    /// Another node is not heard any more: its users leave after the grace, unless it is back before, or they are
    /// elsewhere.
    package mutating func lose(_ node: Int64, now: Int64) {
        if let leavesAt = others.lose(node, at: now + rule.graceNanoseconds) { dueAt = min(dueAt, leavesAt) }
    }

    /// The channel has been told by the node that tells.
    package mutating func told(_ told: PresenceTold) {
        // It has taken from its changes what it tells.
        guard told.sender != others.node else { return }
        rooms[told.channel, default: PresenceRoom()].told(told.kind, told.users)
        others.noteTold(told.channel)
        noteNews(told.channel)
    }

    /// This node tells from now on, also what it has left to others until now.
    package mutating func beginTelling() { dueAt = 0 }

    /// Takes out the users of nodes that have been lost for too long.
    private mutating func removeLost(now: Int64) {
        for node in others.lost(at: now) { replace([], from: node) }
    }
}
