internal import WSQueueArguments
internal import WSQueueCore
internal import WSQueuePublish
internal import WSQueueSpool

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
        event.key = value(.key)
        event.clearsKey = has(.clear)
        if let key = last(.key) {
            // A variable counts too: what is meant for some must not become what all who come later are shown.
            for option in [Option.user, .except] {
                guard let given = last(option) else { continue }
                throw .other("\(given.source) cannot be used with \(key.source): state is for all who listen")
            }
        } else if event.clearsKey {
            throw .other("--clear wants --key: the state to end")
        }
        return event
    }

    /// When the event is due, Unix nanoseconds; `nil` for at once.
    func dueTime() throws(ArgumentFault) -> Int64? {
        if let at = last(.at), let after = last(.after), at.isFromEnvironment == after.isFromEnvironment {
            throw .other("--at and --in cannot be used together")
        }
        let now = Console.unixNanoseconds()
        let isAt = last(.at).map { !$0.isFromEnvironment || !has(.after) } ?? false
        if isAt {
            return try value(.at) { text throws(ValueFault) in
                guard let time = PointInTime.parse(text, unix: now) else {
                    throw ValueFault(text, wanted: "a time such as '2026-11-21 18:00', 18:00 or @1795284000")
                }
                guard !SpoolPlace.isTooFarAhead(time, unix: now) else { throw Self.tooFarAhead(text) }
                return time
            }
        }
        return try value(.after) { text throws(ValueFault) in
            let (seconds, attoseconds) = try Quantity.parseDuration(text).components
            guard seconds <= Int64(SpoolPlace.limitDays) * 86_400 else { throw Self.tooFarAhead(text) }
            return min(now, 6_000_000_000_000_000_000) + seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        }
    }

    private static func tooFarAhead(_ text: String) -> ValueFault {
        ValueFault(
            text, wanted: "a time within \(SpoolPlace.limitDays) days from now, which is as long as an event may wait")
    }

    /// Where the payload is, when `words` are what follows the event's name.
    func payloadSource(_ words: ArraySlice<String>) throws(ArgumentFault) -> PayloadSource {
        var sources: [PayloadSource] = []
        let isInput = words == ["-"]
        if isInput { sources.append(.file("-")) }
        let fields = try fields(isInput ? [] : words)
        if !fields.isEmpty { sources.append(.fields(fields)) }
        let given = [Option.json, .text, .file].compactMap { last($0) == nil ? nil : $0 }
        let typed = given.filter { last($0)?.isFromEnvironment == false }
        // Variables count where the command line says nothing of a payload.
        for option in sources.isEmpty && typed.isEmpty ? given : typed {
            let text = value(option) ?? ""
            sources.append(option == .json ? .json(text) : option == .text ? self.text(text) : .file(text))
        }
        guard sources.count < 2 else {
            throw .other("more than one payload; one of --json, --text, --file, - or fields is wanted")
        }
        return sources.first ?? .none
    }

    /// The payload of `--text`: on the command line `-` is standard input, which may be longer than any word.
    private func text(_ text: String) -> PayloadSource {
        text == "-" && last(.text)?.isFromEnvironment == false ? .textFile(text) : .text(text)
    }

    private static func parseTimeToLive(_ text: String) throws(ValueFault) -> Duration {
        let duration = try Quantity.parseDuration(text)
        guard duration > .zero else { throw ValueFault(text, wanted: "a duration of more than nothing") }
        return duration
    }

    /// What `words` say, and after them what the options say that read files.
    func fields(_ words: ArraySlice<String>) throws(ArgumentFault) -> [PayloadField] {
        var fields: [PayloadField] = []
        for word in words {
            guard let field = PayloadField(word) else {
                throw .other("'\(word)' is no field; \(Self.advice(for: word, among: words))")
            }
            fields.append(field)
        }
        fields += try files(.textFile) { .textFile($0) }
        fields += try files(.jsonFile) { .jsonFile($0) }
        for (index, field) in fields.enumerated()
        where fields[..<index].contains(where: { $0.name.utf8.elementsEqual(field.name.utf8) }) {
            throw .other("field '\(field.name)' is given twice")
        }
        return fields
    }

    /// What was probably meant by a word that is no field.
    private static func advice(for word: String, among words: ArraySlice<String>) -> String {
        if (try? JSONScanner.validate(Array(word.utf8).span)) != nil {
            return "for a payload that is JSON, -j \(TerminalText.shellWord(word))"
        }
        let fields = "name=string or name:=json for fields, or --text-file name=FILE or --json-file name=FILE"
        guard words.allSatisfy({ PayloadField($0) == nil }) else { return fields }
        return "for a text, -t \(TerminalText.shellWord(words.joined(separator: " "))); \(fields)"
    }

    private func files(
        _ option: Option, _ value: (String) -> PayloadField.Value
    ) throws(ArgumentFault) -> [PayloadField] {
        var fields: [PayloadField] = []
        for given in given(option) {
            let text = given.value ?? ""
            guard let field = PayloadField(file: text, value) else {
                throw .badValue(ValueFault(text, wanted: "NAME=FILE"), given.origin)
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
