internal import WSQueueAccess
internal import WSQueueConnections
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueRoutes
internal import WSQueueWire

/// Reads requests, and decides what they get.
struct Exchanges {
    /// What a piece of a request leads to.
    enum Outcome {
        /// More of it is to come, or another thread makes the answer.
        case wait
        case respond(Response, RequestMethod)
        /// The body may come; what has come of it is to be looked at next.
        case proceed
        /// A WebSocket; its first frames may follow the head, from this byte on.
        case open(Newcomer, Handshake, from: Int)
        /// A WebSocket that must authenticate to be a client; its first frames may follow likewise.
        case hold(Applicant, from: Int)
        /// A WebSocket that is only told why it may not be one.
        case turnAway(Handshake, DoorRefusal)
        /// A stream of events, with further fields for its answer.
        case stream(Newcomer, [Response.Field])
        case status(StatusQuestion, RequestMethod)
        /// What the application wants, with further fields for the answer.
        case apply(ApplicationRequest, [Response.Field])
    }

    private let router: Router
    private let access: RequestAccess
    private let sources: RequestSources
    /// Writes what comes by HTTP; `nil` where nothing may.
    private let desk: PublishDesk?
    private let index: Int

    init(_ router: Router, _ access: RequestAccess, _ sources: RequestSources, _ desk: PublishDesk?, _ index: Int) {
        self.router = router
        self.access = access
        self.sources = sources
        self.desk = desk
        self.index = index
    }

    /// Takes what has arrived.
    ///
    /// - Parameters:
    ///   - token: The connection's.
    ///   - admission: Counts the clients of proxies.
    func receive(
        _ bytes: Span<UInt8>, _ exchange: HTTPExchange, _ token: UInt64, _ admission: borrowing Admission
    ) -> Outcome {
        if exchange.isReadingBody { return receiveBody(bytes, exchange, token) }
        let head: RequestHead
        let used: Int
        do throws(RequestError) {
            guard let result = try exchange.receiveHead(bytes) else { return .wait }
            (head, used) = result
        } catch {
            return .respond(Response(refusing: error), .get)
        }
        let source = sources.source(
            of: head, from: exchange.line.address, user: exchange.line.user, isControl: exchange.line.isControl)
        if let refusal = admission.admit(head, source, exchange) { return .respond(refusal, head.method) }
        switch router.route(head, from: source) {
        case .respond(let response): return .respond(response, head.method)
        case .status(let question, let method):
            exchange.awaitAnswer()
            return .status(question, method)
        case .apply(let request, let fields):
            exchange.awaitAnswer()
            return .apply(request, fields)
        case .stream(let head, let bearer, let welcome, let fields):
            return .stream(Newcomer(head, bearer, welcome, offered: nil, from: source, access), fields)
        case .open(let handshake, let bearer, let welcome):
            let newcomer = Newcomer(head, bearer, welcome, offered: handshake.token, from: source, access)
            return .open(newcomer, handshake, from: used)
        case .hold(let applicant): return .hold(applicant, from: used)
        case .turnAway(let handshake, let refusal): return .turnAway(handshake, refusal)
        case .publish(let request, let expectsContinue):
            exchange.expect(request.reader, for: .publication(request))
            if expectsContinue, used == bytes.count { return .proceed }
            return receiveBody(bytes.extracting(used...), exchange, token)
        case .command(let command, let reader, let expectsContinue, let fields):
            exchange.expect(reader, for: .command(command, fields))
            if expectsContinue, used == bytes.count { return .proceed }
            return receiveBody(bytes.extracting(used...), exchange, token)
        }
    }

    /// Decides about an applicant that has sent a token: it comes in, with the answer to its message, or is turned away.
    func examine(_ token: String, _ applicant: Applicant) -> (outcome: Outcome, answer: [UInt8]) {
        let token = Array(token.utf8)
        switch router.examine(token, applicant) {
        case .open(let handshake, let bearer?, let welcome):
            let newcomer = Newcomer(applicant.head, bearer, welcome, offered: token, from: applicant.source, access)
            let (user, end) = (bearer.identity.user.text, bearer.identity.expiresAtSeconds)
            return (
                .open(newcomer, handshake, from: 0), ServerMessage.authenticated(user: user, expiresAtSeconds: end)
            )
        case .turnAway(let handshake, let refusal): return (.turnAway(handshake, refusal), [])
        default: return (.turnAway(applicant.handshake, giveUp(applicant)), [])
        }
    }

    /// What an applicant is told that has not authenticated in time.
    func giveUp(_ applicant: Applicant) -> DoorRefusal { router.giveUp(applicant) }

    /// Takes what has arrived of a body; once it is whole, another thread checks and writes it.
    private func receiveBody(_ bytes: Span<UInt8>, _ exchange: HTTPExchange, _ token: UInt64) -> Outcome {
        guard let purpose = exchange.purpose else { return .wait }
        let body: [UInt8]
        do throws(RequestBodyReader.Fault) {
            guard let whole = try exchange.receiveBody(bytes) else { return .wait }
            body = whole
        } catch {
            switch purpose {
            case .publication(let request):
                return .respond(PublishRoute.refusal(error, request.form, request.fields), .post)
            case .command(_, let fields): return .respond(PublishRoute.refusal(error, nil, fields), .post)
            }
        }
        exchange.awaitAnswer()
        switch purpose {
        case .publication(let request):
            desk?.post(
                PublishDesk.Order(
                    body: body, form: request.form, publisher: request.publisher, share: request.share, loop: index,
                    token: token, fields: request.fields))
            return .wait
        case .command(let command, let fields):
            switch ApplicationRequest.read(body.span, for: command, fields) {
            case .success(let request): return .apply(request, fields)
            case .failure(let refusal): return .respond(refusal.response, .post)
            }
        }
    }

    /// The answer to a request that did not come in time; `nil` where nothing has come of one.
    func late(_ exchange: HTTPExchange) -> Response? {
        guard exchange.isInsideRequest else { return nil }
        return Response(.requestTimeout, advice: "The request did not arrive in time. Send it at once.")
    }
}
