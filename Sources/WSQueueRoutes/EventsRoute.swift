internal import WSQueueAccess
internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueOperation
internal import WSQueueWire

/// `GET /events`, the events as a stream, `GET /state`, how things stand, and `GET /cursor`, where (SPEC §4): the same may
/// read all three.
struct EventsRoute {
    let access: RequestAccess
    let gate: Gate
    let journal: Journal

    /// Looks at a request for one of them.
    func route(_ route: HTTPRoute, _ head: RequestHead, from source: RequestSource) -> Router.Route {
        // No browser tells a page why its WebSocket has failed: it asks for the cursor, and is to read the answer.
        let reason = route == .cursor ? Response.Field.readableByAll : []
        if !reason.isEmpty, head.method == .options { return .respond(Preflight.answer("GET", reason)) }
        if var refusal = access.refusal(of: head, from: source) {
            refusal.fields += reason
            return .respond(refusal)
        }
        let fields = access.sharing(with: head)
        if head.method == .options { return .respond(Preflight.answer("GET", fields)) }
        if var answer = answer(route, head, from: source) {
            answer.fields += fields
            return .respond(answer)
        }
        guard case .success(let bearer) = access.bearer(of: head, offered: nil) else { return .respond(Router.notYet) }
        return .stream(head, bearer, access.welcome(at: HTTPRoute.events.rawValue, bearer), fields)
    }

    /// An answer that is whole; `nil` is to be a body that is read as it comes.
    private func answer(_ route: HTTPRoute, _ head: RequestHead, from source: RequestSource) -> Response? {
        guard route.methods.contains(head.method) else { return route.notAllowed }
        if let refusal = Router.ambiguity(of: head) { return refusal }
        if let advice = Self.adviceOnPayloads(route, head) { return Response(.badRequest, advice: advice) }
        guard gate.isAdmitting else { return Router.notYet }
        return refusal(of: head, from: source) ?? (route == .cursor ? cursor : nil)
    }

    /// The answer to one who may not listen by HTTP, by his token or by the rules; `nil` where he may.
    private func refusal(of head: RequestHead, from source: RequestSource) -> Response? {
        switch access.bearer(of: head, offered: nil) {
        case .failure(let error): return access.refuse(error, from: source.address)
        case .success(let bearer):
            let path = HTTPRoute.events.rawValue
            let verdict = access.welcome(at: path, bearer).verdict
            return verdict == .allowed ? nil : access.refuse(verdict, at: path, from: source.address)
        }
    }

    /// Where payloads alone were asked for that cannot be had so: what to do instead.
    private static func adviceOnPayloads(_ route: HTTPRoute, _ head: RequestHead) -> String? {
        guard route != .cursor, head.target.value(of: "as") == "payload" else { return nil }
        if route == .state { return "as=payload goes with /events. Of this document, jq .events[].payload takes them." }
        guard head.accepts("application/x-ndjson") else { return nil }
        return "as=payload goes with text/event-stream. Of lines, jq .payload takes the payloads."
    }

    /// Where events stand: a script that makes a page asks first, and hands the page what it got, so that the page misses
    /// nothing of what changes afterwards.
    private var cursor: Response {
        let text = Cursor(epoch: journal.epoch, seq: journal.lastSeq)?.text ?? ""
        let fields: [Response.Field] = [
            .init("Content-Type", "text/plain; charset=utf-8"), .init("Cache-Control", "no-store"),
        ]
        return Response(.ok, fields: fields, body: Array(text.utf8))
    }
}

/// What a browser asks before a page may ask across origins (Fetch Standard, section 3.3).
enum Preflight {
    /// The last is Datastar's, which names itself.
    private static let headers = "Authorization, Content-Type, Last-Event-ID, Cache-Control, Datastar-Request"

    /// The answer.
    ///
    /// - Parameter fields: Who may ask at all, of ``OriginPolicy``.
    static func answer(_ method: String, _ fields: [Response.Field]) -> Response {
        Response(
            .noContent,
            fields: fields + [
                .init("Access-Control-Allow-Methods", method),
                .init("Access-Control-Allow-Headers", Self.headers),
                .init("Access-Control-Max-Age", "600"),
            ])
    }
}
