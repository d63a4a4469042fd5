internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueWire

/// `GET /status.json`: clients and queue, for the operator only.
struct StatusRoute {
    static let path = "/status.json"

    let context: LoopContext

    /// Looks at who asks: somebody on this machine, or with a token whose role is `admin`.
    func route(_ head: RequestHead, from address: Address) -> Router.Route {
        guard head.method == .get || head.method == .head else {
            return .respond(Response(.methodNotAllowed, advice: "Use GET.", fields: [.init("Allow", "GET, HEAD")]))
        }
        if address.isLoopback, Self.isDirect(head) { return .status(head.method) }
        switch context.bearer(of: head, offered: nil) {
        case .success(let bearer?) where bearer.identity.roles.contains("admin"): return .status(head.method)
        case .failure(let error): return .respond(context.refuse(error, from: address))
        default:
            let advice = "Ask on the server's own machine, at 127.0.0.1, or with a token whose role is admin."
            return .respond(Response(.forbidden, advice: advice))
        }
    }

    /// Whether nobody passed the request on: behind a proxy on this machine the whole world has its address. A host that
    /// is not this machine is a page's that had its name lead here.
    private static func isDirect(_ head: RequestHead) -> Bool {
        let isPassedOn = ["forwarded", "x-forwarded-for", "x-real-ip", "via"].contains { head.value(of: $0) != nil }
        guard !isPassedOn, head.version == .oneOne, let host = head.host else { return false }
        return OriginPolicy.isLoopback(String(decoding: host, as: UTF8.self).lowercased()[...])
    }
}
