package import WSQueueCore

/// A user whom the application has disconnected: tokens of the time before are refused for a while.
package struct Disconnection: Equatable, Sendable {
    package let user: Label
    /// Tokens that were made up to this moment are refused, and those that do not say when (Unix microseconds).
    package let issuedUpTo: Int64
    /// Until when (Unix microseconds).
    package let until: Int64

    /// Makes it of its parts.
    package init(user: Label, issuedUpTo: Int64, until: Int64) {
        self.user = user
        self.issuedUpTo = issuedUpTo
        self.until = until
    }

    /// Whether it is about a token, as long as it lasts.
    ///
    /// - Parameter issuedAt: When the token was made (Unix microseconds), where it says so.
    package func concerns(issuedAt: Int64?) -> Bool { issuedAt.map { $0 <= issuedUpTo } ?? true }
}

/// All users whom the application has disconnected for now. It knows no clock.
package struct Disconnections: Sendable {
    /// What became of one that was added.
    package enum Outcome: Equatable, Sendable {
        case added
        /// Another one says as much already.
        case known
        /// There are as many as may be remembered; none of them is over.
        case full
    }

    /// How many users are remembered.
    package static let limit = 65_536

    private let limit: Int
    private var entries: [Label: Disconnection] = [:]

    /// None.
    package init(limit: Int = Self.limit) { self.limit = limit }

    /// All of them, in no order.
    package var all: [Disconnection] { Array(entries.values) }

    /// Adds one. Of two about the same user the later moment and the longer time hold.
    ///
    /// - Parameter now: The present moment, Unix microseconds.
    package mutating func add(_ entry: Disconnection, now: Int64) -> Outcome {
        guard entry.until > now else { return .known }
        guard let before = entries[entry.user] else {
            if entries.count >= limit { entries = entries.filter { $0.value.until > now } }
            guard entries.count < limit else { return .full }
            entries[entry.user] = entry
            return .added
        }
        let merged = Disconnection(
            user: entry.user, issuedUpTo: max(before.issuedUpTo, entry.issuedUpTo),
            until: max(before.until, entry.until))
        guard merged != before else { return .known }
        entries[entry.user] = merged
        return .added
    }

    /// Whether a user's token is refused.
    ///
    /// - Parameters:
    ///   - issuedAt: When it was made (Unix microseconds), where it says so.
    ///   - now: The present moment, Unix microseconds.
    package func refuse(_ user: Label, issuedAt: Int64?, now: Int64) -> Bool {
        guard !entries.isEmpty, let entry = entries[user], entry.until > now else { return false }
        return entry.concerns(issuedAt: issuedAt)
    }
}
