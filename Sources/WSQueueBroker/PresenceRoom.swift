internal import WSQueueCore

/// Who is in one channel.
struct PresenceRoom {
    private struct Member {
        let number: UInt64
        /// As the others see it: what was said of it last, by whichever node.
        var user: PresentUser
        /// Its connections to this node.
        var connections: Set<Int64> = []
        /// When it counts as gone from this node, if no one comes back.
        var leavesAt: Int64?
        /// What this node says of it; `nil` where it is with others only.
        var own: PresenceState?
        /// What other nodes say, by their numbers.
        var others: [Int64: PresenceState] = [:]

        var latest: PresenceState? {
            let states = others.values + (own.map { [$0] } ?? [])
            return states.max { $0.stamp < $1.stamp }
        }
    }

    private enum Change {
        case joined, updated
        case left(PresentUser)

        var kind: PresenceNews.Kind {
            switch self {
            case .joined: .join
            case .updated: .update
            case .left: .leave
            }
        }
    }

    private var members: [[UInt8]: Member] = [:]
    /// The numbers and ids in the order in which members came; some may have gone.
    private var order: [(number: UInt64, user: [UInt8])] = []
    private var lastNumber: UInt64 = 0
    /// What the others have not been told, and the users it is about in the order in which it happened; whose change has
    /// been taken back is still there.
    private var changes: [[UInt8]: Change] = [:]
    private var changed: [[UInt8]] = []
    /// Changes that were there at the last ``forget()`` already.
    private var stale: Set<[UInt8]> = []
    /// What the channel was told of users before this node had heard of it, and what of that was there at the last
    /// ``forgetTold()`` already.
    private var toldBefore: [[UInt8]: PresenceNews.Kind] = [:]
    private var staleTold: Set<[UInt8]> = []
    /// When the others were told something last.
    private var toldAt = Int64.min / 2

    var isEmpty: Bool { members.isEmpty && !hasNews && toldBefore.isEmpty }
    var count: Int { members.count }
    var hasNews: Bool { !changes.isEmpty }
    /// Whether the channel was told something that this node has not heard of.
    var wasToldBefore: Bool { !toldBefore.isEmpty }

    /// When the news may be told.
    func dueAt(_ rule: PresenceRule) -> Int64 { toldAt + rule.pause(members: members.count) }

    /// A connection has come.
    ///
    /// - Parameter stamp: Later than all that was heard of.
    /// - Returns: Whether this node has something new to say of the user.
    mutating func enter(_ user: Label, _ info: [UInt8]?, _ connection: Int64, _ stamp: PresenceStamp) -> Bool {
        var member = members[user.bytes] ?? makeMember(PresentUser(user: user, info: info))
        let before = member.user
        member.connections.insert(connection)
        member.leavesAt = nil
        member.user.info = info
        let isNew = member.own == nil || member.user != before
        if isNew { member.own = PresenceState(user: member.user, stamp: stamp) }
        members[user.bytes] = member
        return isNew
    }

    /// A connection has gone.
    ///
    /// - Returns: Whether it was the user's last, so that the grace begins.
    mutating func leave(_ user: Label, _ connection: Int64, leavesAt: Int64) -> Bool {
        guard var member = members[user.bytes], member.connections.remove(connection) != nil else { return false }
        let isLast = member.connections.isEmpty
        if isLast { member.leavesAt = leavesAt }
        members[user.bytes] = member
        return isLast
    }

    /// The grace of a user is over, unless a connection has come back.
    ///
    /// - Returns: Whether it has gone from this node.
    mutating func expire(_ user: Label, leavesAt: Int64) -> Bool {
        guard var member = members[user.bytes], member.leavesAt == leavesAt else { return false }
        member.leavesAt = nil
        member.own = nil
        settle(member)
        return true
    }

    /// A user says something of itself.
    ///
    /// - Returns: Whether one of its connections is there, and whether that is new.
    mutating func set(
        _ user: Label, status: String?, activity: [UInt8]?, _ stamp: PresenceStamp
    ) -> (isThere: Bool, isNew: Bool) {
        guard var member = members[user.bytes], member.own != nil else { return (false, false) }
        let before = member.user
        if let status { member.user.status = status }
        if let activity { member.user.activity = activity }
        guard member.user != before else { return (true, false) }
        member.own = PresenceState(user: member.user, stamp: stamp)
        members[user.bytes] = member
        noteUpdate(user.bytes)
        return (true, true)
    }

    /// Whether a user is there, with whichever node.
    func contains(_ user: Label) -> Bool { members[user.bytes] != nil }

    /// The application says something of a user, who is there from now on.
    ///
    /// - Parameters:
    ///   - visitor: The connection that stands for that.
    ///   - stamp: Later than all that was heard of.
    /// - Returns: Whether this node has something new to say of the user.
    mutating func say(_ word: PresenceWord, _ visitor: Int64, _ stamp: PresenceStamp) -> Bool {
        let key = word.user.bytes
        let known = members[key]
        var member = known ?? makeMember(PresentUser(user: word.user))
        let before = member.user
        member.connections.insert(visitor)
        member.leavesAt = nil
        if let status = word.status { member.user.status = status }
        member.user.activity = word.activity.applied(to: member.user.activity)
        member.user.info = word.info.applied(to: member.user.info)
        let isNew = member.own == nil || member.user != before
        if isNew { member.own = PresenceState(user: member.user, stamp: stamp) }
        members[key] = member
        if known != nil, member.user != before { noteUpdate(key) }
        return isNew
    }

