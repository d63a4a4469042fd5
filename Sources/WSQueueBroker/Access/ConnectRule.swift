package import WSQueueCore

/// Who may connect at a path, and what a client gets there (SPEC §4, rules).
package struct ConnectRule: Equatable, Sendable {
    /// `nil` is every path.
    package let path: ChannelTemplate?
    /// Any of them is enough.
    package let allow: [AccessCondition]
    /// What a client listens to at once.
    package let channels: [CaptureText]
    /// The JSON that a WebSocket is greeted with.
    package let greeting: [UInt8]?

    /// Makes a rule.
    package init(path: ChannelTemplate?, allow: [AccessCondition], channels: [CaptureText], greeting: [UInt8]?) {
        self.path = path
        self.allow = allow
        self.channels = channels
        self.greeting = greeting
    }

    /// Those with a token, at every path.
    package static let tokenRequired = ConnectRule(path: nil, allow: [.authenticated], channels: [], greeting: nil)

    /// What its path takes of a request's; `nil` where it does not match.
    func captures(of path: String) -> [String: String]? {
        guard let template = self.path else { return [:] }
        return template.captures(of: path)
    }
}

/// What the rules say of a client at a path.
package struct Welcome: Sendable {
    /// Whether it may connect there.
    package let verdict: Access.Verdict
    /// What it listens to at once.
    package let channels: [String]
    /// The JSON that a WebSocket is greeted with.
    package let greeting: [UInt8]?

    /// Everybody may connect, and gets nothing more.
    package static let open = Welcome(verdict: .allowed, channels: [], greeting: nil)
}

extension Access.Verdict {
    /// What a client is told that may not be at its path; `nil` where it may.
    package var connectAdvice: String? {
        switch self {
        case .allowed: nil
        case .needsUser: "A token is needed here; connect with one."
        case .forbidden, .ask: "You may not connect here."
        }
    }
}

extension Access {
    /// Whether a client may connect at a path: the first rule that matches decides.
    ///
    /// - Parameter path: As a request has it; a slash at its end makes no difference.
    package func welcome(at path: String, by identity: Identity?) -> Welcome {
        let path = path.utf8.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        for rule in rules.connects {
            guard let captures = rule.captures(of: path) else { continue }
            let verdict = Self.first(rule.allow.lazy.map { $0.verdict(path, captures, by: identity) })
            return Welcome(
                verdict: verdict, channels: rule.channels.compactMap { $0.filled(captures) }, greeting: rule.greeting)
        }
        return .open
    }
}
