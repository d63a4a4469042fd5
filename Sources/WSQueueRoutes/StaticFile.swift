internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueWire

/// A file in the binary that any page may load, and need not load again while it is the same.
struct StaticFile: Sendable {
    private let fields: [Response.Field]
    private let body: [UInt8]
    private let tag: String

    /// The file of a route, or `nil`.
    static func at(_ route: HTTPRoute) -> StaticFile? {
        switch route {
        case .script: script
        case .module: module
        case .types, .moduleTypes: types
        default: nil
        }
    }

    private static let script = StaticFile(PackageResources.wsqueue_js, type: "text/javascript")
    private static let module = StaticFile(PackageResources.wsqueue_mjs, type: "text/javascript")
    private static let types = StaticFile(PackageResources.wsqueue_d_ts, type: "text/plain")

    private init(_ body: [UInt8], type: String) {
        self.body = body
        tag = "\"\(String(decoding: Base64.url.encode(SHA1.digest(body.span).span), as: UTF8.self))\""
        fields = [
            .init("Content-Type", "\(type); charset=utf-8"), .init("ETag", tag), .init("Cache-Control", "no-cache"),
            // The page that loads it may be another host's; there is nothing secret in it (Fetch, section 3.3).
            .init("Access-Control-Allow-Origin", "*"), .init("Cross-Origin-Resource-Policy", "cross-origin"),
        ]
    }

    /// The file, or that it has not changed (RFC 9110, section 13.1.2).
    func response(to head: RequestHead) -> Response {
        let known = head.tokens(of: "if-none-match").map { String(decoding: $0, as: UTF8.self) }
        // A proxy that packs what it passes on makes the tag a weak one.
        let isKnown = known.contains { $0 == "*" || $0 == tag || $0 == "W/\(tag)" }
        return isKnown ? Response(.notModified, fields: fields) : Response(.ok, fields: fields, body: body)
    }
}
