/// Something in a history that wsqueue promises not to do.
package struct HistoryFinding: Equatable, CustomStringConvertible {
    /// Which promise is broken.
    package enum Kind: String, CaseIterable {
        /// A published event that a client should have did not come.
        case lost
        /// A client that was told of no gap has passed by an event that others got.
        case skipped
        /// An event came twice to one client, with no power cut before or under another id.
        case doubled
        /// A number that is not higher than the one before, or two events of one publisher in the wrong order.
        case disordered
        /// One number of one epoch is borne by two events.
        case renumbered
        /// A gap was told though no power was cut and no disk failed.
        case gap
        /// An event that was never published.
        case foreign
        /// An event whose payload's bytes are not those that were published, or for a channel not listened to.
        case altered
        /// An event came although its publisher was told that it is not in the queue.
        case refused
        /// A file is still in the queue at the end.
        case left
    }

    package let kind: Kind
    package let text: String

    package init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    package var description: String { "\(kind.rawValue): \(text)" }
}

/// What happened how often.
package struct HistoryCounts: Equatable {
    package var events = 0
    package var deliveries = 0
    package var repetitions = 0
    package var connections = 0
    package var gaps = 0
    package var kills = 0
    package var powerCuts = 0
    package var diskErrors = 0
    package var losses = 0

    package init() {}
}
