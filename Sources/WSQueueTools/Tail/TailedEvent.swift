internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueSystem

/// An event as `tail` has received it.
package struct TailedEvent: Sendable {
    /// How events are written.
    package enum Format: String, CaseIterable, Sendable {
        /// Time, name, channel and payload, for people.
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

    /// Reads a message; `nil` for one that is no event.
    init?(_ data: [UInt8], cursor: String) {
        guard let fields = JSONFields(data), let name = fields.text("event") else { return nil }
        // A line end can only stand between JSON's tokens, where a space is as good; it would be the end of our line.
        json = data.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
        self.fields = fields
        self.name = name
        self.cursor = cursor
    }

    /// One line, with its end.
    func line(_ format: TailedEvent.Format) -> [UInt8] {
        switch format {
        case .json: return json + [0x0A]
        case .payload: return payload + [0x0A]
        case .text:
            var text = "\(time) \(TerminalText.plain(name))"
            if let channel = fields.text("channel") { text += " #\(TerminalText.plain(channel))" }
            return Array("\(text) \(TerminalText.plain(payload))\n".utf8)
        }
    }

    /// What a command of `--exec` finds on its standard input.
    var input: [UInt8] { line(.json) }

    /// What such a command finds in its environment.
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
