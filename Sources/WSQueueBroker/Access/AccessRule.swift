internal import WSQueueCore

/// Whom a rule lets in.
package enum AccessCondition: Equatable, Sendable {
    case anyone
    case none
    case authenticated
    /// The user whose id this is, with the rule's captures put in.
    case user(CaptureText)
    /// A user who has this role.
    case role(CaptureText)
    /// A user whose token names the channel.
    case claim
    /// Whom the application lets in.
    case ask

    /// Whether somebody may.
    ///
    /// - Parameter captures: What the rule's template took of the channel's name.
    func verdict(_ channel: String, _ captures: [String: String], by identity: Identity?) -> Access.Verdict {
        switch self {
        case .anyone: return .allowed
        case .none: return .forbidden
        case .ask: return .ask
        default: break
        }
        guard let identity else { return .needsUser }
        let isMet =
            switch self {
            case .user(let id): id.filled(captures)?.utf8.elementsEqual(identity.user.bytes) ?? false
            case .role(let role):
                role.filled(captures).map { wanted in
                    identity.roles.contains { $0.utf8.elementsEqual(wanted.utf8) }
                } ?? false
            case .claim: identity.channels?.contains { $0.matches(channel) } ?? false
            default: true
            }
        return isMet ? .allowed : .forbidden
    }
}

/// A text with captures in it: `{id}`, `team-{id}`.
package struct CaptureText: Equatable, Sendable {
    enum Part: Equatable, Sendable {
        case literal(String)
        case capture(String)
    }

    let parts: [Part]

    /// Reads a text; `nil` where it is empty, its braces are not in order, or a name is not among `names`.
    package init?(_ text: String, names: [String]) {
        var parts: [Part] = []
        var rest = text[...]
        while let start = rest.firstIndex(of: "{") {
            guard let end = rest[start...].firstIndex(of: "}") else { return nil }
            let name = String(rest[rest.index(after: start)..<end])
            guard names.contains(name) else { return nil }
            if start > rest.startIndex { parts.append(.literal(String(rest[..<start]))) }
            parts.append(.capture(name))
            rest = rest[rest.index(after: end)...]
        }
        guard !rest.contains("}") else { return nil }
        if !rest.isEmpty { parts.append(.literal(String(rest))) }
        guard !parts.isEmpty else { return nil }
        self.parts = parts
    }

    /// The text with what was captured; `nil` where a capture took nothing, because it is optional.
    func filled(_ captures: [String: String]) -> String? {
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal
            case .capture(let name):
                guard let value = captures[name] else { return nil }
                text += value
            }
        }
        return text
    }
}

/// One rule: for the channels that its template matches, who may listen and who may send.
package struct AccessRule: Equatable, Sendable {
    package let template: ChannelTemplate
    /// Any of them is enough; `nil` is what holds without rules.
    package let subscribe: [AccessCondition]?
    package let publish: [AccessCondition]?
    /// Whether strangers' patterns reach these channels.
    package let opensPatterns: Bool
    /// Whether what clients send there is kept, as events are.
    package let isDurable: Bool

    /// Makes a rule.
    package init(
        template: ChannelTemplate, subscribe: [AccessCondition]?, publish: [AccessCondition]?,
        opensPatterns: Bool = false, isDurable: Bool = false
    ) {
        self.template = template
        self.isDurable = isDurable
        self.opensPatterns = opensPatterns
        self.subscribe = subscribe
        self.publish = publish
    }

    /// The conditions about what is wanted.
    func conditions(for verb: Access.Verb) -> [AccessCondition]? {
        switch verb {
        case .subscribe: subscribe
        case .publish: publish
        }
    }
}
