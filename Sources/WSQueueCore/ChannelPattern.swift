/// A channel, or many by their segments: `*` is one segment, `**` any number of them, and stands last.
package struct ChannelPattern: Hashable, Sendable {
    /// One part between dots.
    package enum Segment: Hashable, Sendable {
        case literal(String)
        /// `*`: exactly one segment.
        case one
        /// `**`: any number of segments, none too.
        case rest
    }

    /// As it was written.
    package let text: String
    /// Its segments; without `*` and `**` they are those of one channel.
    package let segments: [Segment]

    /// Makes a pattern; `nil` where it is neither a channel's name nor made of such names' segments, `*` and a last `**`.
    package init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= Channel.nameLimitBytes else { return nil }
        var segments: [Segment] = []
        for part in text.split(separator: ".", omittingEmptySubsequences: false) {
            guard segments.last != .rest else { return nil }
            switch part {
            case "*": segments.append(.one)
            case "**": segments.append(.rest)
            default:
                guard part.isEmpty || Channel.isValid(part.utf8.span) else { return nil }
                segments.append(.literal(String(part)))
            }
        }
        self.text = text
        self.segments = segments
    }

    /// Whether it stands for one channel only, which has its text as name.
    package var isChannel: Bool {
        segments.allSatisfy { segment in
            if case .literal = segment { return true }
            return false
        }
    }

    /// Whether a channel is one of those it stands for.
    ///
    /// Byte by byte where they lie: to take a name apart for each of a client's patterns cost more than all else that a
    /// past event did.
    package func matches(_ channel: String) -> Bool {
        let bytes = channel.utf8.span
        var start = 0
        for segment in segments {
            if case .rest = segment { return true }
            guard start <= bytes.count else { return false }
            var end = start
            while end < bytes.count, bytes[end] != UInt8(ascii: ".") { end += 1 }
            if case .literal(let name) = segment, !Self.lies(name, in: bytes, from: start, to: end) { return false }
            start = end + 1
        }
        return start == bytes.count + 1
    }

    private static func lies(_ name: String, in bytes: Span<UInt8>, from start: Int, to end: Int) -> Bool {
        let name = name.utf8.span
        guard name.count == end - start else { return false }
        for index in name.indices where name[index] != bytes[start + index] { return false }
        return true
    }
}
