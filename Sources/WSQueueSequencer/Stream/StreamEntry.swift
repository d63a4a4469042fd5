internal import WSQueueCore
package import WSQueueWire

/// One entry of the stream that several servers share: an event with its place.
///
/// In Redis: id `0-<seq>`; field `e` is the event's text, `i` its id where the text has none, `t` the time of its file's
/// name, the file's mtime (both Unix nanoseconds) and whether it is a batch's line (0 or 1), `o` the name of its owner,
/// empty where no one can tell; servers before 0.2 write none. News of presence have `p` for the servers too. `e` is
/// enough; fields that are not known are passed over.
package struct StreamEntry: Equatable, Sendable {
    package let seq: UInt64
    package let event: [UInt8]
    /// What it is known by where its text says nothing: the name of its file without the suffix, and a line's number.
    package let id: [UInt8]
    /// The time by which its file is ordered, Unix nanoseconds.
    package let nanoseconds: Int64
    /// When its file was changed last, Unix nanoseconds.
    package let stamp: Int64
    /// Whether it is a line of a batch.
    package let isLine: Bool
    /// Who has published it; empty where no one can tell, `nil` where it is not said.
    package let owner: [UInt8]?
    /// What goes from server to server with it (field `p`).
    package let told: [UInt8]?
    /// Whether the state beside the stream has been changed with it (field `k`).
    package let isInState: Bool

    /// About what it takes in memory.
    package var byteCount: Int { event.count + id.count + 128 }

    /// Reads an entry as XREAD and XRANGE give it; `nil` where its id is not one of ours.
    package init?(_ value: RESPValue) {
        guard let parts = value.elements, parts.count == 2, let seq = Self.seq(parts[0].string ?? "") else {
            return nil
        }
        var values: [UInt8: [UInt8]] = [:]
        let fields = parts[1].elements ?? []
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            guard let name = fields[index].bytes, name.count == 1, let bytes = fields[index + 1].bytes else { continue }
            values[name[0]] = bytes
        }
        self.init(seq: seq, values)
    }

    /// Makes an entry of its fields, by their names.
    init(seq: UInt64, _ values: [UInt8: [UInt8]]) {
        let id = values[UInt8(ascii: "i")] ?? []
        let times = String(decoding: values[UInt8(ascii: "t")] ?? [], as: UTF8.self).split(separator: " ")
            .map { Int64($0) ?? 0 }
        self.seq = seq
        event = values[UInt8(ascii: "e")] ?? []
        self.id = id.isEmpty ? Array("stream-\(seq)".utf8) : id
        nanoseconds = times.first ?? 0
        stamp = times.count > 1 ? times[1] : 0
        isLine = times.count > 2 && times[2] == 1
        owner = values[UInt8(ascii: "o")]
        told = values[UInt8(ascii: "p")]
        isInState = values[UInt8(ascii: "k")] != nil
    }

    /// The number in an id of ours, `0-<seq>`.
    package static func seq(_ id: String) -> UInt64? {
        id.hasPrefix("0-") ? UInt64(id.dropFirst(2)) : nil
    }
}
