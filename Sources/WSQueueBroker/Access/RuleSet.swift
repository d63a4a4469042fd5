/// What a file of rules says.
package struct RuleSet: Equatable, Sendable {
    /// The rules about channels, of which the first that matches decides.
    package let channels: [AccessRule]
    /// Who may listen to channels that no rule names; `nil` leaves that to their prefixes.
    package let fallback: [AccessCondition]?

    /// Makes a set, of nothing unless more is said.
    package init(channels: [AccessRule] = [], fallback: [AccessCondition]? = nil) {
        self.channels = channels
        self.fallback = fallback
    }

    /// How many there are.
    package var count: Int { channels.count + (fallback == nil ? 0 : 1) }
}
