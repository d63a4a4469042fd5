/// Whom a publication is for.
package enum Audience: Equatable, Sendable {
    /// Every client.
    case everyone
    /// Every client but these: the tab that caused the event.
    case everyoneExcept(Exceptions)
    /// The subscribers of a channel, but for some.
    case channel(String, except: Exceptions)
    /// The clients of these users, perhaps only those subscribed to a channel, but for some.
    case users([String], channel: String?, except: Exceptions)

    /// Whether it is for all clients but some, so that those it is not for are fewer than those it is for.
    package var isNearlyEveryone: Bool {
        if case .everyoneExcept = self { return true }
        return false
    }

    /// The channel that the copy of the event for this audience names.
    package var channel: String? {
        switch self {
        case .everyone, .everyoneExcept: nil
        case .channel(let channel, _): channel
        case .users(_, let channel, _): channel
        }
    }
}