    /// What this node says of a user.
    func own(_ user: Label) -> PresenceState? { members[user.bytes]?.own }

    /// All that this node says.
    var allOwn: [PresenceState] { members.values.compactMap(\.own) }

    /// Says all of it again, as somebody else.
    mutating func restamp(node: Int64) {
        for key in members.keys { members[key]?.own?.stamp.node = node }
    }

    /// Another node says something of a user.
    ///
    /// - Returns: Whether this node, which has the user too, says the same from now on: it holds although the user may
    ///   leave the other one.
    mutating func put(_ state: PresenceState, from node: Int64) -> Bool {
        var member = members[state.user.user.bytes] ?? makeMember(state.user)
        member.others[node] = state
        let isNewer = member.own.map { $0.stamp < state.stamp } ?? false
        if isNewer { member.own = state }
        settle(member)
        return isNewer
    }

    /// Another node has a user no more.
    mutating func remove(_ user: Label, from node: Int64) {
        guard var member = members[user.bytes], member.others.removeValue(forKey: node) != nil else { return }
        settle(member)
    }

    /// The channel has been told by another node what this one would have told it.
    ///
    /// - Parameter users: To whom it happened; `nil` is all to whom it did.
    mutating func told(_ kind: PresenceNews.Kind, _ users: [Label]?) {
        for key in users?.map(\.bytes) ?? Array(changes.keys) {
            if changes[key]?.kind == kind {
                changes[key] = nil
                stale.remove(key)
            } else if users != nil {
                // It comes by two ways, of which either may be the shorter.
                toldBefore[key] = kind
                staleTold.remove(key)
            }
        }
        compactChanged()
    }

    /// Gives up what the channel was told and this node has not heard of for two passes.
    mutating func forgetTold() {
        for key in staleTold { toldBefore[key] = nil }
        staleTold = Set(toldBefore.keys)
    }

    /// Gives up what no node has told for two passes: it was told before this node had heard of it.
    mutating func forget() {
        for key in stale { changes[key] = nil }
        compactChanged()
        stale = Set(changes.keys)
    }

    /// The members after a place, up to a limit.
    func page(after number: UInt64, limit: Int) -> PresencePage {
        var users: [PresentUser] = []
        var last = number
        for index in place(behind: number)..<order.count {
            guard let member = members[order[index].user], member.number == order[index].number else { continue }
            if users.count == limit { return PresencePage(users: users, count: count, next: last) }
            users.append(member.user)
            last = member.number
        }
        return PresencePage(users: users, count: count, next: nil)
    }

    /// Takes what the others have not been told.
    mutating func takeNews(_ channel: String, _ rule: PresenceRule, now: Int64) -> [PresenceNews] {
        toldAt = now
        var users: [PresenceNews.Kind: [PresentUser]] = [:]
        for key in changed {
            switch changes.removeValue(forKey: key) {
            case .joined: if let member = members[key] { users[.join, default: []].append(member.user) }
            case .updated: if let member = members[key] { users[.update, default: []].append(member.user) }
            case .left(let user): users[.leave, default: []].append(user)
            case nil: continue
            }
        }
        changed = []
        stale = []
        return PresenceNews.Kind.allCases.compactMap { kind in
            guard let concerned = users[kind] else { return nil }
            return PresenceNews(
                channel: channel, kind: kind, users: Array(concerned.prefix(rule.namedLimit)),
                unnamed: max(0, concerned.count - rule.namedLimit), count: count)
        }
    }

    /// Somebody new, whom the caller keeps.
    private mutating func makeMember(_ user: PresentUser) -> Member {
        lastNumber += 1
        let key = user.user.bytes
        order.append((lastNumber, key))
        // A client that was not told that the user had gone sees a change at most.
        if case .left = changes[key] { note(.updated, key) } else { note(.joined, key) }
        return Member(number: lastNumber, user: user)
    }

    /// Keeps a member as it was described last, or no more when no node has it.
    private mutating func settle(_ member: Member) {
        let key = member.user.user.bytes
        guard let latest = member.latest else {
            members[key] = nil
            // Moved together only when that is no more than what has been taken out since.
            if order.count > 2 * members.count + 16 { order.removeAll { members[$0.user]?.number != $0.number } }
            if case .joined = changes[key] { changes[key] = nil } else { note(.left(member.user), key) }
            return
        }
        var member = member
        let isNew = member.user != latest.user
        member.user = latest.user
        members[key] = member
        if isNew { noteUpdate(key) }
    }

    private mutating func noteUpdate(_ user: [UInt8]) {
        // A client that joins is told the state of that moment.
        if changes[user] == nil { note(.updated, user) }
    }

    private mutating func note(_ change: Change, _ user: [UInt8]) {
        if let told = toldBefore.removeValue(forKey: user) {
            staleTold.remove(user)
            if told == change.kind { return }
        }
        if changes.updateValue(change, forKey: user) == nil { changed.append(user) }
    }

    private mutating func compactChanged() {
        if changed.count > 2 * changes.count + 16 { changed.removeAll { changes[$0] == nil } }
    }

    private func place(behind number: UInt64) -> Int {
        order.partitionPoint { $0.number > number }
    }
}
