internal import WSQueueCore

/// Ids of events whose files have names that may be used again: `<stem>@<mtime>`, then `+2`, `+3` … where further events
/// have had the same name and mtime, and `/<line>` in a batch.
package enum FileEventID {
    /// The id of the `count`th event of a name and an mtime.
    package static func make(stem: [UInt8], modifiedNanoseconds: Int64, count: Int) -> [UInt8] {
        var id: [UInt8] = []
        id.reserveCapacity(stem.count + 32)
        id += stem
        id.append(UInt8(ascii: "@"))
        JSONWriter.write(modifiedNanoseconds, into: &id)
        guard count > 1 else { return id }
        id.append(UInt8(ascii: "+"))
        JSONWriter.write(Int64(count), into: &id)
        return id
    }

    /// The id of a line in the batch that has this id.
    package static func make(batch: [UInt8], line: Int) -> [UInt8] {
        var id: [UInt8] = []
        id.reserveCapacity(batch.count + 8)
        id += batch
        id.append(UInt8(ascii: "/"))
        JSONWriter.write(Int64(line), into: &id)
        return id
    }

    /// Where in an id the number of an event of the same name and mtime would stand, and where the line begins; ids of
    /// any other form have neither.
    static func parts(of id: Span<UInt8>) -> (count: Int, line: Int) {
        let line = number(after: UInt8(ascii: "/"), before: id.count, in: id) ?? id.count
        guard let count = number(after: UInt8(ascii: "+"), before: line, in: id) else { return (line, line) }
        return hasTime(before: count, in: id) ? (count, line) : (line, line)
    }

    /// The mtime that an id says; `nil` where it has none.
    static func modifiedNanoseconds(_ id: [UInt8]) -> Int64? {
        let end = parts(of: id.span).count
        guard let time = id[..<end].lastIndex(of: UInt8(ascii: "@")) else { return nil }
        return Int64(String(decoding: id[(time + 1)..<end], as: UTF8.self))
    }

    /// An id as it was before 0.2, without mtime and number: `<stem>`, or `<stem>/<line>`.
    package static func withoutTime(_ id: [UInt8]) -> [UInt8] {
        let parts = parts(of: id.span)
        guard let time = id[..<parts.count].lastIndex(of: UInt8(ascii: "@")) else { return id }
        return Array(id[..<time]) + id[parts.line...]
    }

    /// Whether an id ends with that mtime, but for a number and a line.
    package static func hasTime(_ id: Span<UInt8>, modifiedNanoseconds: Int64) -> Bool {
        let time = "@\(modifiedNanoseconds)".utf8.span
        let end = parts(of: id).count
        guard end >= time.count else { return false }
        return time.indices.allSatisfy { id[end - time.count + $0] == time[$0] }
    }

    /// Where the mark stands after which all that comes before `end` is digits.
    private static func number(after mark: UInt8, before end: Int, in id: Span<UInt8>) -> Int? {
        var start = end
        while start > 0, id[start - 1] &- UInt8(ascii: "0") <= 9 { start -= 1 }
        return start < end && start > 0 && id[start - 1] == mark ? start - 1 : nil
    }

    private static func hasTime(before end: Int, in id: Span<UInt8>) -> Bool {
        if number(after: UInt8(ascii: "@"), before: end, in: id) != nil { return true }
        guard let sign = number(after: UInt8(ascii: "-"), before: end, in: id) else { return false }
        return sign > 0 && id[sign - 1] == UInt8(ascii: "@")
    }
}
