/// Variables that begin as ours do and are none that a program reads: those that somebody has mistyped, and all others.
package struct UnknownVariables: Equatable, Sendable {
    /// One fault for each that was mistyped, in the order of their names.
    package let slips: [ArgumentFault]
    /// The names of those that belong to something else, in order.
    package let others: [String]

    private static let prefix = "WSQUEUE_"

    /// Looks through the environment.
    ///
    /// A name one edit away from one that the program reads is a slip, or two from eight letters on. So is a name that only
    /// the other program reads, where a letter is all that tells them apart: `WSQUEUE_CHANNELS` would not choose the channel
    /// that an event is published to.
    ///
    /// - Parameters:
    ///   - own: The names that the program reads.
    ///   - siblings: Those that only the other program reads, in whose environment it may run.
    package init(among variables: [(name: String, value: String)], own: [String], siblings: [String]) {
        let tails = own.map(Self.tail)
        var slips: [ArgumentFault] = []
        var others: [String] = []
        for variable in variables.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            let name = variable.name
            guard name.utf8.starts(with: Self.prefix.utf8), !own.contains(name) else { continue }
            let tail = Self.inCapitals(Self.tail(name))
            let isSibling = siblings.contains(name)
            let meant = NearestName.edits(from: tail, among: tails).flatMap { nearest in
                let limit = isSibling || nearest.name.utf8.count < 8 ? 1 : 2
                return nearest.count <= limit ? nearest.name : nil
            }
            if let meant, !Self.isOfService(name, variable.value) {
                slips.append(.unknownKey(.variable(name), nearest: Self.prefix + meant))
            } else if !isSibling {
                others.append(name)
            }
        }
        self.slips = slips
        self.others = others
    }

    /// Whether Kubernetes has made a variable for a service that is called as this program is, such as
    /// `WSQUEUE_PORT=tcp://10.0.0.7:8081`: what a program reads under that name was not written for it.
    package static func isOfService(_ name: String, _ value: String) -> Bool {
        let tail = tail(name)
        if tail.utf8.starts(with: "SERVICE_".utf8) { return true }
        guard tail.utf8.starts(with: "PORT".utf8) else { return false }
        let mark = Array("://".utf8)
        let bytes = Array(value.utf8)
        return bytes.indices.contains { bytes[$0...].starts(with: mark) }
    }

    private static func inCapitals(_ text: String) -> String {
        let bytes = text.utf8.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) ? $0 & 0xDF : $0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func tail(_ name: String) -> String { String(name.dropFirst(prefix.utf8.count)) }
}

/// The variables that each program reads, for the other one.
package enum ProgramVariables {
    /// Those of `wsqueue-publish`.
    package static let ofPublisher = names([
        "DIR", "CHANNEL", "USER", "EXCEPT", "ID", "TTL", "AT", "IN", "JSON", "TEXT", "FILE", "TEXT_LINES", "EVERY",
        "WAIT", "SYNC", "MODE", "OUTPUT", "QUIET", "VERBOSE", "DRY_RUN",
    ])
    /// Those of `wsqueue-server` and its commands.
    package static let ofServer = names([
        "APP_TOKEN_FILE", "AUTHORIZE_URL", "BACKLOG", "BATCH_SIZE", "BEHIND_AGE", "BEHIND_SIZE", "CHANNELS", "CLIENTS",
        "CLIENTS_PER_ADDRESS", "CONFIG", "DIR", "DRAIN", "EVENT_SIZE", "FRAME_RATE", "HANDSHAKE",
        "HOLD_WITHOUT_CLIENTS", "HOST", "HOST_NAME", "JOURNAL", "JOURNAL_AGE", "JOURNAL_EVENTS", "JOURNAL_SIZE",
        "KEYS", "KEYS_SIZE", "JWT_ALGORITHM", "JWT_AUDIENCE", "JWT_SECRET_FILE", "LISTEN", "LOCAL", "LOG_EVENTS",
        "LOG_FILE",
        "LOG_FORMAT", "LOG_LEVEL", "MESSAGE_SIZE", "MESSAGES_PER_MINUTE", "ORIGIN", "PAGE", "PATH",
        "PAYLOAD_KEY", "PING", "POLL", "PONG", "PORT", "PRESENCE_GRACE", "PUBLISHERS", "PUBLISH_TOKEN_FILE", "QUEUE",
        "READY_AGE", "REDIS", "REDIS_PASSWORD_FILE", "REDIS_REPLICAS", "REDIS_STREAM", "REQUIRE_TOKEN", "RULES",
        "SANDBOX", "THREADS", "TOKEN", "TOKEN_FILE", "TRUSTED_PROXY", "URL", "WATCH",
    ])

    private static func names(_ keys: [String]) -> [String] { keys.map { "WSQUEUE_\($0)" } }
}
