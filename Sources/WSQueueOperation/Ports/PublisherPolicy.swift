package import WSQueueBroker
internal import WSQueueSystem

/// Who may publish what, as the operator's file has said last: the thread that reads the file sets it, and the hub asks.
package final class PublisherPolicy: Sendable {
    /// What holds since a reading of the file.
    package struct Edition: Sendable {
        package let rules: PublisherRules
        /// Another one after each reading, also where the rules are the same: users may have other groups by then.
        package let number: Int
    }

    private let edition: Guarded<Edition>

    /// Rules that hold from the beginning.
    package init(_ rules: PublisherRules) { edition = Guarded(Edition(rules: rules, number: 1)) }

    /// What holds now.
    package var current: Edition { edition.withLock { $0 } }

    /// Has other rules hold from now on; without any, those before hold on, and who is in which group is looked up anew.
    package func renew(_ rules: PublisherRules? = nil) {
        edition.withLock { $0 = Edition(rules: rules ?? $0.rules, number: $0.number + 1) }
    }
}
