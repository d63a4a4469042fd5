internal import WSQueueCore
package import WSQueueLog
package import WSQueueSystem
internal import WSQueueWire

/// The events of files on their way to the stream that several servers share: a transaction that is made, and one that
/// is under way.
package struct StreamOutbox {
    private let stream: String
    private let state: String
    /// What comes before an event with a key: how much state there may be.
    private let stateBounds: [String]
    private let appendName = StreamScripts.name(StreamScripts.append)
    /// Whether the transaction that is made has the script: later events of it call it by its name.
    private var hasScript = false
    /// What makes the note of one transaction another than those of all others.
    private let process: String
    private var commands: [UInt8] = []
    private var count = 0
    private var lastID: [UInt8] = []
    private var files: [(name: [UInt8], mark: FileMark)] = []
    private var nextNumber: UInt64 = 1
    private var isUnderWay = false

    private static let limitEvents = 1_024
    private static let limitBytes = 1_048_576

    /// Makes it empty.
    ///
    /// - Parameters:
    ///   - state: The key beside the stream where the state of each key is.
    ///   - limits: How much state this node keeps.
    ///   - process: What no other process is called.
    package init(
        stream: String, state: String, limits: KeptLimits, process: String = RandomText.make(count: 12)
    ) {
        self.process = process
        self.stream = stream
        self.state = state
        // More than a node takes: what is too much each decides by itself, and Redis only bounds it.
        stateBounds = [
            "\(2 * limits.keys)", "\(min(2 * limits.bytes + 1_024 * limits.keys, StreamScripts.stateLimitBytes))",
        ]
    }

    /// The number of the transaction that is made.
    package var number: UInt64 { nextNumber }

    /// Whether another file may be added; a batch of any size is one.
    package var hasRoom: Bool { count < Self.limitEvents && commands.count < Self.limitBytes }

    /// Whether nothing waits and nothing is under way.
    package var isEmpty: Bool { count == 0 && !isUnderWay }

    /// Adds an event.
    package mutating func add(_ event: SpooledEvent, _ text: Span<UInt8>) {
        lastID = event.fileID
        let times = "\(event.nanoseconds) \(event.modifiedNanoseconds) \(event.isLine ? 1 : 0)"
        let owner = event.owner ?? .unknown
        if let key = event.text.key { return add(event, text, key.bytes, times: times, owner) }
        RESPCommand.begin(11, in: &commands)
        append(["XADD", stream, "0-*", "e"])
        RESPCommand.append(word: text, to: &commands)
        RESPCommand.append(word: "i".utf8.span, to: &commands)
        RESPCommand.append(word: event.fileID.span, to: &commands)
        append(["t", times, "o"])
        RESPCommand.append(word: owner.name.span, to: &commands)
        count += 1
    }

    /// Adds an event that is the state of a key, or ends it.
    private mutating func add(
        _ event: SpooledEvent, _ text: Span<UInt8>, _ key: [UInt8], times: String, _ owner: EventOwner
    ) {
        let channels = event.text.channels.isEmpty ? [""] : event.text.channels.map(\.name)
        RESPCommand.begin(13 + channels.count, in: &commands)
        // Redis may have forgotten it. Were that refused while the others are appended, a repetition would change their order.
        append(hasScript ? ["EVALSHA", appendName] : ["EVAL", StreamScripts.append])
        append(["2", stream, state])
        hasScript = true
        append(stateBounds)
        append([event.text.clearsKey ? "1" : "0", "\(max(0, event.text.expiresAtMicroseconds ?? 0))"])
        RESPCommand.append(word: text, to: &commands)
        RESPCommand.append(word: event.fileID.span, to: &commands)
        append([times])
        RESPCommand.append(word: owner.name.span, to: &commands)
        for channel in channels { RESPCommand.append(word: StreamKept.field(channel, key).span, to: &commands) }
        count += 1
    }

    private mutating func append(_ words: [String]) {
        for word in words { RESPCommand.append(word: word.utf8.span, to: &commands) }
    }

    /// Notes a file whose events have all been added.
    package mutating func add(_ name: FileName, _ mark: FileMark) { files.append((Array(name.bytes), mark)) }

    /// What is to be sent now, if anything waits and nothing is under way.
    package mutating func take() -> StreamBatch? {
        guard !isUnderWay, count > 0 else { return nil }
        var sent: [UInt8] = []
        RESPCommand.begin(1 + 2 * files.count, in: &sent)
        RESPCommand.append(word: "\(process)-\(nextNumber)".utf8.span, to: &sent)
        for file in files {
            RESPCommand.append(word: file.name.span, to: &sent)
            RESPCommand.append(word: file.mark.text.utf8.span, to: &sent)
        }
        defer {
            commands = []
            hasScript = false
            files = []
            count = 0
            nextNumber += 1
            isUnderWay = true
        }
        return StreamBatch(number: nextNumber, commands: commands, count: count, lastID: lastID, sent: sent)
    }

    /// What was under way is in the stream.
    package mutating func finish() { isUnderWay = false }

    /// The files that a note names.
    package static func files(in sent: [UInt8]) -> [[UInt8]: FileMark] {
        var parser = RESPParser()
        parser.append(sent.span)
        guard case .value(let value) = try? parser.next(), let words = value.elements else { return [:] }
        var files: [[UInt8]: FileMark] = [:]
        for index in stride(from: 1, to: words.count - 1, by: 2) {
            guard let name = words[index].bytes, let mark = words[index + 1].string.flatMap(FileMark.init) else {
                continue
            }
            files[name] = mark
        }
        return files
    }
}
