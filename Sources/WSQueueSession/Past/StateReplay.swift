package import WSQueueLog

/// The state that one client is sent: the newest events with keys of what it listens to, in their order, as they are at one
/// moment.
package struct StateReplay: Sendable {
    /// How far the client has been sent it.
    package struct Progress: Equatable, Sendable {
        /// How many places have been looked at.
        let place: Int
        /// How many events were among them for the client.
        package let keys: Int

        /// One event more was for the client.
        package var counted: Progress { Progress(place: place, keys: keys + 1) }
    }

    /// What comes next.
    package struct Item {
        package let event: KeptEvent
        /// The channels in which it is still the newest of its key; an empty name is none.
        package let channels: [String]
        /// After it, if it is not for the client.
        package let passed: Progress
    }

    /// Up to this number all events count in it.
    package let cut: UInt64
    /// Whether there was room for all that is state in what the client listens to.
    package let isComplete: Bool
    private let kept: KeptEvents
    /// Where events may be that are for the client; `nil` is everywhere.
    private let places: [Int]?
    private var reached = Progress(place: 0, keys: 0)

    /// Takes the state of a moment.
    ///
    /// - Parameters:
    ///   - names: The channels that the client listens to; `nil` where it listens to patterns. An empty name is none.
    ///   - hears: Whether it hears a channel.
    package init(_ moment: (events: KeptEvents, seq: UInt64), names: [String]?, hears: (String) -> Bool) {
        kept = moment.events
        cut = moment.seq
        places = names.map { moment.events.places(of: $0) }
        isComplete = moment.events.isComplete(names, hears: hears)
    }

    /// The next event at or after a place and with a lower number than one that comes otherwise.
    func next(after progress: Progress, before seq: UInt64) -> Item? {
        var place = progress.place
        let end = places?.count ?? kept.places.upperBound
        while place < end {
            let found = kept.event(at: places.map { $0[place] } ?? place)
            place += 1
            guard let found else { continue }
            guard found.event.seq < seq else { return nil }
            return Item(
                event: found.event, channels: found.channels, passed: Progress(place: place, keys: progress.keys))
        }
        return nil
    }

    /// How far the client has been sent it.
    var progress: Progress { reached }
    mutating func note(_ progress: Progress) { reached = progress }

    func hasMore(before seq: UInt64) -> Bool { next(after: progress, before: seq) != nil }
}
