package import WSQueueAccess
package import WSQueueBroker
internal import WSQueueCore
package import WSQueueLog
package import WSQueueOperation
package import WSQueueWire

/// Decides what a request gets (SPEC §4).
package struct Router {
    /// What a request gets.
    package enum Route {
        /// An answer, after which the connection ends.
        case respond(Response)
        /// A WebSocket.
        case open(Handshake, TokenVerifier.Result?, Welcome)
        /// A WebSocket that must authenticate to be a client.
        case hold(Applicant)
        /// A WebSocket that is only told why it may not be one.
        case turnAway(Handshake, DoorRefusal)
        /// Events that are in the body.
        case publish(PublishRequest, expectsContinue: Bool)
        /// A stream of events, with further fields for its answer.
        case stream(RequestHead, TokenVerifier.Result?, Welcome, [Response.Field])
        /// What the application wants, with further fields for the answer.
        case apply(ApplicationRequest, [Response.Field])
        /// The same, in the body.
        case command(ApplicationCommand, RequestBodyReader, expectsContinue: Bool, [Response.Field])
        /// How the server stands, which all threads are asked for.
        case status(StatusQuestion, RequestMethod)
    }

    private let access: RequestAccess
    private let gate: Gate
    private let journal: Journal
    /// Where WebSockets are served; `nil` is everywhere.
    private let path: String?
    private let pageReaders: Configuration.PageReaders
    /// How large events may be that come by HTTP; `nil` where none may.
    private let publishLimits: PublishLimits?

    package init(
        _ access: RequestAccess, _ gate: Gate, _ journal: Journal, path: String?,
        pageReaders: Configuration.PageReaders, publishLimits: PublishLimits?
    ) {
        self.access = access
        self.gate = gate
        self.journal = journal
        self.path = path
        self.pageReaders = pageReaders
        self.publishLimits = publishLimits
    }

    /// Looks at a request's method, target and fields.
    package func route(_ head: RequestHead, from source: RequestSource) -> Route {
        if let refusal = access.hostRefusal(of: head, from: source) { return .respond(refusal) }
        guard Handshake.isWanted(by: head) else { return plain(head, from: source) }
        if let path, HTTPRoute.withoutSlash(head.target.path) != HTTPRoute.withoutSlash(path) {
            return .respond(Response(.notFound, advice: "WebSockets are served at another path."))
        }
        if let refusal = access.refusal(of: head, from: source) { return .respond(refusal) }
        if let refusal = Self.ambiguity(of: head) { return .respond(refusal) }
        guard gate.isAdmitting else { return .respond(Self.notYet) }
        let handshake: Handshake
        do throws(HandshakeError) {
            handshake = try Handshake(head)
        } catch {
            return .respond(error.response)
        }
        if handshake.isSubprotocolChosen, head.target.value(of: "as") == "payload" {
            return .respond(
                Response(.badRequest, advice: "as=payload goes without the subprotocol \(Handshake.subprotocol)."))
        }
        let applicant = Applicant(head: head, handshake: handshake, source: source)
        return decide(applicant, offered: handshake.token, isOpen: false)
    }

    /// Decides about an applicant that has sent a token over its WebSocket.
    package func examine(_ token: [UInt8], _ applicant: Applicant) -> Route {
        decide(applicant, offered: token, isOpen: true)
    }

    /// What an applicant is told that has not authenticated in time.
    package func giveUp(_ applicant: Applicant) -> DoorRefusal {
        let (path, address) = (applicant.head.target.path, applicant.source.address)
        let advice = access.noteRefusal(.needsUser, at: path, from: address)
        return DoorRefusal(code: .connectionRefused, advice: advice)
    }

    /// - Parameter isOpen: Whether there is a WebSocket to be told over.
    private func decide(_ applicant: Applicant, offered token: [UInt8]?, isOpen: Bool) -> Route {
        let (head, handshake, address) = (applicant.head, applicant.handshake, applicant.source.address)
        let answer: Response
        let refusal: DoorRefusal
        switch access.bearer(of: head, offered: token) {
        case .success(let bearer):
            let welcome = access.welcome(at: head.target.path, bearer)
            if welcome.verdict == .allowed { return .open(handshake, bearer, welcome) }
            if welcome.verdict == .needsUser, handshake.isSubprotocolChosen, access.takesTokens {
                return .hold(applicant)
            }
            answer = access.refuse(welcome.verdict, at: head.target.path, from: address)
            refusal = DoorRefusal(code: .connectionRefused, advice: welcome.verdict.connectAdvice ?? "")
        case .failure(let error):
            answer = access.refuse(error, from: address)
            let code: CloseCode = error == .expired ? .tokenExpired : .tokenRefused
            refusal = DoorRefusal(code: code, advice: error.advice)
        }
        return isOpen || Self.hidesAnswers(head) ? .turnAway(handshake, refusal) : .respond(answer)
    }

    /// Whether who asks sees nothing of an answer but that there is no WebSocket: a page's script.
    private static func hidesAnswers(_ head: RequestHead) -> Bool {
        !head.values(of: "origin").isEmpty && head.values(of: "authorization").isEmpty
    }

    /// What a client gets that comes before the server knows where the events stand.
    package static var notYet: Response {
        Response(
            .serviceUnavailable, advice: "The server does not know yet where the events stand. Come back in a second.",
            fields: [.init("Retry-After", "1"), .init("Cache-Control", "no-store")])
    }

    /// The answer to a query that says twice what can be meant once; `nil` where it does not.
    static func ambiguity(of head: RequestHead) -> Response? {
        guard let name = head.target.repeated(["since", "token"]) else { return nil }
        return Response(.badRequest, advice: "The query has \(name) more than once. Send it once.")
    }

    private func plain(_ head: RequestHead, from source: RequestSource) -> Route {
        guard let route = HTTPRoute(path: head.target.path) else { return .respond(Self.nothing) }
        switch route {
        case .events, .state, .cursor:
            return EventsRoute(access: access, gate: gate, journal: journal).route(route, head, from: source)
        case .publish:
            guard let publishLimits else { return .respond(Self.nothing) }
            return PublishRoute(access: access, limits: publishLimits).route(head, from: source)
        case .status: return StatusRoutes(access: access).route(.status, route, head, from: source)
        case .metrics: return StatusRoutes(access: access).route(.metrics, route, head, from: source)
        case .live: return StatusRoutes(access: access).route(.live, route, head, from: source)
        case .ready: return StatusRoutes(access: access).route(.ready, route, head, from: source)
        case .channels, .disconnect, .presence:
            return ApplicationRoutes(access: access).route(route, head, from: source)
        case .page:
            return pageReaders == .nobody
                ? .respond(Self.nothing) : respond(to: head, route) { livePage(head, from: source) }
        case .script, .source, .module, .types, .moduleTypes, .package:
            return respond(to: head, route) { StaticFile.at(route)?.response(to: head) ?? Self.nothing }
        }
    }

    private func respond(to head: RequestHead, _ route: HTTPRoute, with answer: () -> Response) -> Route {
        .respond(route.methods.contains(head.method) ? answer() : route.notAllowed)
    }

    private static var nothing: Response {
        Response(.notFound, advice: "There is nothing here. Open a WebSocket, or look at /.")
    }

    private func livePage(_ head: RequestHead, from source: RequestSource) -> Response {
        if pageReaders == .everyone || access.isThisMachine(head, from: source) {
            return LivePage.response(path: path ?? "/")
        }
        switch access.bearer(of: head, offered: nil) {
        case .success(let bearer?) where bearer.identity.roles.contains("admin"):
            return LivePage.response(path: path ?? "/")
        case .failure(let error): return access.refuse(error, from: source.address)
        default:
            return Response(
                .forbidden,
                advice: "The live page is for this machine, asked directly as http://localhost, and for admins "
                    + "(/?token=...). In a container even the host it runs on is another machine: start the server "
                    + "with --page on to show the page to everybody who reaches it.")
        }
    }
}
