internal import WSQueueOperation
internal import WSQueueWire

/// `GET /events`: the events as a stream (SPEC §4).
package struct EventsRoute {
    package static let path = "/events"

    let context: LoopContext

    /// Looks at a request for the stream.
    func route(_ head: RequestHead, from source: RequestSource) -> Router.Route {
        let policy = OriginPolicy(context.configuration)
        if let refusal = policy.refusal(of: head, from: source) {
            return .respond(context.refuse(refusal, head, from: source.address))
        }
        let fields = policy.sharing(with: head)
        if head.method == .options { return .respond(Preflight.answer("GET", fields)) }
        guard head.method == .get else {
            return .respond(Response(.methodNotAllowed, advice: "Use GET.", fields: [.init("Allow", "GET")] + fields))
        }
        guard context.gate.isAdmitting else {
            var answer = Router.notYet
            answer.fields += fields
            return .respond(answer)
        }
        switch context.bearer(of: head, offered: nil) {
        case .success(let bearer): return .stream(head, bearer, fields)
        case .failure(let error):
            var answer = context.refuse(error, from: source.address)
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
