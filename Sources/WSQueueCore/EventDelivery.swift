/// What an event says about whom it is for, and for how long. Nearly all say nothing: it lies apart from ``EventText``, so
/// that those pay nothing for it.
package final class EventDelivery: Sendable {
    /// The channels it goes to, each once, in the order in which they stand; none: to every client.
    package let channels: [Channel]
    /// The users it goes to; `nil`: to all. An empty list is no one, and never everybody.
    package let recipients: [Label]?
    /// The connection that shall not get it.
    package let except: Int64?
    /// When it is too late to send it, in Unix microseconds.
    package let expiresAtMicroseconds: Int64?

    /// Makes it of what was found.
    init(channels: [Channel], recipients: [Label]?, except: Int64?, expiresAtMicroseconds: Int64?) {
        self.channels = channels
        self.recipients = recipients
        self.except = except
        self.expiresAtMicroseconds = expiresAtMicroseconds
    }
}

extension EventDelivery: Equatable {
    package static func == (left: EventDelivery, right: EventDelivery) -> Bool {
        left.channels == right.channels && left.recipients == right.recipients && left.except == right.except
            && left.expiresAtMicroseconds == right.expiresAtMicroseconds
    }
}
