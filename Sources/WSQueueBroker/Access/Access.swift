package import WSQueueCore

/// Decides who may listen to a channel, and who may send into it: the operator's rules, and what holds without them
/// (SPEC §4, rules and channels).
///
/// It is asked for each channel by its name. A subscription by a pattern is a wish, not a right: whatever it matches is
/// asked about when it is delivered, live and from the past, so that no pattern reaches where its name would not.
package struct Access: Sendable {
    /// What a client wants.
    package enum Verb: String, Hashable, Sendable {
        case subscribe, publish
    }

    /// The answer.
    package enum Verdict: Equatable, Sendable {
        case allowed
        /// No one may, or not this user.
        case forbidden
        /// It could be allowed to an authenticated user.
        case needsUser
        /// The application decides.
        case ask
    }

    /// The rules, of which the first that matches decides.
    package let rules: RuleSet
    /// Whether there are clients for whom the events without a channel are not.
    package let closesChannelless: Bool
    /// Whether there is an application to ask.
    private let hasApplication: Bool

    /// Makes the decision of some rules; without any, the channel's prefix decides.
    ///
    /// - Parameter hasApplication: Whether there is an application to ask.
    package init(rules: RuleSet = RuleSet(), hasApplication: Bool = false) {
        self.rules = rules
        self.hasApplication = hasApplication
        let conditions = rules.channels.first { $0.template == .channelless }?.subscribe ?? rules.fallback
        closesChannelless = conditions.map { !$0.contains(.anyone) } ?? false
    }

    /// Whether a rule wants the application to be asked.
    package var asks: Bool {
        rules.channels.contains { rule in
            rule.subscribe?.contains(.ask) ?? false || rule.publish?.contains(.ask) ?? false
        } || rules.fallback?.contains(.ask) ?? false
    }

    // MARK: Channels

    /// Whether a user may do something with a channel.
    ///
    /// - Parameters:
    ///   - verb: What is wanted.
    ///   - channel: A channel's name, no pattern; empty for the events without a channel.
    ///   - identity: Who wants it; `nil` is somebody without a token.
    package func verdict(_ verb: Verb, _ channel: String, by identity: Identity?) -> Verdict {
        if let (rule, captures) = rule(for: channel) {
            guard let conditions = rule.conditions(for: verb) else { return withoutRule(verb, channel, by: identity) }
            return Self.first(conditions.lazy.map { $0.verdict(channel, captures, by: identity) })
        }
        return withoutRule(verb, channel, by: identity)
    }

    /// Whether the payloads of a channel's events may be sent without what tells whose they are: not where some clients may
    /// send into it, nor where presence is told.
    package func showsPayloads(of channel: String) -> Bool {
        if Channel(channel)?.kind == .presence { return false }
        return !(rule(for: channel)?.0.publish?.contains { $0 != .none } ?? false)
    }

    /// Whether what clients send into a channel is kept, as events are.
    package func keepsMessages(in channel: String) -> Bool { rule(for: channel)?.0.isDurable ?? false }

    private func rule(for channel: String) -> (AccessRule, captures: [String: String])? {
        for rule in rules.channels where rule.template.text.isEmpty == channel.isEmpty {
            if let captures = rule.template.captures(of: channel) { return (rule, captures) }
        }
        return nil
    }

    // MARK: Patterns

    /// Whether a stranger's pattern reaches any channel at all.
    package var opensPatterns: Bool { rules.channels.contains { $0.opensPatterns } }

    /// Whether a pattern reaches a channel that it matches.
    ///
    /// - Parameter isStranger: Whether the client has shown no token, and is not on this machine: such a one must know a
    ///   channel's name, unless its rule says otherwise.
    package func reaches(_ channel: String, by identity: Identity?, isStranger: Bool) -> Bool {
        guard verdict(.subscribe, channel, by: identity) == .allowed else { return false }
        return identity != nil || !isStranger || (rule(for: channel)?.0.opensPatterns ?? false)
    }

    // MARK: Conditions

    /// The best of several answers: any condition is enough, and the application is asked only when no other is met.
    static func first(_ verdicts: some Sequence<Verdict>) -> Verdict {
        var best = Verdict.forbidden
        for verdict in verdicts {
            switch verdict {
            case .allowed: return .allowed
            case .ask: best = .ask
            case .needsUser: if best == .forbidden { best = .needsUser }
            case .forbidden: continue
            }
        }
        return best
    }

    /// What holds where no rule says anything: no one sends, and who listens must be let in by the channel's prefix and by
    /// the rules' `default`, where there is one.
    private func withoutRule(_ verb: Verb, _ channel: String, by identity: Identity?) -> Verdict {
        guard verb == .subscribe else { return .forbidden }
        let own = prefixVerdict(channel, by: identity)
        guard let fallback = rules.fallback else { return own }
        let general = Self.first(fallback.lazy.map { $0.verdict(channel, [:], by: identity) })
        return Self.stricter(own, general)
    }

    private static func stricter(_ one: Verdict, _ other: Verdict) -> Verdict {
        let order: [Verdict] = [.forbidden, .needsUser, .ask]
        return order.first { $0 == one || $0 == other } ?? .allowed
    }

    /// What a channel's prefix says: `private.` wants a user, `private.user.<id>` that user, Pusher's `private-` and
    /// `presence-` what an application says in its token, or is asked; others are open.
    private func prefixVerdict(_ channel: String, by identity: Identity?) -> Verdict {
        if ["private-", "presence-"].contains(where: { channel.utf8.starts(with: $0.utf8) }) {
            return (hasApplication ? AccessCondition.ask : .claim).verdict(channel, [:], by: identity)
        }
        guard channel.utf8.starts(with: "private.".utf8) else { return .allowed }
        guard let identity else { return .needsUser }
        let own = "private.user."
        guard channel.utf8.starts(with: own.utf8) else { return .allowed }
        return channel.utf8.dropFirst(own.utf8.count).elementsEqual(identity.user.bytes) ? .allowed : .forbidden
    }
}
