package import WSQueueBroker
internal import WSQueueCore
package import WSQueueNet
package import WSQueueOperation
internal import WSQueueSystem
package import WSQueueWire

/// Who may send a request: pages by their origin, and users by the tokens that come with it (SPEC §4, origin and tokens).
package struct RequestAccess: Sendable {
    private let control: AccessControl
    private let policy: OriginPolicy
    private let hosts: HostPolicy
    private let local: LocalRights
    /// Whether there is an application to ask.
    private let asksApplication: Bool
    private let counters: ClientCounters
    private let log: Log

    package init(
        _ control: AccessControl, _ configuration: Configuration, asksApplication: Bool, _ counters: ClientCounters,
        _ log: Log
    ) {
        self.control = control
        policy = OriginPolicy(configuration)
        hosts = HostPolicy(configuration)
        local = LocalRights(configuration)
        self.asksApplication = asksApplication
        self.counters = counters
        self.log = log
    }

    // MARK: Pages and programs

    /// The answer to a request by a name that is none of the server's, or `nil` where it is one; every route asks.
    package func hostRefusal(of head: RequestHead, from source: RequestSource) -> Response? {
        guard !source.isControl, let refusal = hosts.refusal(of: head, from: source) else { return nil }
        log.write(
            LogLine(.warning, "client.denied").with("addr", source.address.description).with("reason", "host")
                .with("host", head.host.map { String(decoding: $0, as: UTF8.self) } ?? "")
                .with("hint", "--host-name or --origin allows it; a proxy's needs --trusted-proxy"))
        return refusal
    }

    /// Whether a request has the rights of this machine (SPEC §4).
    package func isThisMachine(_ head: RequestHead, from source: RequestSource) -> Bool {
        local.hold(for: head, from: source)
    }

    /// The answer to a request from a page that may not connect, or `nil` when it may.
    package func refusal(of head: RequestHead, from source: RequestSource) -> Response? {
        guard let refusal = policy.refusal(of: head, from: source) else { return nil }
        log.write(
            LogLine(.warning, "client.denied").with("addr", source.address.description).with("reason", "origin")
                .with("origin", head.text(of: "origin") ?? "").with("hint", "--origin allows it"))
        return refusal
    }

    /// What an answer says so that the page that asked may read it.
    package func sharing(with head: RequestHead) -> [Response.Field] { policy.sharing(with: head) }

    // MARK: Tokens

    /// Whether tokens mean something.
    package var takesTokens: Bool { control.takesTokens }

    /// Who sends a request; `nil` where there is no token in it.
    ///
    /// The first place that has a token counts: `Authorization: Bearer`, what a WebSocket offers as `bearer.<token>`, and
    /// `?token=`. A server without secrets leaves `Authorization` to others, and refuses tokens that can only be for it.
    ///
    /// - Parameter offered: The token among the subprotocols.
    package func bearer(of head: RequestHead, offered: [UInt8]?) -> Result<TokenVerifier.Result?, TokenError> {
        let named = offered ?? Self.urlToken(head)
        let authorization = control.takesTokens ? head.bearerToken : nil
        guard let token = authorization ?? named else { return .success(nil) }
        do throws(TokenError) {
            return .success(try control.verify(token.span, unixSeconds: Clock.unixNanoseconds() / 1_000_000_000))
        } catch {
            return .failure(error)
        }
    }

    /// The token in the URL. Where a page had none to put there, its script has written what stands for that.
    private static func urlToken(_ head: RequestHead) -> [UInt8]? {
        guard let token = head.target.value(of: "token"), !["", "null", "undefined"].contains(token) else { return nil }
        return Array(token.utf8)
    }

    /// What the application may know a client by, where there is one to ask: a token comes as `Authorization` whatever way
    /// it came here.
    package func credentials(
        of head: RequestHead, offered: [UInt8]?, from source: RequestSource
    ) -> AuthorizeRequest.Credentials? {
        guard asksApplication else { return nil }
        var credentials = AuthorizeRequest.Credentials(head)
        if policy.isByAnyPage(head, from: source) { credentials.dropAmbient() }
        if credentials.authorization == nil,
            let token = offered ?? Self.urlToken(head)
        {
            credentials.authorization = Array("Bearer ".utf8) + token
        }
        return credentials
    }

    /// What the rules say of who connects at a path.
    package func welcome(at path: String, _ bearer: TokenVerifier.Result?) -> Welcome {
        control.access.welcome(at: path, by: bearer?.identity)
    }

    /// Notes that a rule lets someone not connect, and makes the answer.
    package func refuse(_ verdict: Access.Verdict, at path: String, from address: Address) -> Response {
        let advice = noteRefusal(verdict, at: path, from: address)
        return verdict == .needsUser ? .unauthorized(advice) : Response(.forbidden, advice: advice)
    }

    /// Notes that a rule lets someone not connect.
    ///
    /// - Returns: What the client is told.
    package func noteRefusal(_ verdict: Access.Verdict, at path: String, from address: Address) -> String {
        counters.countAuthFailure("connect rule")
        log.write(
            LogLine(.warning, "client.denied").with("addr", address.description).with("reason", "rule")
                .with("path", path))
        return verdict.connectAdvice ?? ""
    }

    /// Who sends a request that has a token of those who may publish by HTTP, by the line that it stands in: `http:2`. One
    /// that has not is counted and named in the log.
    package func publisher(of head: RequestHead, from source: RequestSource) -> String? {
        if let token = head.bearerToken, let line = control.publisherLine(of: token.span) { return "http:\(line)" }
        counters.countAuthFailure("publish token")
        log.write(
            LogLine(.warning, "client.denied").with("addr", source.address.description)
                .with("reason", "publish token"))
        return nil
    }

    /// The answer to one who may not do what the application may, or `nil` for one who may: with a token of the
    /// application's or an admin's, or by the queue's `.control`.
    package func commandRefusal(of head: RequestHead, from source: RequestSource) -> Response? {
        if source.isControl { return nil }
        if let token = head.bearerToken, control.mayCommand(token.span) { return nil }
        let advice =
            "This is for the application: send a token of the server's --app-token-file, or one whose role is admin, as "
            + "Authorization: Bearer."
        switch bearer(of: head, offered: nil) {
        case .success(let bearer?) where bearer.identity.roles.contains("admin"): return nil
        case .failure(let error) where error != .malformed: return refuse(error, from: source.address)
        case .success(.some): return denyCommand(Response(.forbidden, advice: advice), source)
        default: return denyCommand(.unauthorized(advice), source)
        }
    }

    private func denyCommand(_ answer: Response, _ source: RequestSource) -> Response {
        counters.countAuthFailure("app token")
        log.write(
            LogLine(.warning, "client.denied").with("addr", source.address.description).with("reason", "app token"))
        return answer
    }

    /// Counts an event of one who may publish by HTTP; the answer is for one too many.
    package func overPublishing(_ head: RequestHead, from source: RequestSource) -> Response? {
        guard let token = head.bearerToken,
            let seconds = control.chargePublisher(token.span, now: Clock.monotonicNanoseconds())
        else { return nil }
        log.write(
            LogLine(.warning, "client.denied").with("addr", source.address.description)
                .with("reason", "publish rate"))
        return Response(
            .tooManyRequests, advice: "This token brings more events than it may. Go on in \(seconds) s.",
            fields: [.init("Retry-After", "\(seconds)")])
    }

    /// Notes a bad token and makes the answer.
    package func refuse(_ error: TokenError, from address: Address) -> Response {
        var line = LogLine(.warning, "client.denied").with("addr", address.description).with("reason", "token")
        counters.countAuthFailure(control.takesTokens ? error.reason : "no secrets")
        guard control.takesTokens else {
            log.write(line.with("cause", "no secrets").with("hint", "--jwt-secret-file makes tokens mean something"))
            return .unauthorized("This server takes no tokens; connect without one.")
        }
        line = line.with("cause", error.reason)
        if error == .audience { line = line.with("hint", "--jwt-audience names whom tokens are meant for") }
        log.write(line)
        return .unauthorized(error.advice)
    }
}

extension Response {
    /// The answer to a bad token (RFC 6750, section 3).
    package static func unauthorized(_ advice: String) -> Response {
        Response(
            .unauthorized, advice: advice, fields: [.init("WWW-Authenticate", "Bearer error=\"invalid_token\"")])
    }
}
