internal import WSQueueAccess
internal import WSQueueOperation
internal import WSQueueWire

/// `GET /events`: the events as a stream (SPEC §4).
package struct EventsRoute {
    package static let path = "/events"

    let access: RequestAccess
    let gate: Gate

    /// Looks at a request for the stream.
    func route(_ head: RequestHead, from source: RequestSource) -> Router.Route {
        if let refusal = access.refusal(of: head, from: source) { return .respond(refusal) }
        let fields = access.sharing(with: head)
        if head.method == .options { return .respond(Preflight.answer("GET", fields)) }
        guard head.method == .get else {
            return .respond(Response(.methodNotAllowed, advice: "Use GET.", fields: [.init("Allow", "GET")] + fields))
        }
        if var refusal = Router.ambiguity(of: head) {
            refusal.fields += fields
            return .respond(refusal)
        }
        guard gate.isAdmitting else {
            var answer = Router.notYet
            answer.fields += fields
            return .respond(answer)
        }
        switch access.bearer(of: head, offered: nil) {
        case .success(let bearer): return .stream(head, bearer, fields)
        case .failure(let error):
            var answer = access.refuse(error, from: source.address)
            answer.fields += fields
            return .respond(answer)
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
