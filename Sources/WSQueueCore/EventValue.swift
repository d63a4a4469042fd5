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

    /// Unix time in seconds, or in milli-, micro- or nanoseconds, as its size says; a number, or a string of its digits.
    func time(in bytes: Span<UInt8>) throws(EventFault) -> (microseconds: Int64, isInSeconds: Bool) {
        guard let digits = numeral(in: bytes) else { throw mismatch(wanted: "a number of Unix seconds") }
        guard let time = JSONNumber.unixMicroseconds(digits, in: bytes) else {
            throw fault("is no time; a number of Unix seconds is wanted")
        }
        return time
    }

    /// A Unix time that a clock may have shown since computers sent events to each other; `nil` for anything else.
    func plausibleMicroseconds(in bytes: Span<UInt8>) -> Int64? {
        guard let digits = numeral(in: bytes), let time = JSONNumber.unixMicroseconds(digits, in: bytes),
            time.microseconds >= 1_000_000_000_000_000
        else { return nil }
        return time.microseconds
    }

    /// Where the digits of a number lie, or of a string that is nothing but one, such as `"1729000000.5"`.
    private func numeral(in bytes: Span<UInt8>) -> Range<Int>? {
        if kind == .number { return token }
        guard kind == .string else { return nil }
        let contents = JSONString.contents(of: token)
        guard contents.count <= 30 else { return nil }
        var hasPoint = false
        for index in contents {
            if bytes[index] &- UInt8(ascii: "0") <= 9 { continue }
            guard bytes[index] == UInt8(ascii: "."), !hasPoint, index > contents.lowerBound,
                index + 1 < contents.upperBound
            else { return nil }
            hasPoint = true
        }
        return contents.isEmpty ? nil : contents
    }

    /// `true` or `false`.
    func boolean(in bytes: Span<UInt8>) throws(EventFault) -> Bool {
        guard kind == .boolean else { throw mismatch(wanted: "true or false") }
        return bytes[token.lowerBound] == UInt8(ascii: "t")
    }

    /// The ids of connections, one or a list.
    func connections(in bytes: Span<UInt8>) throws(EventFault) -> [Int64] {
        guard kind == .array else { return [try integer(in: bytes)] }
        var connections: [Int64] = []
        var elements = JSONArrayReader(token)
        while let element = try next(&elements, in: bytes) {
            guard connections.count < Event.listLimit else { throw tooMany("connections") }
            connections.append(try element.integer(in: bytes))
        }
        return connections
    }

    /// The ids of users, one or a list.
    func users(in bytes: Span<UInt8>) throws(EventFault) -> [Label] {
        if kind == .array { return try recipients(in: bytes) }
        let token = try identifier(in: bytes)
        return EventValue.label(token, in: bytes).map { [$0] } ?? []
    }

    /// Whether it has the shape of a trace context (W3C Trace Context, version 0): `00-<32 digits>-<16>-<2>`, small
    /// hexadecimal ones, and neither id all zeros.
    func isTraceContext(in bytes: Span<UInt8>) -> Bool {
        guard kind == .string else { return false }
        let text = bytes.extracting(JSONString.contents(of: token))
        guard text.count == 55, text[0] == UInt8(ascii: "0"), text[1] == UInt8(ascii: "0") else { return false }
        var (trace, parent) = (false, false)
        for index in text.indices {
            let byte = text[index]
            guard index != 2, index != 35, index != 52 else {
                if byte == UInt8(ascii: "-") { continue }
                return false
            }
            guard byte &- UInt8(ascii: "0") <= 9 || byte &- UInt8(ascii: "a") < 6 else { return false }
            if byte == UInt8(ascii: "0") { continue }
            trace = trace || (3..<35).contains(index)
            parent = parent || (36..<52).contains(index)
        }
        return trace && parent
    }

    /// An integer of 64 bits.
    private func integer(in bytes: Span<UInt8>) throws(EventFault) -> Int64 {
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
            guard recipients.count < Event.listLimit else { throw tooMany("users") }
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

    private func tooMany(_ what: String) -> EventFault {
        fault("has more than \(Event.listLimit) \(what); a channel is for more")
    }

    private func mismatch(wanted: String) -> EventFault { fault("is \(kind.description); \(wanted) is wanted") }

    private func fault(_ finding: String) -> EventFault {
        EventFault(reason: "'\(member.rawValue)' \(finding)", offset: token.lowerBound)
    }
}
