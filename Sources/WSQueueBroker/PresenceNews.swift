/// What the others of a channel are told at once.
package struct PresenceNews: Equatable, Sendable {
    /// What happened to them.
    package enum Kind: String, Sendable, CaseIterable {
        case leave, join, update
    }

    package let channel: String
    package let kind: Kind
    /// Whom it happened to, or the first of them.
    package let users: [PresentUser]
    /// How many more it happened to.
    package let unnamed: Int
    /// How many are there now.
    package let count: Int
}
