package import WSQueueCore

/// Decides who may listen to a channel, and who may send into it.
///
/// It is asked for each channel by its name. A subscription by a pattern is a wish, not a right: whatever it matches is
/// asked about when it is delivered, live and from the past, so that no pattern reaches where its name would not.
package struct Access: Sendable {
    /// What a client wants.
    package enum Verb: Sendable {
        case subscribe, publish
    }

    /// The answer.
    package enum Verdict: Equatable, Sendable {
        case allowed
        /// Nobody may, or not this user.
        case forbidden
        /// It could be allowed to somebody who says who he is.
        case needsUser
        /// The application decides.
        case ask
    }

    /// Makes the rules that hold where there are no others.
    package init() {}

    /// Whether a user may do something with a channel.
    ///
    /// - Parameters:
    ///   - verb: What is wanted.
    ///   - channel: A channel's name, no pattern.
    ///   - identity: Who wants it; `nil` is somebody without a token.
    package func verdict(_ verb: Verb, _ channel: String, by identity: Identity?) -> Verdict {
        switch verb {
        case .publish: .forbidden
        case .subscribe: Self.defaultVerdict(channel, by: identity)
        }
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
