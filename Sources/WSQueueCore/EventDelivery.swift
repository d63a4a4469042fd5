/// What an event says about whom it is for, for how long, and of which state it is. Nearly all say nothing: it lies apart
/// from ``EventText``, so that those pay nothing for it.
package final class EventDelivery: Sendable {
    /// What was found.
    let details: EventDetails

    /// Makes it of what was found.
    init(_ details: EventDetails) { self.details = details }
}

extension EventDelivery: Equatable {
    package static func == (left: EventDelivery, right: EventDelivery) -> Bool { left.details == right.details }
}

/// The members that few events have.
struct EventDetails: Equatable, Sendable {
    /// The channels it goes to, each once, in the order in which they stand; none: to every client.
    var channels: [Channel] = []
    /// The users it goes to; `nil`: to all. An empty list is no one, and never everybody.
    var recipients: [Label]?
    /// Who shall not get it.
    var exceptions = Exceptions()
    /// When it is too late to send it, in Unix microseconds.
    var expiresAtMicroseconds: Int64?
    /// The state that it is.
    var key: Label?
    /// Whether it ends that state.
    var clearsKey = false
    /// When it happened, in Unix microseconds, where it says so in another way than clients are told.
    var timestampMicroseconds: Int64?
    /// Its trace context as it stands, with its quotes.
    var traceparentPlace = EventText.Place()

    /// Adds channels, each once: one client is one copy, however often a publisher names the channel.
    mutating func add(channels: [Channel]) {
        guard self.channels.count + channels.count > 1 else {
            self.channels = channels
            return
        }
        var known = Set(self.channels)
        for channel in channels where known.insert(channel).inserted { self.channels.append(channel) }
    }
}
