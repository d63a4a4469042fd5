internal import WSQueueCore

/// What one node knows of the others: who is alive, and whether it has missed something of what they said.
///
/// The channel keeps the order of what one node says, and loses something only together with a connection. What was
/// lost is noticed by the count of changes, and asked for again as a whole. It knows no clock: each input says the
/// present moment (monotonic nanoseconds, never less than before).
package struct NodeTable: Sendable {
    /// What is to be done about something that was heard, in this order.
    package enum Action: Equatable, Sendable {
        /// A node is here that was not.
        case found(Int64)
        /// A node has said nothing for too long, or goodbye.
        case lost(Int64, isOrderly: Bool)
        /// Say something.
        case say(NodeMessage.Body)
        /// Tell the whole presence of this node.
        case tellWhole
        case put([PresenceEntry], from: Int64)
        case replace([PresenceEntry], from: Int64)
        /// Hand a message of another node's client to the clients here.
        case pass(NodeCall, from: Int64, ticket: UInt64)
        /// To how many clients another node has handed a message of ours.
        case passed(ticket: UInt64, from: Int64, Tally)
        /// Do what the application wants with the clients here.
        case obey(ApplicationOrder, from: Int64, ticket: UInt64)
        /// Another node knows of these.
        case learn([Disconnection])
    }

    private struct Other {
        var heardAt: Int64
        /// How many changes it had told when its presence was known as a whole; `nil` while something is missing.
        var version: UInt64?
        /// What has come of its whole presence.
        var pieces: (version: UInt64, count: Int, entries: [PresenceEntry])?
        var askedAt: Int64?
    }

    /// A node that was not heard for so long is dead.
    package static let silenceNanoseconds: Int64 = 5_000_000_000
    /// The least time between two questions to one node.
    private static let askNanoseconds: Int64 = 1_000_000_000

    /// The number of this node.
    package let node: Int64
    private var others: [Int64: Other] = [:]
    private var connectedAt: Int64 = 0

    package init(node: Int64) { self.node = node }

    /// The others that are alive.
    package var alive: Set<Int64> { Set(others.keys) }

    /// The channel is heard from now on, and was not before: what was said meanwhile is not known.
    package mutating func connect(now: Int64) -> [Action] {
        connectedAt = now
        for number in others.keys {
            others[number]?.version = nil
            others[number]?.pieces = nil
        }
        return [.say(.hello), .tellWhole]
    }

    /// Something was said on the channel.
    package mutating func hear(_ message: NodeMessage, now: Int64) -> [Action] {
        let sender = message.sender
        guard sender != node else { return [] }
        if case .bye = message.body {
            return others.removeValue(forKey: sender) == nil ? [] : [.lost(sender, isOrderly: true)]
        }
        var other = others[sender] ?? Other(heardAt: now)
        other.heardAt = now
        var actions: [Action] = others[sender] == nil ? [.found(sender)] : []
        switch message.body {
        case .beat(let version):
            if other.version != version { actions += Self.ask(sender, &other, now: now) }
        case .hello:
            actions.append(.tellWhole)
        case .ask(let asked):
            if asked == node { actions.append(.tellWhole) }
        case .changes(let version, let entries):
            actions += Self.note(entries, version, sender, &other, now: now)
        case .whole(let version, let piece, let isLast, let entries):
            actions += Self.note(entries, version, piece: piece, isLast: isLast, sender, &other, now: now)
        case .pass(let ticket, let call):
            actions.append(.pass(call, from: sender, ticket: ticket))
        case .passed(let to, let ticket, let count):
            if to == node { actions.append(.passed(ticket: ticket, from: sender, Tally(count: count))) }
        case .answered(let to, let ticket, let tally):
            if to == node { actions.append(.passed(ticket: ticket, from: sender, tally)) }
        case .order(let ticket, let order):
            actions.append(.obey(order, from: sender, ticket: ticket))
        case .disconnected(let entries):
            actions.append(.learn(entries))
        case .bye: break
        }
        others[sender] = other
        return actions
    }

    /// Notices nodes that have died; to be asked only while the channel is heard.
    package mutating func tick(now: Int64) -> [Action] {
        var actions: [Action] = []
        for (number, other) in others where now - max(other.heardAt, connectedAt) > Self.silenceNanoseconds {
            others[number] = nil
            actions.append(.lost(number, isOrderly: false))
        }
        return actions
    }

    private static func note(
        _ entries: [PresenceEntry], _ version: UInt64, _ sender: Int64, _ other: inout Other, now: Int64
    ) -> [Action] {
        if let known = other.version {
            if version <= known { return [] }
            if version - known == UInt64(entries.count) {
                other.version = version
                return [.put(entries, from: sender)]
            }
        }
        other.version = nil
        return ask(sender, &other, now: now)
    }

    private static func note(
        _ entries: [PresenceEntry], _ version: UInt64, piece: Int, isLast: Bool, _ sender: Int64,
        _ other: inout Other, now: Int64
    ) -> [Action] {
        if piece == 0 { other.pieces = (version, 0, []) }
        guard var pieces = other.pieces, pieces.version == version, pieces.count == piece else {
            other.pieces = nil
            return ask(sender, &other, now: now)
        }
        pieces.count += 1
        pieces.entries += entries
        other.pieces = isLast ? nil : pieces
        guard isLast else { return [] }
        other.version = version
        return [.replace(pieces.entries, from: sender)]
    }

    private static func ask(_ sender: Int64, _ other: inout Other, now: Int64) -> [Action] {
        if let askedAt = other.askedAt, now - askedAt < askNanoseconds { return [] }
        other.askedAt = now
        return [.say(.ask(of: sender))]
    }
}
