/// What a file of rules says.
package struct RuleSet: Equatable, Sendable {
    /// The rules about channels, of which the first that matches decides.
    package let channels: [AccessRule]
    /// Who may listen to channels that no rule names; `nil` leaves that to their prefixes.
    package let fallback: [AccessCondition]?
    /// The rules about who may connect, of which the first that matches decides.
    package let connects: [ConnectRule]

    /// Makes a set, of nothing unless more is said.
    package init(channels: [AccessRule] = [], fallback: [AccessCondition]? = nil, connects: [ConnectRule] = []) {
        self.channels = channels
        self.fallback = fallback
        self.connects = connects
    }

    /// How many there are.
    package var count: Int { channels.count + connects.count + (fallback == nil ? 0 : 1) }

    /// The same, with one more rule after those about who may connect.
    package func with(_ rule: ConnectRule) -> RuleSet {
        RuleSet(channels: channels, fallback: fallback, connects: connects + [rule])
    }
}
