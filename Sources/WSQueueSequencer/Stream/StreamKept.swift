internal import WSQueueWire

/// The state of a key in a channel, as it stands in Redis beside the stream.
///
/// The value begins with a number and with the moment at which it ends (Unix microseconds, 0 is never), in digits. Then
/// comes `e`, the lengths of three of an entry's fields, and the fields `t`, `o`, `i` and `e` (``StreamEntry``); or `m2`,
/// a number by which such values are ordered, and a record of a journal, as a node has put it back; or `-` where there was
/// no room. The first number is an entry's, and 0 where the state is of an earlier numbering.
package struct StreamKept: Equatable, Sendable {
    /// What is there.
    package enum Content: Equatable, Sendable {
        /// The event that is the state; the number is its place in the stream.
        case entry(StreamEntry)
        /// A record that a node has put back.
        case record([UInt8], order: UInt64)
        /// The state is not kept, because there was no room.
        case missing
    }

    /// An empty name is the events without a channel.
    package let channel: String
    package let key: [UInt8]
    package let number: UInt64
    package let content: Content

    /// The field of the hash that a key of a channel has.
    package static func field(_ channel: String, _ key: [UInt8]) -> [UInt8] { Array(channel.utf8) + [0] + key }

    /// The value for a record.
    ///
    /// - Parameters:
    ///   - number: The entry's; 0 where it is of an earlier numbering.
    ///   - order: By which values of records are ordered.
    package static func value(
        _ record: [UInt8], number: UInt64, order: UInt64, expiresAtMicroseconds: Int64?
    ) -> [UInt8] {
        Array("\(number) \(max(0, expiresAtMicroseconds ?? 0)) m2 \(order) ".utf8) + record
    }

    /// The value where there was no room.
    package static func missingValue(number: UInt64) -> [UInt8] { Array("\(number) 0 -".utf8) }

    /// The field that says that keys are missing which are too many to be named.
    package static let unnamedField = [UInt8(ascii: "?")]

    /// Reads a field and its value; `nil` where they are none of ours.
    package init?(field: [UInt8], value: [UInt8]) {
        guard let end = field.firstIndex(of: 0) else { return nil }
        channel = String(decoding: field[..<end], as: UTF8.self)
        key = Array(field[(end + 1)...])
        var rest = value[...]
        guard let number = Self.word(&rest).flatMap(UInt64.init), Self.word(&rest) != nil else { return nil }
        self.number = number
        switch Self.word(&rest) {
        case "e":
            guard let entry = Self.entry(&rest, seq: number) else { return nil }
            content = .entry(entry)
        case "m2":
            guard let order = Self.word(&rest).flatMap(UInt64.init) else { return nil }
            content = .record(Array(rest), order: order)
        case "-": content = .missing
        default: return nil
        }
    }

    /// Reads the fields and values that an entry has ended, each pair after `+` and its lengths.
    static func ended(_ bytes: [UInt8]) -> [StreamKept] {
        var rest = bytes[...]
        var all: [StreamKept] = []
        while rest.popFirst() == UInt8(ascii: "+"), let field = word(&rest).flatMap(Int.init),
            let value = word(&rest).flatMap(Int.init),
            (0...rest.count).contains(field), (0...rest.count - field).contains(value)
        {
            let parts = (field: Array(rest.prefix(field)), value: Array(rest.dropFirst(field).prefix(value)))
            rest = rest.dropFirst(field + value)
            if let one = StreamKept(field: parts.field, value: parts.value) { all.append(one) }
        }
        return all
    }

    private static func entry(_ rest: inout ArraySlice<UInt8>, seq: UInt64) -> StreamEntry? {
        let counts = (0..<3).compactMap { _ in word(&rest).flatMap(Int.init) }
        guard counts.count == 3, counts.allSatisfy({ (0...rest.count).contains($0) }) else { return nil }
        guard counts[0] + counts[1] + counts[2] <= rest.count else { return nil }
        let parts = counts.map { count in
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        let values = [
            UInt8(ascii: "t"): parts[0], UInt8(ascii: "o"): parts[1], UInt8(ascii: "i"): parts[2],
            UInt8(ascii: "e"): Array(rest),
        ]
        return StreamEntry(seq: seq, values)
    }

    /// Takes what stands before the next space.
    private static func word(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard let end = rest.prefix(24).firstIndex(of: UInt8(ascii: " ")) else {
            defer { rest = [] }
            return rest.isEmpty || rest.count > 24 ? nil : String(decoding: rest, as: UTF8.self)
        }
        defer { rest = rest[(end + 1)...] }
        return String(decoding: rest[..<end], as: UTF8.self)
    }
}

/// What Redis has beside the stream of what is not in it any more, at one moment.
package struct StreamPast: Equatable, Sendable {
    /// The numbering's name.
    package let epoch: String
    /// The number of the newest entry that there ever was: the state is as it was after it.
    package let last: UInt64
    /// The state of each key.
    package let kept: [StreamKept]
    /// The last events that have ended the state of a key.
    package let ended: [StreamKept]
    /// Whether nothing is missing that is not named.
    package let isComplete: Bool
    /// Whether what was known before this numbering has been put back.
    package let isSettled: Bool
    /// For whom entries were that are gone, and up to which number; `nil` where no one has noted it.
    package let trimmed: (end: UInt64, marks: [UInt8])?

    /// Makes it of its parts.
    package init(
        epoch: String, last: UInt64, kept: [StreamKept] = [], ended: [StreamKept] = [], isComplete: Bool = true,
        isSettled: Bool = true, trimmed: (end: UInt64, marks: [UInt8])? = nil
    ) {
        self.epoch = epoch
        self.last = last
        self.kept = kept
        self.ended = ended
        self.isComplete = isComplete
        self.isSettled = isSettled
        self.trimmed = trimmed
    }

    /// Reads the answers about the name, the stream, the state and what was trimmed; `nil` where they are none.
    init?(_ answers: [RESPValue]) {
        guard answers.count == 4, let epoch = answers[0].string, let fields = answers[2].elements else { return nil }
        self.epoch = epoch
        last = answers[1]["last-generated-id"]?.string.flatMap(StreamEntry.seq) ?? 0
        var kept: [StreamKept] = []
        var ended: [StreamKept] = []
        var isComplete = true
        var isSettled = false
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            guard let field = fields[index].bytes, let value = fields[index + 1].bytes else { continue }
            if field.contains(0) {
                if let one = StreamKept(field: field, value: value) { kept.append(one) } else { isComplete = false }
            } else if field == StreamKept.unnamedField {
                isComplete = false
            } else if field == [UInt8(ascii: "@")] {
                isSettled = value == Array(epoch.utf8)
            } else if field.first == UInt8(ascii: "~") {
                ended += StreamKept.ended(value)
            }
        }
        self.kept = kept
        self.ended = ended
        self.isSettled = isSettled
        self.isComplete = isComplete
        let note = answers[3].bytes ?? []
        let digits = note.prefix { $0 != UInt8(ascii: " ") }
        let end = UInt64(String(decoding: digits, as: UTF8.self))
        trimmed = end.map { ($0, Array(note.dropFirst(digits.count + 1))) }
    }

    package static func == (one: StreamPast, other: StreamPast) -> Bool {
        one.epoch == other.epoch && one.last == other.last && one.kept == other.kept && one.ended == other.ended
            && one.isComplete == other.isComplete && one.isSettled == other.isSettled
            && one.trimmed?.end == other.trimmed?.end
            && one.trimmed?.marks == other.trimmed?.marks
    }
}
