internal import WSQueueAccess
internal import WSQueueBroker
internal import WSQueueOperation
internal import WSQueueWire

/// `GET /events`: the events as a stream (SPEC §4).
struct EventsRoute {
    let access: RequestAccess
    let gate: Gate

    /// Looks at a request for the stream.
    func route(_ head: RequestHead, from source: RequestSource) -> Router.Route {
        if let refusal = access.refusal(of: head, from: source) { return .respond(refusal) }
        let fields = access.sharing(with: head)
        if head.method == .options { return .respond(Preflight.answer("GET", fields)) }
        guard head.method == .get else {
            var answer = HTTPRoute.events.notAllowed
            answer.fields += fields
            return .respond(answer)
        }
        if var refusal = Router.ambiguity(of: head) {
            refusal.fields += fields
            return .respond(refusal)
        }
        if head.accepts("application/x-ndjson"), head.target.value(of: "as") == "payload" {
            return .respond(
                Response(
                    .badRequest,
                    advice: "as=payload goes with text/event-stream. Of lines, jq .payload takes the payloads.",
                    fields: fields))
        }
        guard gate.isAdmitting else {
            var answer = Router.notYet
            answer.fields += fields
            return .respond(answer)
        }
        if var answer = Self.refusal(of: head, from: source, access) {
            answer.fields += fields
            return .respond(answer)
        }
        guard case .success(let bearer) = access.bearer(of: head, offered: nil) else { return .respond(Router.notYet) }
        return .stream(head, bearer, access.welcome(at: HTTPRoute.events.rawValue, bearer), fields)
    }

    /// The answer to one who may not listen by HTTP, by his token or by the rules; `nil` where he may.
    static func refusal(of head: RequestHead, from source: RequestSource, _ access: RequestAccess) -> Response? {
        switch access.bearer(of: head, offered: nil) {
        case .failure(let error): return access.refuse(error, from: source.address)
        case .success(let bearer):
            let path = HTTPRoute.events.rawValue
            let verdict = access.welcome(at: path, bearer).verdict
            return verdict == .allowed ? nil : access.refuse(verdict, at: path, from: source.address)
        }
    }
}

/// What a browser asks before a page may ask across origins (Fetch Standard, section 3.3).
enum Preflight {
    /// The answer.
    ///
    /// - Parameter fields: Who may ask at all, of ``OriginPolicy``.
    static func answer(_ method: String, _ fields: [Response.Field]) -> Response {
        Response(
            .noContent,
            fields: fields + [
                .init("Access-Control-Allow-Methods", method),
                .init("Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID, Cache-Control"),
                .init("Access-Control-Max-Age", "600"),
            ])
    }
}
