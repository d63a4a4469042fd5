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
    package let rules: [AccessRule]

    /// Makes the decision of some rules; without any, the channel's prefix decides.
    package init(rules: [AccessRule] = []) { self.rules = rules }

    /// Whether a rule wants the application to be asked.
    package var asks: Bool {
        rules.contains { rule in
            rule.subscribe?.contains(.ask) ?? false || rule.publish?.contains(.ask) ?? false
        }
    }

    /// Whether a user may do something with a channel.
    ///
    /// - Parameters:
    ///   - verb: What is wanted.
    ///   - channel: A channel's name, no pattern.
    ///   - identity: Who wants it; `nil` is somebody without a token.
    package func verdict(_ verb: Verb, _ channel: String, by identity: Identity?) -> Verdict {
        for rule in rules {
            guard let captures = rule.template.captures(of: channel) else { continue }
            guard let conditions = rule.conditions(for: verb) else { break }
            return Self.first(conditions.lazy.map { $0.verdict(channel, captures, by: identity) })
        }
        switch verb {
        case .publish: return .forbidden
        case .subscribe: return Self.defaultVerdict(channel, by: identity)
        }
    }

    /// The best of several answers: any condition is enough, and the application is asked only when no other is met.
    private static func first(_ verdicts: some Sequence<Verdict>) -> Verdict {
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

    /// Whether a user may listen to a channel that no rule names: `private.` wants a user, `private.user.<id>` that user,
    /// others are open.
    private static func defaultVerdict(_ channel: String, by identity: Identity?) -> Verdict {
        guard channel.utf8.starts(with: "private.".utf8) else { return .allowed }
        guard let identity else { return .needsUser }
        let own = "private.user."
        guard channel.utf8.starts(with: own.utf8) else { return .allowed }
        return channel.utf8.dropFirst(own.utf8.count).elementsEqual(identity.user.bytes) ? .allowed : .forbidden
    }
}
