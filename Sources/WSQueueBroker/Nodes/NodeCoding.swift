internal import WSQueueCore

/// The bytes of a message between nodes, as they are written.
struct NodeOutput {
    static let mark = Array("wsq".utf8)

    private(set) var bytes: [UInt8]

    init(kind: UInt8, sender: Int64) {
        bytes = Self.mark + [NodeMessage.version, kind]
        number(sender)
    }

    mutating func number(_ value: some FixedWidthInteger) {
        let bits = UInt64(truncatingIfNeeded: value)
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: bits >> shift)) }
    }

    mutating func text(_ text: [UInt8]) {
        number(text.count)
        bytes += text
    }

    mutating func optional<Value>(_ value: Value?, _ write: (inout NodeOutput, Value) -> Void) {
        number(value == nil ? 0 : 1)
        if let value { write(&self, value) }
    }

    mutating func list<Value>(_ values: [Value], _ write: (inout NodeOutput, Value) -> Void) {
        number(values.count)
        for value in values { write(&self, value) }
    }

    mutating func entry(_ entry: PresenceEntry) {
        text(Array(entry.place.channel.utf8))
        text(entry.place.user.bytes)
        optional(entry.state) { output, state in
            output.number(state.stamp.count)
            output.number(state.stamp.node)
            output.text(Array(state.user.status.utf8))
            output.optional(state.user.info) { $0.text($1) }
            output.optional(state.user.activity) { $0.text($1) }
        }
    }
}

/// The bytes of a message between nodes, as they are read: each answer is `nil` where they are not what was expected.
struct NodeInput {
    /// Up to where they have been read.
    private(set) var place: Int

    /// Begins after the mark, the version and the letter of the kind.
    init(_ bytes: Span<UInt8>) throws(NodeMessageFault) {
        let mark = NodeOutput.mark
        guard bytes.count > mark.count + 1, bytes.count <= NodeMessage.limitBytes else { throw .foreign }
        for index in mark.indices where bytes[index] != mark[index] { throw .foreign }
        guard bytes[mark.count] == NodeMessage.version else { throw .version(bytes[mark.count]) }
        place = mark.count + 2
    }

    mutating func version(_ bytes: Span<UInt8>) -> UInt64? {
        guard bytes.count - place >= 8 else { return nil }
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(bytes[place + index]) << UInt64(8 * index) }
        place += 8
        return value
    }

    mutating func number(_ bytes: Span<UInt8>) -> Int64? { version(bytes).map { Int64(bitPattern: $0) } }

    mutating func text(_ bytes: Span<UInt8>) -> [UInt8]? {
        guard let length = number(bytes), length >= 0, length <= bytes.count - place else { return nil }
        let start = place
        place += Int(length)
        return Array(bytes.extracting(start..<place))
    }

    mutating func isPresent(_ bytes: Span<UInt8>) -> Bool? {
        switch number(bytes) {
        case 0: false
        case 1: true
        default: nil
        }
    }

    /// How many items follow, none of them shorter than eight bytes.
    mutating func count(_ bytes: Span<UInt8>) -> Int? {
        guard let count = number(bytes), count >= 0, count <= (bytes.count - place) / 8 else { return nil }
        return Int(count)
    }

    /// A channel that tracks who is there, users, and what they say.
    mutating func entries(_ bytes: Span<UInt8>) -> [PresenceEntry]? {
        guard let count = count(bytes) else { return nil }
        var entries: [PresenceEntry] = []
        for _ in 0..<count {
            guard let entry = entry(bytes) else { return nil }
            entries.append(entry)
        }
        return entries
    }

    mutating func call(_ bytes: Span<UInt8>) -> NodeCall? {
        guard let name = text(bytes), let channel = Channel(name.span), let isLimited = isPresent(bytes) else {
            return nil
        }
        var recipients: [Int64]?
        if isLimited {
            guard let count = count(bytes) else { return nil }
            var found: [Int64] = []
            for _ in 0..<count {
                guard let number = number(bytes) else { return nil }
                found.append(number)
            }
            recipients = found
        }
        guard let text = json(bytes) else { return nil }
        return NodeCall(channel: channel.name, recipients: recipients, text: text)
    }

    /// A name that clients may be shown.
    mutating func label(_ bytes: Span<UInt8>) -> Label? {
        guard let name = text(bytes), let text = String(validating: name, as: UTF8.self) else { return nil }
        return Label(text)
    }

    private mutating func entry(_ bytes: Span<UInt8>) -> PresenceEntry? {
        guard let name = text(bytes), let channel = Channel(name.span), channel.kind == .presence,
            let user = label(bytes), let isThere = isPresent(bytes)
        else { return nil }
        let place = PresencePlace(channel: channel.name, user: user)
        guard isThere else { return PresenceEntry(place: place, state: nil) }
        guard let stampCount = version(bytes), stampCount < 1 << 62, let node = number(bytes),
            let status = label(bytes), let info = optionalJSON(bytes), let activity = optionalJSON(bytes)
        else { return nil }
        let shown = PresentUser(user: user, info: info.text, status: status.text, activity: activity.text)
        return PresenceEntry(
            place: place,
            state: PresenceState(user: shown, stamp: PresenceStamp(count: stampCount, node: node)))
    }

    private mutating func json(_ bytes: Span<UInt8>) -> [UInt8]? {
        guard let text = text(bytes), (try? JSONScanner.validate(text.span)) != nil else { return nil }
        return text
    }

    private mutating func optionalJSON(_ bytes: Span<UInt8>) -> (text: [UInt8]?, Void)? {
        guard let isThere = isPresent(bytes) else { return nil }
        guard isThere else { return (nil, ()) }
        guard let text = json(bytes) else { return nil }
        return (text, ())
    }
}
