internal import WSQueueCommandLine
internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueSystem

/// How wide the columns of a terminal are: as the widest so far, up to a bound.
struct TailColumns {
    private(set) var name = 0
    private(set) var channel = 0
    private static let widest = 28

    mutating func widen(name: Int, channel: Int) {
        self.name = max(self.name, min(name, Self.widest))
        self.channel = max(self.channel, min(channel, Self.widest))
    }
}

/// An event as `tail` has received it.
package struct TailedEvent: Sendable {
    /// How events are written.
    package enum Format: String, CaseIterable, Sendable {
        /// Time, name, channel, key and payload, for people.
        case text
        /// The message as the server sends it.
        case json
        /// The payload alone.
        case payload
    }

    private let json: [UInt8]
    private let fields: JSONFields
    private let name: String
    /// Where a client stands that has had it.
    private let cursor: String
    private let isPlace: Bool

    /// Reads a message; `nil` for one that is no event.
    ///
    /// - Parameter isPlace: Whether it has that cursor of its own; what is of the state has not.
    init?(_ data: [UInt8], cursor: String, isPlace: Bool = true) {
        guard let fields = JSONFields(data), let name = fields.text("event") else { return nil }
        // A line end can only stand between JSON's tokens, where a space is as good; it would be the end of our line.
        json = data.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
        self.fields = fields
        self.name = name
        self.cursor = cursor
        self.isPlace = isPlace
    }

    /// The state that it is of.
    var key: String? { fields.text("key") }
    /// Its number.
    var seq: UInt64? { fields.number("seq").flatMap { UInt64(exactly: $0) } }

    /// One line, with its end.
    func line(_ format: TailedEvent.Format) -> [UInt8] {
        switch format {
        case .json: return json + [0x0A]
        case .payload: return payload + [0x0A]
        case .text:
            var columns = TailColumns()
            return Array("\(text(&columns).text(inColumns: false, hasColors: false))\n".utf8)
        }
    }

    /// The line for people, in the columns of those before it.
    func text(_ columns: inout TailColumns) -> TerminalLine {
        let name = TerminalText.plain(name)
        let channel = fields.text("channel").map { "#\(TerminalText.plain($0))" }
        columns.widen(name: name.count, channel: channel?.count ?? 0)
        var line = TerminalLine()
        line.add(time, .faint)
        line.add(name, .strong, width: columns.name)
        if let channel { line.add(channel, .cyan, width: columns.channel) }
        if let key { line.add("[\(key)]", .yellow) }
        line.add(TerminalText.plain(payload))
        return line
    }

    /// The event for a consumer that notes how far it has come.
    ///
    /// - Parameter format: What its command finds on its standard input.
    func consumed(_ format: TailedEvent.Format) -> ConsumedEvent {
        let place = isPlace && !cursor.isEmpty ? cursor : nil
        return ConsumedEvent(
            name: name, cursor: place, identity: place ?? "\(fields.text("id") ?? "")@\(seq ?? 0)",
            message: line(.json), input: line(format), variables: variables)
    }

    /// What a command of `--exec` finds in its environment.
    var variables: [(name: String, value: String)] {
        [
            ("WSQUEUE_EVENT", name), ("WSQUEUE_ID", fields.text("id") ?? ""),
            ("WSQUEUE_SEQ", fields.number("seq").map { "\($0)" } ?? ""),
            ("WSQUEUE_CHANNEL", fields.text("channel") ?? ""),
            ("WSQUEUE_TIMESTAMP", fields.number("timestamp").map { "\($0)" } ?? ""), ("WSQUEUE_CURSOR", cursor),
        ]
    }

    /// The server may call it otherwise (`--payload-key`), but it is the second member.
    private var payload: [UInt8] {
        let key = fields.names.contains("payload") ? "payload" : fields.names.dropFirst().first ?? "payload"
        return (fields.raw(key) ?? Array("null".utf8)).map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
    }

    private var time: String {
        guard let seconds = fields.number("timestamp"), (0..<9_000_000_000).contains(seconds) else { return "-" }
        return String(Timestamp.text(seconds * 1_000_000_000).prefix(19)) + "Z"
    }
}
