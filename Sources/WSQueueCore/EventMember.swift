/// The members of an event that mean something; all others are ignored.
enum EventMember: String {
    case event, payload, timestamp, id, channel, channels, recipients, except
    case queuedAt = "queued_at"
    case expiresAt = "expires_at"

    /// Finds the member with the decoded `name`; `nil` for one that means nothing.
    init?(name: Span<UInt8>) {
        guard let member = EventMember.candidate(name) else { return nil }
        var index = 0
        for byte in member.rawValue.utf8 {
            guard name[index] == byte else { return nil }
            index += 1
        }
        self = member
    }

    /// The only member that `name` can be, by its length and its first byte. It runs for every member of every event.
    private static func candidate(_ name: Span<UInt8>) -> EventMember? {
        switch name.count {
        case 2: .id
        case 5: .event
        case 6: .except
        case 7: name[0] == UInt8(ascii: "p") ? .payload : .channel
        case 8: .channels
        case 9: name[0] == UInt8(ascii: "t") ? .timestamp : .queuedAt
        case 10: name[0] == UInt8(ascii: "r") ? .recipients : .expiresAt
        default: nil
        }
    }
}

/// The members that an event has shown so far.
struct EventMemberSet {
    private var bits: UInt16 = 0

    /// Adds a member; `false` where it is there already.
    mutating func insert(_ member: EventMember) -> Bool {
        let bit = EventMemberSet.bit(member)
        defer { bits |= bit }
        return bits & bit == 0
    }

    private static func bit(_ member: EventMember) -> UInt16 {
        switch member {
        case .event: 1
        case .payload: 1 << 1
        case .timestamp: 1 << 2
        case .queuedAt: 1 << 3
        case .id: 1 << 4
        case .channel: 1 << 5
        case .channels: 1 << 6
        case .recipients: 1 << 7
        case .except: 1 << 8
        case .expiresAt: 1 << 9
        }
    }
}
