/// The members of an event that mean something; all others are ignored, but for slips (``EventSlip``).
enum EventMember: String, CaseIterable {
    case event, payload, data, timestamp, id, channel, channels, key, clear, recipients, except, traceparent
    case queuedAt = "queued_at"
    case expiresAt = "expires_at"
    case exceptUsers = "except_users"

    /// Finds the member with the decoded `name`; `nil` for one that means nothing.
    ///
    /// It runs for every member of every event: eight bytes are compared at once.
    init?(name: Span<UInt8>) {
        guard name.count <= 12 else { return nil }
        var word: UInt64 = 0
        for index in 0..<min(8, name.count) { word = word << 8 | UInt64(name[index]) }
        var rest: UInt64 = 0
        if name.count > 8 { for index in 8..<name.count { rest = rest << 8 | UInt64(name[index]) } }
        guard let member = EventMember.member(word, rest, count: name.count) else { return nil }
        self = member
    }

    /// The member with these first eight bytes, or fewer, and these after them, the first byte highest.
    private static func member(_ word: UInt64, _ rest: UInt64, count: Int) -> EventMember? {
        // The count tells names apart whose bytes make the same number: a NUL in front makes none.
        switch (count, word, rest) {
        case (2, 0x6964, 0): .id
        case (3, 0x6B_6579, 0): .key
        case (4, 0x6461_7461, 0): .data
        case (5, 0x65_7665_6E74, 0): .event
        case (5, 0x63_6C65_6172, 0): .clear
        case (6, 0x6578_6365_7074, 0): .except
        case (7, 0x70_6179_6C6F_6164, 0): .payload
        case (7, 0x63_6861_6E6E_656C, 0): .channel
        case (8, 0x6368_616E_6E65_6C73, 0): .channels
        case (9, 0x7469_6D65_7374_616D, 0x70): .timestamp
        case (9, 0x7175_6575_6564_5F61, 0x74): .queuedAt
        case (10, 0x7265_6369_7069_656E, 0x7473): .recipients
        case (10, 0x6578_7069_7265_735F, 0x6174): .expiresAt
        case (11, 0x7472_6163_6570_6172, 0x656E74): .traceparent
        case (12, 0x6578_6365_7074_5F75, 0x7365_7273): .exceptUsers
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
        case .data: 1 << 10
        case .key: 1 << 11
        case .clear: 1 << 12
        case .exceptUsers: 1 << 13
        case .traceparent: 1 << 14
        }
    }
}
