package import WSQueueCore

/// What the application says of a user in a channel.
package struct PresenceWord: Equatable, Sendable {
    /// What is said of one property.
    package enum Said: Equatable, Sendable {
        /// Nothing: it stays as it is.
        case nothing
        /// There is none from now on.
        case none
        /// JSON.
        case json([UInt8])

        func applied(to json: [UInt8]?) -> [UInt8]? {
            switch self {
            case .nothing: json
            case .none: nil
            case .json(let said): said
            }
        }
    }

    package let user: Label
    /// How the user is; `nil` leaves it as it is.
    package let status: String?
    package let activity: Said
    package let info: Said

    /// Makes it of its parts.
    package init(user: Label, status: String? = nil, activity: Said = .nothing, info: Said = .nothing) {
        self.user = user
        self.status = status
        self.activity = activity
        self.info = info
    }
}

/// Who is in which channels because the application says so, and until when.
struct PresenceVisits {
    private struct End: HeapElement {
        let at: Int64
        let place: PresencePlace

        func precedes(_ other: End) -> Bool { at < other.at }
    }

    private var untils: [String: [Label: Int64]] = [:]
    /// When each ends, with those that were prolonged or ended since.
    private var ends = Heap<End>()
    private(set) var count = 0

    private static let leastCompacted = 1_024

    /// When the next one may end; `.max` is never.
    var next: Int64 { ends.first?.at ?? .max }

    func contains(_ place: PresencePlace) -> Bool { untils[place.channel]?[place.user] != nil }

    /// Those in a channel.
    func users(in channel: String) -> [Label] { untils[channel].map { Array($0.keys) } ?? [] }

    /// One is there until then.
    mutating func set(_ place: PresencePlace, until: Int64) {
        if untils[place.channel, default: [:]].updateValue(until, forKey: place.user) == nil { count += 1 }
        ends.insert(End(at: until, place: place))
        guard ends.count > max(Self.leastCompacted, 2 * count) else { return }
        var kept = Heap<End>()
        for (channel, users) in untils {
            for (user, until) in users {
                kept.insert(End(at: until, place: PresencePlace(channel: channel, user: user)))
            }
        }
        ends = kept
    }

    /// One has ended.
    ///
    /// - Returns: Whether there was one.
    mutating func end(_ place: PresencePlace) -> Bool {
        guard untils[place.channel]?.removeValue(forKey: place.user) != nil else { return false }
        count -= 1
        if untils[place.channel]?.isEmpty ?? false { untils[place.channel] = nil }
        return true
    }

    /// Takes the next one whose time is over.
    mutating func takeOver(now: Int64) -> PresencePlace? {
        while let first = ends.first, first.at <= now {
            _ = ends.popFirst()
            guard untils[first.place.channel]?[first.place.user] == first.at, end(first.place) else { continue }
            return first.place
        }
        return nil
    }
}
