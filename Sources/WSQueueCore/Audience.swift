/// Whom a publication is for.
package enum Audience: Equatable, Sendable {
    /// Every client.
    case everyone
    /// Every client but the connection with this id: the tab that caused the event.
    case everyoneExcept(Int64)
    /// The subscribers of a channel, perhaps without one connection.
    case channel(String, except: Int64?)
    /// The clients of these users, perhaps only those subscribed to a channel and without one connection.
    case users([String], channel: String?, except: Int64?)

    /// Whether it is for all clients but one, so that those it is not for are fewer than those it is for.
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
