package import WSQueueBroker
internal import WSQueueCore
package import WSQueueOperation
internal import WSQueueSystem
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
        /// The digests of the tokens of those who may publish by HTTP, and the lines that they stand in.
        var publishers: [(digest: [UInt8], line: Int)] = []
        /// What was published with each of them.
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
    var counts: (secrets: Int, rules: Int, publishers: Int, publisherRules: Int) {
        let count = publisherRules?.policy.current.rules.count ?? 0
        return state.withLock { ($0.secrets.count, $0.access.rules.count, $0.publishers.count, count) }
    }

    /// Checks a token.
    package func verify(_ token: Span<UInt8>, unixSeconds: Int64) throws(TokenError) -> TokenVerifier.Result {
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
            (configuration.redis?.passwordPath, .secrets), (configuration.rulesPath, .settings),
            (configuration.publisherRulesPath, .settings),
        ]
        return files.compactMap { path, contents in
            guard let path, let doubt = FileTrust.doubt(about: contents, at: path) else { return nil }
            return LogLine(.warning, "config.warn").with("file", path).with("mode", String(doubt.mode, radix: 8))
                .with("hint", doubt.hint)
        }
    }

    /// Reads again who may publish by HTTP: a token a line.
    func loadPublishers() throws(AccessFileError) {
        guard let path = configuration.publishTokenPath else { return }
        let bytes = try AccessFileError.read(path, option: "--publish-token-file")
        let lines = SecretFileForm.lines(bytes).filter { !$0.isEmpty }
        // A header field has no blanks at its edges, and no bytes but these: another token would never be one.
        let isSendable = lines.allSatisfy { $0.allSatisfy { (0x20..<0x7F).contains($0) } }
        let blank = SecretFileForm.blankEdged(SecretFileForm.lines(bytes))
        if let fault = SecretFileForm.fault(bytes) ?? blank.map({ "line \($0) has a space or tab at its edge" })
            ?? (isSendable ? nil : "a token has a byte that no header can carry")
        {
            throw AccessFileError(path: path, option: "--publish-token-file", reason: fault)
        }
        guard !lines.isEmpty, lines.allSatisfy({ $0.count >= Self.leastPublishTokenBytes }) else {
            throw AccessFileError(
                path: path, option: "--publish-token-file",
                reason: "a token is a line of \(Self.leastPublishTokenBytes) bytes or more; "
                    + "make one with: openssl rand -hex 24")
        }
        let publishers = SecretFileForm.lines(bytes).enumerated().filter { !$0.element.isEmpty }.map {
            (digest: SHA2.sha256.digest($0.element.span), line: $0.offset + 1)
        }
        state.withLock { state in
            state.publishers = publishers
            state.published = state.published.filter { used in publishers.contains { $0.digest == used.key } }
        }
    }

    /// In which line of the file a token stands, counted from 1, the first where it stands twice; `nil` where it is none of
    /// those. How long the answer takes tells nothing of them.
    package func publisherLine(of token: Span<UInt8>) -> Int? {
        let digest = SHA2.sha256.digest(token)
        var line: Int?
        for publisher in state.withLock({ $0.publishers }).reversed()
        where HMAC.isEqual(publisher.digest.span, digest.span) {
            line = publisher.line
        }
        return line
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

    /// Too many to be guessed.
    private static let leastPublishTokenBytes = 16

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
