/// Takes the members of an event one by one and makes the ``EventText`` of them.
struct EventDecoder {
    private var text = EventText()
    private var seen = EventMemberSet()
    private var channels: [Channel] = []
    private var recipients: [Label]?
    private var except: Int64?
    private var expiresAtMicroseconds: Int64?

    /// Takes the next member.
    mutating func take(_ member: JSONMember, in bytes: Span<UInt8>) throws(EventFault) {
        guard let name = EventDecoder.name(of: member, in: bytes) else { return }
        guard seen.insert(name) else {
            throw EventFault(reason: "a second '\(name.rawValue)'; one is wanted", offset: member.name.lowerBound)
        }
        let value = EventValue(member: name, token: member.value, kind: member.kind)
        if value.kind == .null, name != .payload, name != .event { return }
        switch name {
        case .event: text.eventPlace = EventText.Place(try value.string(in: bytes))
        case .payload: text.payloadPlace = EventText.Place(value.token)
        case .timestamp:
            _ = try value.microseconds(in: bytes)
            text.timestampPlace = EventText.Place(value.token)
        case .queuedAt: text.queuedAtMicroseconds = try value.microseconds(in: bytes)
        case .expiresAt: expiresAtMicroseconds = try value.microseconds(in: bytes)
        case .id: text.idPlace = EventText.Place(try value.identifier(in: bytes))
        case .except: except = try value.integer(in: bytes)
        case .channel, .channels: try take(channels: value.channels(in: bytes))
        case .recipients: recipients = try value.recipients(in: bytes)
        }
    }

    /// The event, when all members are taken.
    consuming func finish() throws(EventFault) -> EventText {
        guard !text.event.isEmpty else { throw EventFault(reason: "no 'event'; its name is wanted", offset: 0) }
        if channels.isEmpty, recipients == nil, except == nil, expiresAtMicroseconds == nil { return text }
        text.delivery = EventDelivery(
            channels: channels, recipients: recipients, except: except, expiresAtMicroseconds: expiresAtMicroseconds)
        return text
    }

    /// Adds channels, each once: one client is one copy, however often a publisher names the channel.
    private mutating func take(channels: [Channel]) {
        guard self.channels.count + channels.count > 1 else {
            self.channels = channels
            return
        }
        var known = Set(self.channels)
        for channel in channels where known.insert(channel).inserted { self.channels.append(channel) }
    }

    private static func name(of member: JSONMember, in bytes: Span<UInt8>) -> EventMember? {
        guard member.isNameEscaped else { return EventMember(name: bytes.extracting(member.name)) }
        guard let name = JSONString.decode(member.name, in: bytes) else { return nil }
        return EventMember(name: name.span)
    }
}
