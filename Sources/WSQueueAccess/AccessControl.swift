package import WSQueueBroker
internal import WSQueueCore
package import WSQueueOperation
package import WSQueueSystem
package import WSQueueWire

/// Who is let in where: what the files say that the operator may change while the server runs. All threads share it.
package final class AccessControl: Sendable {
    private struct State {
        var access = Access()
        var secrets: [TokenSecret] = []
        var verifier: TokenVerifier?
        /// Secrets that are no longer in the file, and until when (steady Unix seconds) they count.
        var retired: [(secret: TokenSecret, until: Int64)] = []
        /// What may be wrong with the secrets' file that was read.
        var secretDoubt: String?
        /// The tokens of those who may publish by HTTP.
        var publishers = TokenLines()
        /// The tokens of the application.
        var applications = TokenLines()
        /// Whom the application has disconnected.
        var disconnections = Disconnections()
        /// Where that is kept for the next server; `nil` for nowhere.
        var disconnectionFile: DisconnectionFile?
        /// What was published with each token, by its digest.
        var published: [[UInt8]: RateLimiter] = [:]
    }

    private let configuration: Configuration
    private let publisherRules: PublisherAccess?
    private let clock = SteadyClock()
    private let state: Guarded<State>

    /// No tokens, and no rules.
    package convenience init() { self.init(unread: Configuration()) }

    /// Has read nothing yet.
    init(unread configuration: Configuration) {
        self.configuration = configuration
        publisherRules = PublisherAccess(configuration)
        state = Guarded(State(access: configuration.access(RuleSet())))
    }

    /// Reads the files that the operator named.
    ///
    /// - Throws: ``AccessFileError``.
    package convenience init(_ configuration: Configuration) throws(AccessFileError) {
        self.init(unread: configuration)
        try loadSecrets()
        try loadRules()
        try loadPublishers()
        try loadPublisherRules()
        try loadApplications()
    }

    /// Who may publish what; `nil` where there are no rules about that. For the hub, once the files are read.
    package var publisherPolicy: PublisherPolicy? { publisherRules?.policy }

    /// Reads the rules about who may publish what again; where they cannot be read, the old ones hold on.
    func loadPublisherRules() throws(AccessFileError) { try publisherRules?.load() }

    /// What may not be meant in those, a line each.
    var publisherDoubts: [String] { publisherRules?.doubts ?? [] }

    /// Whether there are secrets, so that tokens mean something.
    package var takesTokens: Bool { configuration.tokenSecretPath != nil }

    /// The rules that hold now.
    package var access: Access { state.withLock { $0.access } }

    /// How much has been read.
    var counts: (secrets: Int, rules: Int, publishers: Int, publisherRules: Int, applications: Int) {
        let count = publisherRules?.policy.current.rules.count ?? 0
        return state.withLock {
            ($0.secrets.count, $0.access.rules.count, $0.publishers.count, count, $0.applications.count)
        }
    }

    /// Checks a token.
    package func verify(_ token: Span<UInt8>, unixSeconds: Int64) throws(TokenError) -> TokenVerifier.Result {
        let result = try verifySignature(token, unixSeconds: unixSeconds)
        let (identity, now) = (result.identity, steadyUnixNanoseconds() / 1_000)
        let isRefused = state.withLock {
            $0.disconnections.refuse(identity.user, issuedAt: identity.issuedAtMicroseconds, now: now)
        }
        if isRefused { throw .disconnected }
        return result
    }

    private func verifySignature(
        _ token: Span<UInt8>, unixSeconds: Int64
    ) throws(TokenError) -> TokenVerifier.Result {
        let steadySeconds = self.steadySeconds
        let (verifier, retired) = state.withLock { state in
            state.retired.removeAll { $0.until <= steadySeconds }
            return (state.verifier, state.retired.map(\.secret))
        }
        guard let verifier else { throw .signature }
        do throws(TokenError) {
            return try verifier.verify(token, unixSeconds: unixSeconds)
        } catch {
            guard case .signature = error, !retired.isEmpty else { throw error }
            return try makeVerifier(retired).verify(token, unixSeconds: unixSeconds)
        }
    }

    /// Refuses a user's tokens of the time before from now on.
    package func disconnect(_ entry: Disconnection) -> Disconnections.Outcome {
        let now = steadyUnixNanoseconds() / 1_000
        let (outcome, file) = state.withLock { ($0.disconnections.add(entry, now: now), $0.disconnectionFile) }
        if outcome == .added { file?.append(entry) { disconnected.filter { $0.until > now } } }
        return outcome
    }

    /// Remembers whom the application disconnects for the next server, and takes over what one before has remembered.
    ///
    /// - Parameter journal: The journal's directory.
    package func remember(in journal: Directory, _ log: Log) {
        let now = steadyUnixNanoseconds() / 1_000
        let file = DisconnectionFile(in: journal, log)
        for entry in file.begin(now: now) { _ = state.withLock { $0.disconnections.add(entry, now: now) } }
        state.withLock { $0.disconnectionFile = file }
    }

    /// Whom the application has disconnected, some of them for a time that is over.
    package var disconnected: [Disconnection] { state.withLock { $0.disconnections.all } }

    /// Until when (steady Unix seconds) a secret counts that is no longer in the file; `nil` while it is there, and 0 when its
    /// time is over.
    package func end(ofSecret fingerprint: UInt64) -> Int64? {
        state.withLock { state in
            if state.secrets.contains(where: { $0.fingerprint == fingerprint }) { return nil }
            return state.retired.first { $0.secret.fingerprint == fingerprint }?.until ?? 0
        }
    }

    /// Reads the secrets again. Those that are gone count for as long as clocks may differ: tokens that were made
    /// with them a moment ago are still on their way.
    func loadSecrets() throws(AccessFileError) {
        guard let path = configuration.tokenSecretPath else { return }
        let bytes = try AccessFileError.read(path, option: "--jwt-secret-file")
        let secrets: [TokenSecret]
        do throws(TokenSecretFile.Fault) {
            secrets = try TokenSecretFile.decode(bytes)
        } catch {
            throw AccessFileError(path: path, option: "--jwt-secret-file", reason: error.reason)
        }
        let verifier = makeVerifier(secrets)
        let steadySeconds = self.steadySeconds
        state.withLock { state in
            let kept = Set(secrets.map(\.fingerprint))
            state.retired.removeAll { $0.until <= steadySeconds || kept.contains($0.secret.fingerprint) }
            for secret in state.secrets where !kept.contains(secret.fingerprint) {
                state.retired.append((secret, steadySeconds + TokenVerifier.leewaySeconds))
            }
            state.secrets = secrets
            state.secretDoubt = TokenSecretFile.doubt(bytes)
            state.verifier = verifier
        }
    }

    /// Reads the rules again; where they cannot be read, the old ones hold on.
    func loadRules() throws(AccessFileError) {
        guard let path = configuration.rulesPath else { return }
        let bytes = try AccessFileError.read(path, option: "--rules")
        let access: Access
        do throws(RuleFault) {
            access = configuration.access(try RuleFile.decode(bytes.span))
        } catch {
            throw AccessFileError(path: path, option: "--rules", reason: error.description)
        }
        guard !access.asks || configuration.authorizeURL != nil else {
            throw AccessFileError(
                path: path, option: "--rules", reason: "a rule says ask, and there is no --authorize-url")
        }
        state.withLock { $0.access = access }
    }

    /// Reads all files again. One that cannot be used changes nothing.
    package func reload(_ log: Log) {
        reload("secrets", configuration.tokenSecretPath, log) { () throws(AccessFileError) in
            try loadSecrets()
        }
        reload("rules", configuration.rulesPath, log) { () throws(AccessFileError) in try loadRules() }
        reload("publishers", configuration.publishTokenPath, log) { () throws(AccessFileError) in try loadPublishers() }
        reload("publishers", configuration.publisherRulesPath, log) { () throws(AccessFileError) in
            try loadPublisherRules()
        }
        reload("applications", configuration.applicationTokenPath, log) { () throws(AccessFileError) in
            try loadApplications()
        }
    }

    private func reload(_ what: String, _ path: String?, _ log: Log, _ load: () throws(AccessFileError) -> Void) {
        guard let path else { return }
        do throws(AccessFileError) {
            try load()
            log.write(LogLine(.notice, "\(what).reload").with("file", path))
        } catch {
            log.write(
                LogLine(.error, "\(what).reload").with("file", path).with("error", error.reason)
                    .with("hint", "what was read before holds on"))
        }
    }

    /// What may be wrong with the secrets that were read.
    var secretDoubt: String? { state.withLock { $0.secretDoubt } }

    /// Warnings about files that others can read or change, or that may not hold what was meant.
    package var warnings: [LogLine] {
        let doubts =
            [
                (configuration.tokenSecretPath, secretDoubt),
                (configuration.redis?.passwordPath, configuration.redis?.passwordDoubt),
            ] + publisherDoubts.map { (configuration.publisherRulesPath, $0) }
        return doubtfulFiles
            + gaps.map { LogLine(.warning, "config.warn").with("file", $0.path).with("hint", $0.hint) }
            + doubts.compactMap { path, doubt in
                guard let path, let doubt else { return nil }
                return LogLine(.warning, "config.warn").with("file", path).with("hint", doubt)
            }
    }

    /// What the rules leave open beside what they guard, with the file's path.
    var gaps: [(path: String, hint: String)] {
        guard let path = configuration.rulesPath else { return [] }
        return RuleGaps.all(in: access).map { gap in
            let hint =
                "everybody may listen to \(gap.channel), which is beside the rule for \(gap.template); "
                + "end the rules with {\"default\":\"none\"}, or with a rule for those"
            return (path, hint)
        }
    }

    private var doubtfulFiles: [LogLine] {
        let files: [(path: String?, contents: FileTrust.Contents)] = [
            (configuration.tokenSecretPath, .secrets), (configuration.publishTokenPath, .secrets),
            (configuration.applicationTokenPath, .secrets), (configuration.redis?.passwordPath, .secrets),
            (configuration.rulesPath, .settings), (configuration.publisherRulesPath, .settings),
        ]
        return files.compactMap { path, contents in
            guard let path, let doubt = FileTrust.doubt(about: contents, at: path) else { return nil }
            return LogLine(.warning, "config.warn").with("file", path).with("mode", String(doubt.mode, radix: 8))
                .with("hint", doubt.hint)
        }
    }

    /// Reads again who may publish by HTTP.
    func loadPublishers() throws(AccessFileError) {
        guard let path = configuration.publishTokenPath else { return }
        let publishers = try TokenLines(path, option: "--publish-token-file")
        state.withLock { state in
            state.publishers = publishers
            state.published = state.published.filter { publishers.contains(digest: $0.key) }
        }
    }

    /// Reads again who may do what the application may.
    func loadApplications() throws(AccessFileError) {
        guard let path = configuration.applicationTokenPath else { return }
        let applications = try TokenLines(path, option: "--app-token-file")
        state.withLock { $0.applications = applications }
    }

    /// In which line of its file a token stands that allows publishing by HTTP; `nil` for any other.
    package func publisherLine(of token: Span<UInt8>) -> Int? { state.withLock { $0.publishers }.line(of: token) }

    /// Whether a token allows what the application may.
    package func mayCommand(_ token: Span<UInt8>) -> Bool {
        state.withLock { $0.applications }.line(of: token) != nil
    }

    /// Counts an event that comes with such a token.
    ///
    /// - Returns: `nil`, or where that is more than one token may bring, the seconds until there is room.
    package func chargePublisher(_ token: Span<UInt8>, now: Int64) -> Int? {
        let digest = SHA2.sha256.digest(token)
        return state.withLock { state in
            var limiter = state.published[digest, default: RateLimiter()]
            let wait = limiter.take(Self.publishRate, now: now) ? nil : limiter.wait(Self.publishRate, now: now)
            state.published[digest] = limiter
            return wait.map { Int(($0 + 999_999_999) / 1_000_000_000) }
        }
    }

    /// What one token may bring: who has more has a directory, or sends it together.
    private static let publishRate = RateRule(perSecond: 200, burst: 2_000)

    /// The clock by which tokens and retired secrets end, Unix nanoseconds.
    package func steadyUnixNanoseconds() -> Int64 { clock.unixNanoseconds() }

    private var steadySeconds: Int64 { clock.unixNanoseconds() / 1_000_000_000 }

    private func makeVerifier(_ secrets: [TokenSecret]) -> TokenVerifier {
        TokenVerifier(
            secrets: secrets, algorithms: configuration.tokenAlgorithms, audiences: configuration.tokenAudiences)
    }
}

extension Configuration {
    /// The decision of some rules, with what options say besides.
    fileprivate func access(_ rules: RuleSet) -> Access {
        Access(
            rules: requiresToken ? rules.with(.tokenRequired) : rules, hasApplication: authorizeURL != nil)
    }
}
