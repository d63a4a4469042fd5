internal import WSQueueCore
package import WSQueueWire

/// One entry of the stream that several servers share: an event with its place.
///
/// In Redis: id `0-<seq>`; field `e` is the event's text, `i` its id where the text has none, `t` the time of its file's
/// name, the file's mtime (both Unix nanoseconds) and whether it is a batch's line (0 or 1). News of presence have `p`
/// for the servers too. `e` is enough; fields that are not known are passed over.
package struct StreamEntry: Sendable {
    package let seq: UInt64
    package private(set) var event: [UInt8] = []
    /// What it is known by where its text says nothing: the name of its file without the suffix, a line's number behind.
    package private(set) var id: [UInt8] = []
    package private(set) var nanoseconds: Int64 = 0
    package private(set) var stamp: Int64 = 0
    package private(set) var isLine = false
    /// What goes from server to server with it (field `p`).
    package private(set) var told: [UInt8]?

    /// About what it takes in memory.
    package var byteCount: Int { event.count + id.count + 128 }

    /// Reads an entry as XREAD and XRANGE give it; `nil` where its id is not one of ours.
    package init?(_ value: RESPValue) {
        guard let parts = value.elements, parts.count == 2, let seq = Self.seq(parts[0].string ?? "") else {
            return nil
        }
        self.seq = seq
        let fields = parts[1].elements ?? []
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            guard let name = fields[index].bytes, name.count == 1, let bytes = fields[index + 1].bytes else { continue }
            switch name[0] {
            case UInt8(ascii: "e"): event = bytes
            case UInt8(ascii: "i"): id = bytes
            case UInt8(ascii: "t"): readTimes(bytes)
            case UInt8(ascii: "p"): told = bytes
            default: continue
            }
        }
        if id.isEmpty { id = Array("stream-\(seq)".utf8) }
    }

    /// The number in an id of ours, `0-<seq>`.
    package static func seq(_ id: String) -> UInt64? {
        id.hasPrefix("0-") ? UInt64(id.dropFirst(2)) : nil
    }

    private mutating func readTimes(_ bytes: [UInt8]) {
        let numbers = String(decoding: bytes, as: UTF8.self).split(separator: " ").map { Int64($0) ?? 0 }
        nanoseconds = numbers.first ?? 0
        stamp = numbers.count > 1 ? numbers[1] : 0
        isLine = numbers.count > 2 && numbers[2] == 1
    }
}
