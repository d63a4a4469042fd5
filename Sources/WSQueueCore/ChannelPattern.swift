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
    package func matches(_ channel: String) -> Bool {
        var rest = segments[...]
        for part in channel.split(separator: ".", omittingEmptySubsequences: false) {
            switch rest.popFirst() {
            case .literal(let name)? where name.utf8.elementsEqual(part.utf8): continue
            case .one?: continue
            case .rest?: return true
            default: return false
            }
        }
        return rest.isEmpty || rest.first == .rest
    }
}
