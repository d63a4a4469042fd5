/// Why an event may not be published: what the publisher said that cannot be.
public enum EventRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    /// A name that is empty, longer than 255 bytes or holds control characters.
    case name(String)
    /// An id that is empty, longer than 255 bytes or holds control characters.
    case id(String)
    /// A channel's name that is empty, longer than 255 bytes or holds other characters than it may.
    case channel(String)
    /// A user's id that is empty, longer than 255 bytes or holds control characters.
    case recipient(String)
    /// A key that is empty, longer than 255 bytes or holds control characters.
    case key(String)
    /// A key of an event that is not for all who listen: state is for whoever returns.
    case keyForSome(String)
    /// An event that ends the state of a key and names none.
    case clearWithoutKey
    /// More users or connections than one event may name.
    case tooMany(limit: Int)
    /// A payload that is not JSON, and the first byte that cannot be, counted from 0.
    case payload(reason: String, offset: Int)
    /// A text that is no event as the server takes it, and where, counted from 0.
    case text(reason: String, offset: Int)
    /// An event larger than the server takes.
    case size(limitBytes: Int)
    /// An event that is to wait longer than the server lets one wait.
    case tooFarAhead(limitDays: Int)

    /// One line: what is wrong and what is wanted.
    public var description: String {
        switch self {
        case .name(let name): "the event's name \(Self.label(name))"
        case .id(let id): "the id \(Self.label(id))"
        case .recipient(let user): "the user id \(Self.label(user))"
        case .key(let key): "the key \(Self.label(key))"
        case .keyForSome(let key):
            "the key \(Self.quoted(key)) beside recipients or exceptions; state is for all who listen"
        case .clearWithoutKey: "no key is named whose state shall end"
        case .tooMany(let limit): "more than \(limit) users or connections in one list; a channel is for more"
        case .channel(let name):
            "the channel \(Self.quoted(name)) has \(name.utf8.count) bytes or other characters than it may; "
                + "wanted are 1 to 255 of A-Z a-z 0-9 . _ - :"
        case .payload(let reason, let offset): "the payload is not JSON: \(reason), at byte \(offset)"
        case .text(let reason, let offset): "no event: \(reason), at byte \(offset)"
        case .tooFarAhead(let days): "the event is due in more than \(days) days, which is as long as one may wait"
        case .size(let limit): "the event is larger than the \(limit) bytes that the server takes"
        }
    }

    private static func label(_ text: String) -> String {
        let wanted = "wanted are 1 to \(Label.limitBytes) bytes without control characters"
        if text.isEmpty { return "is empty; \(wanted)" }
        if text.utf8.count > Label.limitBytes { return "has \(text.utf8.count) bytes; \(wanted)" }
        return "\(quoted(text)) holds a control character; \(wanted)"
    }

    /// The text between quotation marks, safe for a terminal and a log; a long one is cut.
    private static func quoted(_ text: String) -> String {
        let isLong = text.unicodeScalars.count > 64
        let shown = isLong ? String(String.UnicodeScalarView(text.unicodeScalars.prefix(64))) : text
        return "\"\(TerminalText.plain(shown))\"" + (isLong ? "…" : "")
    }
}
