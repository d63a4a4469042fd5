/// Takes the members of an event one by one and makes the ``EventText`` of them.
struct EventDecoder {
    private var text = EventText()
    private var seen = EventMemberSet()
    private var dataPlace = EventText.Place()
    private var dataNamePlace = EventText.Place()
    /// What few events say, apart from the decoder: those that say nothing of it pay nothing.
    private var rare: RareMembers?

    /// Takes the next member.
    mutating func take(_ member: JSONMember, in bytes: Span<UInt8>) throws(EventFault) {
        guard member.isNameEscaped else {
            let name = bytes.extracting(member.name)
            guard let known = EventMember(name: name) else { return try pass(member, named: name) }
            return try take(known, member, in: bytes)
        }
        // Half a surrogate pair is in no name of ours.
        guard let name = JSONString.decode(member.name, in: bytes) else { return }
        guard let known = EventMember(name: name.span) else { return try pass(member, named: name.span) }
        try take(known, member, in: bytes)
    }

    private mutating func take(
        _ name: EventMember, _ member: JSONMember, in bytes: Span<UInt8>
    ) throws(EventFault) {
        guard seen.insert(name) else {
            throw EventFault(reason: "a second '\(name.rawValue)'; one is wanted", offset: member.name.lowerBound)
        }
        let value = EventValue(member: name, token: member.value, kind: member.kind)
        switch name {
        case .event: text.eventPlace = EventText.Place(try value.string(in: bytes))
        case .payload: text.payloadPlace = EventText.Place(value.token)
        case .data: (dataPlace, dataNamePlace) = (EventText.Place(value.token), EventText.Place(member.name))
        case _ where value.kind == .null: return
        case .timestamp: try take(timestamp: value, in: bytes)
        case .queuedAt: text.queuedAtMicroseconds = value.plausibleMicroseconds(in: bytes)
        case .id: text.idPlace = EventText.Place(try value.identifier(in: bytes))
        default: try take(detail: value, into: makeRare(), in: bytes)
        }
    }

    /// Passes over a member that means nothing; one that was meant to mean something is refused.
    private mutating func pass(_ member: JSONMember, named name: Span<UInt8>) throws(EventFault) {
        if let meant = EventSlip.meant(by: name) {
            throw EventFault(
                reason: "'\(EventDecoder.shown(name))' is no member of an event; '\(meant.rawValue)' is meant",
                offset: member.name.lowerBound)
        }
        if text.ignoredPlace.range == nil { text.ignoredPlace = EventText.Place(member.name) }
    }

    /// The event, when all members are taken.
    consuming func finish() throws(EventFault) -> EventText {
        guard !text.event.isEmpty else { throw EventFault(reason: "no 'event'; its name is wanted", offset: 0) }
        if dataPlace.range != nil {
            if text.payloadPlace.range == nil {
                text.payloadPlace = dataPlace
                text.isPayloadData = true
            } else if text.ignoredPlace.range == nil {
                text.ignoredPlace = dataNamePlace
            }
        }
        guard let rare else { return text }
        try rare.checkKey()
        text.delivery = EventDelivery(rare.details)
        return text
    }

    private mutating func makeRare() -> RareMembers {
        if let rare { return rare }
        let made = RareMembers()
        rare = made
        return made
    }

    private func take(
        detail value: EventValue, into rare: RareMembers, in bytes: Span<UInt8>
    ) throws(EventFault) {
        switch value.member {
        case .channel, .channels: rare.details.add(channels: try value.channels(in: bytes))
        case .recipients: rare.details.recipients = try value.recipients(in: bytes)
        case .except: rare.details.exceptions.connections = try value.connections(in: bytes)
        case .exceptUsers: rare.details.exceptions.users = try value.users(in: bytes)
        case .expiresAt: rare.details.expiresAtMicroseconds = try value.time(in: bytes).microseconds
        case .key:
            rare.keyOffset = value.token.lowerBound
            rare.details.key = EventValue.label(try value.identifier(in: bytes), in: bytes)
        case .clear:
            if rare.details.key == nil { rare.keyOffset = value.token.lowerBound }
            rare.details.clearsKey = try value.boolean(in: bytes)
        case .traceparent:
            if value.isTraceContext(in: bytes) { rare.details.traceparentPlace = EventText.Place(value.token) }
        case .event, .payload, .data, .timestamp, .queuedAt, .id: return
        }
    }

    /// Clients are told seconds. What says another unit, or says them in a string, is written anew for them.
    private mutating func take(timestamp value: EventValue, in bytes: Span<UInt8>) throws(EventFault) {
        let time = try value.time(in: bytes)
        if time.isInSeconds, value.kind == .number {
            text.timestampPlace = EventText.Place(value.token)
        } else {
            makeRare().details.timestampMicroseconds = time.microseconds
        }
    }

    /// A name that is like one of ours, as far as it may be shown.
    private static func shown(_ name: Span<UInt8>) -> String {
        TerminalText.plain(String(decoding: [UInt8](name), as: UTF8.self))
    }
}

/// The members that few events have, as they come.
private final class RareMembers {
    var details = EventDetails()
    /// Where the key, or what wants one, stands.
    var keyOffset = 0

    /// State is that of all who listen: who returns gets it whoever he is.
    func checkKey() throws(EventFault) {
        guard details.key != nil || details.clearsKey else { return }
        guard details.key != nil else {
            throw EventFault(reason: "'clear' without 'key'; one is wanted", offset: keyOffset)
        }
        let hindrance =
            details.recipients != nil
            ? "recipients"
            : !details.exceptions.connections.isEmpty
                ? "except" : !details.exceptions.users.isEmpty ? "except_users" : nil
        guard let hindrance else { return }
        throw EventFault(
            reason: "'key' beside '\(hindrance)'; state is for all who listen, so only one of them is wanted",
            offset: keyOffset)
    }
}
