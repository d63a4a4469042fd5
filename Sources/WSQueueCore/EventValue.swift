/// The value of a known member, or an element of it, and what may be read from it.
///
/// Each fault says what is wrong and what is wanted; none shows the value, which may be a secret.
struct EventValue {
    /// Whose value it is.
    let member: EventMember
    /// Where it lies.
    let token: Range<Int>
    /// What it is.
    let kind: JSONKind

    /// A string that is a ``Label``.
    func string(in bytes: Span<UInt8>) throws(EventFault) -> Range<Int> {
        guard kind == .string else { throw mismatch(wanted: "a string of \(EventValue.labelRule)") }
        let contents = JSONString.contents(of: token)
        guard JSONString.isEscaped(contents, in: bytes) else {
            try checkLabel(bytes.extracting(contents))
            return token
        }
        guard let text = JSONString.decode(contents, in: bytes) else {
            throw fault("has half a surrogate pair; whole characters are wanted")
        }
        try checkLabel(text.span)
        return token
    }

    /// A string that is a ``Label``, or an integer.
    func identifier(in bytes: Span<UInt8>) throws(EventFault) -> Range<Int> {
        if kind == .string { return try string(in: bytes) }
        guard kind == .number else { throw mismatch(wanted: "a string of \(EventValue.labelRule), or an integer,") }
        guard JSONNumber.integer(token, in: bytes) != nil || EventValue.isPlain(token, in: bytes) else {
            throw fault("is no integer; a string of \(EventValue.labelRule), or an integer, is wanted")
        }
        return token
    }

    /// Unix seconds, with a fraction or without, in microseconds.
    func microseconds(in bytes: Span<UInt8>) throws(EventFault) -> Int64 {
        guard kind == .number else { throw mismatch(wanted: "a number of Unix seconds") }
        guard let value = JSONNumber.millionths(token, in: bytes) else {
            throw fault("is too large; a number of Unix seconds is wanted")
        }
        return value
    }

    /// An integer of 64 bits.
    func integer(in bytes: Span<UInt8>) throws(EventFault) -> Int64 {
        guard kind == .number else { throw mismatch(wanted: "an integer") }
        guard let value = JSONNumber.integer(token, in: bytes) else {
            throw fault("is no integer of 64 bits; an integer is wanted")
        }
        return value
    }

    /// The name of a channel, or a list of such names that is not empty.
    ///
    /// An empty list is refused: as "no channel" it would show everyone what its publisher meant for no one.
    func channels(in bytes: Span<UInt8>) throws(EventFault) -> [Channel] {
        guard kind == .array else { return [try channel(in: bytes)] }
        var channels: [Channel] = []
        var elements = JSONArrayReader(token)
        while let element = try next(&elements, in: bytes) { channels.append(try element.channel(in: bytes)) }
        guard !channels.isEmpty else { throw fault("is an empty list; at least one name is wanted, or no such member") }
        return channels
    }

    /// A list of users' ids.
    func recipients(in bytes: Span<UInt8>) throws(EventFault) -> [Label] {
        guard kind == .array else { throw mismatch(wanted: "a list of user ids") }
        var recipients: [Label] = []
        var elements = JSONArrayReader(token)
        while let element = try next(&elements, in: bytes) {
            let token = try element.identifier(in: bytes)
            if let label = EventValue.label(token, in: bytes) { recipients.append(label) }
        }
        return recipients
    }

    /// The label of an identifier that was accepted.
    static func label(_ token: Range<Int>, in bytes: Span<UInt8>) -> Label? {
        guard bytes[token.lowerBound] == UInt8(ascii: "\"") else {
            return digits(of: token, in: bytes).map { Label(checked: $0) }
        }
        return JSONString.decode(JSONString.contents(of: token), in: bytes).map { Label(checked: $0) }
    }

    private static let labelRule = "1 to \(Label.limitBytes) bytes without control characters"

    /// The shortest digits of an integer. One too large for 64 bits, as some databases count, keeps those it has.
    private static func digits(of token: Range<Int>, in bytes: Span<UInt8>) -> [UInt8]? {
        if let value = JSONNumber.integer(token, in: bytes) { return Array("\(value)".utf8) }
        return isPlain(token, in: bytes) ? [UInt8](bytes, in: token) : nil
    }

    /// Whether a number has neither fraction nor exponent, and no more digits than a label has bytes.
    private static func isPlain(_ token: Range<Int>, in bytes: Span<UInt8>) -> Bool {
        let digits = bytes[token.lowerBound] == UInt8(ascii: "-") ? token.dropFirst() : token
        for index in digits where bytes[index] &- UInt8(ascii: "0") > 9 { return false }
        return token.count <= Label.limitBytes
    }

    private func channel(in bytes: Span<UInt8>) throws(EventFault) -> Channel {
        guard kind == .string else { throw mismatch(wanted: "the name of a channel, or a list of names,") }
        let contents = JSONString.contents(of: token)
        if let channel = Channel(bytes.extracting(contents)) { return channel }
        // No byte of a name needs an escape, but any may have one.
        guard let name = JSONString.decode(contents, in: bytes), let channel = Channel(name.span) else {
            throw fault("is no name of a channel; 1 to \(Channel.nameLimitBytes) of A-Z a-z 0-9 . _ - : are wanted")
        }
        return channel
    }

    private func checkLabel(_ label: Span<UInt8>) throws(EventFault) {
        guard !Label.isValid(label) else { return }
        guard !label.isEmpty else { throw fault("is empty; \(EventValue.labelRule) are wanted") }
        guard label.count <= Label.limitBytes else {
            throw fault("has \(label.count) bytes; \(EventValue.labelRule) are wanted")
        }
        throw fault("has a control character; \(EventValue.labelRule) are wanted")
    }

    private func next(_ elements: inout JSONArrayReader, in bytes: Span<UInt8>) throws(EventFault) -> EventValue? {
        do throws(JSONFault) {
            guard let element = try elements.next(in: bytes) else { return nil }
            return EventValue(member: member, token: element.value, kind: element.kind)
        } catch { throw EventFault(error) }
    }

    private func mismatch(wanted: String) -> EventFault { fault("is \(kind.description); \(wanted) is wanted") }

    private func fault(_ finding: String) -> EventFault {
        EventFault(reason: "'\(member.rawValue)' \(finding)", offset: token.lowerBound)
    }
}
