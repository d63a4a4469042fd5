/// A named stream that clients subscribe to.
///
/// A name is 1 to 255 bytes of `A–Z a–z 0–9 . _ - :`. Dots make a hierarchy, but nothing more is asked of them: `a..b`
/// is a name. Names are ASCII, so comparing them as strings is comparing their bytes.
package struct Channel: Hashable, Sendable {
    /// The longest name, in bytes.
    package static let nameLimitBytes = 255

    /// The name, prefix included.
    package let name: String

    /// Makes a channel of its name; `nil` where the name breaks the rule.
    package init?(_ name: String) {
        guard Channel.isValid(name.utf8.span) else { return nil }
        self.name = name
    }

    /// Makes a channel of the bytes of its name; `nil` where they break the rule.
    package init?(_ name: Span<UInt8>) {
        guard Channel.isValid(name), let text = try? UTF8Span(validating: name) else { return nil }
        self.name = String(copying: text)
    }

    /// Who may be here before any rule is asked.
    package var kind: ChannelKind {
        for separator in [".", "-"] {
            if name.utf8.starts(with: "private\(separator)".utf8) { return .private }
            if name.utf8.starts(with: "presence\(separator)".utf8) { return .presence }
        }
        return .open
    }

    /// Answers whether `name` may name a channel.
    package static func isValid(_ name: String) -> Bool { isValid(name.utf8.span) }

    /// Answers whether the bytes of `name` may name a channel.
    package static func isValid(_ name: Span<UInt8>) -> Bool {
        guard !name.isEmpty, name.count <= nameLimitBytes else { return false }
        for index in name.indices where !isNameByte(name[index]) { return false }
        return true
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: ":"): true
        default: false
        }
    }
}

/// What the prefix of a channel's name says about who may be there.
package enum ChannelKind: Equatable, Sendable {
    /// No prefix: everyone, unless a rule says otherwise.
    case open
    /// `private.` or `private-`: not for everyone.
    case `private`
    /// `presence.` or `presence-`: who is there is tracked.
    case presence
}
