internal import WSQueueNet
internal import WSQueueWire

/// Decides what a request gets (SPEC §4).
struct Router {
    /// What a request gets.
    enum Route {
        /// An answer, after which the connection ends.
        case respond(Response)
        /// A WebSocket.
        case open(Handshake, TokenVerifier.Result?)
    }

    let context: LoopContext

    /// Looks at a request's method, target and fields.
    func route(_ head: RequestHead, from address: Address) -> Route {
        guard Handshake.isWanted(by: head) else { return .respond(page(head)) }
        if let path = context.configuration.path, head.target.path != path {
            return .respond(Response(.notFound, advice: "WebSockets are served at another path."))
        }
        if let refusal = OriginPolicy(context.configuration).refusal(of: head) {
            context.log.write(
                LogLine(.warning, "client.denied").with("addr", address.description).with("reason", "origin")
                    .with("origin", head.text(of: "origin") ?? "").with("hint", "--origin allows it"))
            return .respond(refusal)
        }
        let handshake: Handshake
        do throws(HandshakeError) {
            handshake = try Handshake(head)
        } catch {
            return .respond(error.response)
        }
        switch context.bearer(of: head, offered: handshake.token) {
        case .success(let bearer): return .open(handshake, bearer)
        case .failure(let error): return .respond(context.refuse(error, from: address))
        }
    }

    private func page(_ head: RequestHead) -> Response {
        guard head.target.path == "/", context.configuration.showsPage else {
            return Response(.notFound, advice: "There is nothing here. Open a WebSocket, or look at /.")
        }
        guard head.method == .get || head.method == .head else {
            return Response(.methodNotAllowed, advice: "Use GET.", fields: [.init("Allow", "GET, HEAD")])
        }
        return LivePage.response()
    }
}
