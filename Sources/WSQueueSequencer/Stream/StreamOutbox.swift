internal import WSQueueCore
internal import WSQueueLog
package import WSQueueSystem
internal import WSQueueWire

/// The events of files on their way to the stream that several servers share: a transaction that is made, and one that
/// is under way.
package struct StreamOutbox {
    private let stream: String
    private let historyEvents: Int
    /// What makes the note of one transaction another than those of all others.
    private let process: String
    private var commands: [UInt8] = []
    private var count = 0
    private var files: [(name: [UInt8], mark: FileMark)] = []
    private var nextNumber: UInt64 = 1
    private var isUnderWay = false

    private static let limitEvents = 1_024
    private static let limitBytes = 1_048_576

    /// Makes it empty.
    ///
    /// - Parameter process: What no other process is called.
    package init(stream: String, historyEvents: Int, process: String = RandomText.make(count: 12)) {
        self.process = process
        self.stream = stream
        self.historyEvents = historyEvents
    }

    /// The number of the transaction that is made.
    package var number: UInt64 { nextNumber }

    /// Whether another file may be added; a batch of any size is one.
    package var hasRoom: Bool { count < Self.limitEvents && commands.count < Self.limitBytes }

    /// Whether nothing waits and nothing is under way.
    package var isEmpty: Bool { count == 0 && !isUnderWay }

    /// Adds an event.
    package mutating func add(_ event: SpooledEvent, _ text: Span<UInt8>) {
        let times = "\(event.nanoseconds) \(event.modifiedNanoseconds) \(event.isLine ? 1 : 0)"
        RESPCommand.begin(14, in: &commands)
        for word in ["XADD", stream, "MAXLEN", "~", "\(historyEvents)", "0-*", "e"] {
            RESPCommand.append(word: word.utf8.span, to: &commands)
        }
        RESPCommand.append(word: text, to: &commands)
        RESPCommand.append(word: "i".utf8.span, to: &commands)
        RESPCommand.append(word: event.fileID.span, to: &commands)
        RESPCommand.append(word: "t".utf8.span, to: &commands)
        RESPCommand.append(word: times.utf8.span, to: &commands)
        RESPCommand.append(word: "o".utf8.span, to: &commands)
        let owner = event.owner ?? .unknown
        RESPCommand.append(word: owner.name.span, to: &commands)
        count += 1
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
            files = []
            count = 0
            nextNumber += 1
            isUnderWay = true
        }
        return StreamBatch(number: nextNumber, commands: commands, count: count, sent: sent)
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
