import WSQueueWire

@testable import WSQueueSequencer

// Answers and commands as tests write them.

extension RESPValue {
    static func text(_ text: String) -> RESPValue { .text(Array(text.utf8)) }
    static let ok = RESPValue.text("OK")
    static let queued = RESPValue.text("QUEUED")
}

extension RedisCommands {
    /// The commands' words.
    var words: [[String]] {
        var parser = RESPParser()
        parser.append(bytes.span)
        var commands: [[String]] = []
        while case .value(let value) = try? parser.next() {
            commands.append((value.elements ?? []).map { $0.string ?? "" })
        }
        return commands
    }
}

extension StreamKeys {
    static let test = StreamKeys(
        stream: "s", epoch: "{s}:epoch", fence: "{s}:fence:n", sent: "{s}:sent:n", state: "{s}:state",
        trimmed: "{s}:trimmed")
}

extension StreamBatch {
    /// Events that are only texts, which are their ids, too.
    init(_ number: UInt64, _ events: [String]) {
        let commands = RedisCommands(events.map { ["XADD", "s", "0-*", "e", $0, "i", $0] })
        self.init(
            number: number, commands: commands.bytes, count: commands.answers, lastID: Array((events.last ?? "").utf8),
            sent: Array("note \(number)".utf8))
    }
}
