package import WSQueueWire

/// Every path at which plain requests get something but 404. The router asks nothing else, so none can be without being
/// here, nor here without a row in the table of who may do what (`Tests/EndToEnd/access/test_callers.py`).
package enum HTTPRoute: String, CaseIterable, Sendable {
    /// The live page.
    case page = "/"
    case events = "/events"
    /// Where events stand.
    case cursor = "/cursor"
    /// How things stand: the newest event of each key.
    case state = "/state"
    case publish = "/publish"
    /// Which channels have subscribers.
    case channels = "/channels"
    /// Who is in a channel; its name follows.
    case presence = "/presence"
    /// Closes a user's clients, or one.
    case disconnect = "/disconnect"
    case status = "/status.json"
    case metrics = "/metrics"
    case live = "/live"
    case ready = "/ready"
    case script = "/wsqueue.js"
    /// The same script for people to read.
    case source = "/wsqueue.src.js"
    case module = "/wsqueue.mjs"
    case types = "/wsqueue.d.ts"
    /// TypeScript looks for a module's types here.
    case moduleTypes = "/wsqueue.d.mts"
    /// All of these as a package for npm.
    case package = "/wsqueue.tgz"

    /// The route of a path: frameworks and proxies put a slash at its end, though none at that of `/`.
    package init?(path: String) {
        guard path != "//" else { return nil }
        if path.utf8.starts(with: "\(Self.presence.rawValue)/".utf8) {
            self = .presence
        } else {
            self.init(rawValue: Self.withoutSlash(path))
        }
    }

    /// The methods that it takes; others get 405.
    package var methods: [RequestMethod] {
        switch self {
        case .events, .state: [.get, .options]
        case .cursor: [.get, .head, .options]
        case .publish, .disconnect: [.post, .options]
        case .channels: [.get, .options]
        case .presence: [.get, .post, .options]
        default: [.get, .head]
        }
    }

    /// Whether it is answered however many clients there are, and makes no client of who asks: a full server is not a dead
    /// one, and a page whose script does not load cannot say why (SPEC §4, A refusal is heard).
    package var isAlwaysOpen: Bool {
        switch self {
        case .live, .ready, .metrics, .script, .source, .module, .types, .moduleTypes, .package: true
        case .page, .events, .cursor, .state, .publish, .channels, .presence, .disconnect, .status: false
        }
    }

    /// The answer to another method.
    var notAllowed: Response {
        let names = methods.filter { $0 != .options }.map(\.name)
        return Response(
            .methodNotAllowed, advice: "Use \(names[0]).", fields: [.init("Allow", names.joined(separator: ", "))])
    }

    /// A path as it is compared.
    static func withoutSlash(_ path: String) -> String {
        path.utf8.count > 1 && path.utf8.last == UInt8(ascii: "/") ? String(path.dropLast()) : path
    }
}
