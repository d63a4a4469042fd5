internal import WSQueueArguments
internal import WSQueuePublish

extension ParsedArguments {
    /// The event that the options describe, for whom it is and how long it is good, with a payload.
    func event(_ name: String, payload: [UInt8]) throws(ArgumentFault) -> Event {
        var event = Event(name, payload: payload)
        event.channels = values(.channel)
        let users = values(.user)
        if !users.isEmpty { event.recipients = users.map(Self.recipient) }
        event.id = value(.id)
        event.except = try value(.except) { text throws(ValueFault) in
            try Quantity.parseInteger(text, in: 0...Int64.max)
        }
        if let timeToLive = try value(.timeToLive, as: Self.parseTimeToLive) { event.expiry = .after(timeToLive) }
        return event
    }

    /// Where the payload is, when `words` are what follows the event's name.
    func payloadSource(_ words: ArraySlice<String>) throws(ArgumentFault) -> PayloadSource {
        var sources: [PayloadSource] = []
        if let text = value(.json) { sources.append(.json(text)) }
        if let text = value(.text) { sources.append(.text(text)) }
        if let path = value(.file) { sources.append(.file(path)) }
        if words == ["-"] {
            sources.append(.file("-"))
        } else if !words.isEmpty {
            sources.append(.fields(try Self.fields(words)))
        }
        guard sources.count < 2 else {
            throw .other("more than one payload; one of --json, --text, --file, - or fields is wanted")
        }
        return sources.first ?? .none
    }

    private static func parseTimeToLive(_ text: String) throws(ValueFault) -> Duration {
        let duration = try Quantity.parseDuration(text)
        guard duration > .zero else { throw ValueFault(text, wanted: "a duration of more than nothing") }
        return duration
    }

    private static func fields(_ words: ArraySlice<String>) throws(ArgumentFault) -> [PayloadField] {
        var fields: [PayloadField] = []
        for word in words {
            guard let field = PayloadField(word) else {
                throw .other(
                    "'\(word)' is no field; name=string, name:=json, name=@textfile or name:=@jsonfile is wanted")
            }
            guard !fields.contains(where: { $0.name.utf8.elementsEqual(field.name.utf8) }) else {
                throw .other("field '\(field.name)' is given twice")
            }
            fields.append(field)
        }
        return fields
    }

    /// `7` and `"7"` are the same user; a number is written as the application most likely stores it.
    private static func recipient(_ text: String) -> Event.Recipient {
        guard let number = Int64(text), String(number) == text else { return .text(text) }
        return .number(number)
    }
}
