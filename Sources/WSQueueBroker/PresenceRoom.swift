package import WSQueueCore

/// One user in a channel that tracks who is there.
package struct PresentUser: Equatable, Sendable {
    /// The user's id.
    package let user: Label
    /// What the token lets others know, as JSON.
    package internal(set) var info: [UInt8]?
    /// How the user says to be, as the client wrote it.
    package internal(set) var status = "online"
    /// What the user says to do, as JSON.
    package internal(set) var activity: [UInt8]?
}

/// Some of those who are in a channel, in the order in which they came.
package struct PresencePage: Equatable, Sendable {
    package let users: [PresentUser]
    /// How many there are in all.
    package let count: Int
    /// From where on more can be had; `nil` when these are the last.
    package let next: UInt64?
}

/// What the others of a channel are told at once.
package struct PresenceNews: Equatable, Sendable {
    /// What happened to them.
    package enum Kind: String, Sendable, CaseIterable {
        case leave, join, update
    }

    package let channel: String
    package let kind: Kind
    /// Whom it happened to, the first so many of them.
    package let users: [PresentUser]
    /// How many more it happened to.
    package let unnamed: Int
    /// How many are there now.
    package let count: Int
}

/// Who is in one channel.
struct PresenceRoom {
    private struct Member {
        let number: UInt64
        var user: PresentUser
        var connections: Set<Int64>
        /// When it counts as gone, if nobody comes back.
        var leavesAt: Int64?
    }

    private enum Change {
        case joined, updated
        case left(PresentUser)
    }

    private var members: [[UInt8]: Member] = [:]
    /// The numbers and ids in the order in which members came; some may have gone.
    private var order: [(number: UInt64, user: [UInt8])] = []
    private var lastNumber: UInt64 = 0
    /// What the others have not been told, and the users it is about in the order in which it happened; whose change has
    /// been taken back is still there.
    private var changes: [[UInt8]: Change] = [:]
    private var changed: [[UInt8]] = []
    /// When the others were told something last.
    private var toldAt = Int64.min / 2

    var isEmpty: Bool { members.isEmpty && !hasNews }
    var count: Int { members.count }
    var hasNews: Bool { !changes.isEmpty }

    /// When the news may be told.
    func dueAt(_ rule: PresenceRule) -> Int64 { toldAt + rule.pause(members: members.count) }

    /// A connection has come.
    mutating func enter(_ user: Label, _ info: [UInt8]?, _ connection: Int64) {
        let key = user.bytes
        if var member = members[key] {
            member.connections.insert(connection)
            member.leavesAt = nil
            member.user.info = info
            members[key] = member
            return
        }
        lastNumber += 1
        members[key] = Member(
            number: lastNumber, user: PresentUser(user: user, info: info), connections: [connection])
        order.append((lastNumber, key))
        // Who has not been told that the user had gone sees it change at most.
        if case .left = changes[key] { note(.updated, key) } else { note(.joined, key) }
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
    mutating func expire(_ user: [UInt8], leavesAt: Int64) {
        guard let member = members[user], member.leavesAt == leavesAt else { return }
        members[user] = nil
        // Moved together only when that is no more than what has been taken out since.
        if order.count > 2 * members.count + 16 { order.removeAll { members[$0.user]?.number != $0.number } }
        if case .joined = changes[user] { changes[user] = nil } else { note(.left(member.user), user) }
    }

    /// A user says something of itself.
    ///
    /// - Returns: Whether one of its connections is there.
    mutating func set(_ user: Label, status: String?, activity: [UInt8]?) -> Bool {
        guard var member = members[user.bytes] else { return false }
        let before = member.user
        if let status { member.user.status = status }
        if let activity { member.user.activity = activity }
        members[user.bytes] = member
        // Who joins is told as it is by then.
        if member.user != before, changes[user.bytes] == nil { note(.updated, user.bytes) }
        return true
    }

    /// The members behind a place, so many at most.
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
        return PresenceNews.Kind.allCases.compactMap { kind in
            guard let concerned = users[kind] else { return nil }
            return PresenceNews(
                channel: channel, kind: kind, users: Array(concerned.prefix(rule.namedLimit)),
                unnamed: max(0, concerned.count - rule.namedLimit), count: count)
        }
    }

    private mutating func note(_ change: Change, _ user: [UInt8]) {
        if changes.updateValue(change, forKey: user) == nil { changed.append(user) }
    }

    private func place(behind number: UInt64) -> Int {
        var (low, high) = (0, order.count)
        while low < high {
            let middle = (low + high) / 2
            if order[middle].number <= number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
