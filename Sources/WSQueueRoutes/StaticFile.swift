internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueWire

/// A file in the binary that any page may load, and need not load again while it is the same.
struct StaticFile: Sendable {
    /// A representation of it (RFC 9110, section 8): as it is, or packed.
    private struct Form {
        let body: [UInt8]
        let tag: String
        let fields: [Response.Field]

        init(_ body: [UInt8], _ fields: [Response.Field]) {
            self.body = body
            tag = "\"\(String(decoding: Base64.url.encode(SHA1.digest(body.span).span), as: UTF8.self))\""
            self.fields = fields + [.init("ETag", tag)]
        }
    }

    private let plain: Form
    private let packed: Form?

    /// The file of a route, or `nil`.
    static func at(_ route: HTTPRoute) -> StaticFile? {
        switch route {
        case .script: script
        case .source: source
        case .module: module
        case .types, .moduleTypes: types
        case .package: package
        default: nil
        }
    }

    private static let script = StaticFile(
        PackageResources.wsqueue_min_js, gzip: PackageResources.wsqueue_min_js_gz,
        type: "text/javascript; charset=utf-8")
    private static let source = StaticFile(PackageResources.wsqueue_js, type: "text/javascript; charset=utf-8")
    private static let module = StaticFile(PackageResources.wsqueue_mjs, type: "text/javascript; charset=utf-8")
    private static let types = StaticFile(PackageResources.wsqueue_d_ts, type: "text/plain; charset=utf-8")
    // Made when it is first asked for.
    private static let package = StaticFile(ScriptPackage.archive, type: "application/gzip")

    private init(_ body: [UInt8], gzip: [UInt8]? = nil, type: String) {
        var fields: [Response.Field] = [
            .init("Content-Type", type), .init("Cache-Control", "no-cache"),
            // The page that loads it may be another host's; there is nothing secret in it (Fetch, section 3.3).
            .init("Access-Control-Allow-Origin", "*"), .init("Cross-Origin-Resource-Policy", "cross-origin"),
        ]
        // A cache in between keeps one form for each that asks otherwise.
        if gzip != nil { fields.append(.init("Vary", "Accept-Encoding")) }
        plain = Form(body, fields)
        packed = gzip.map { Form($0, fields + [.init("Content-Encoding", "gzip")]) }
    }

    /// The file, or that it has not changed (RFC 9110, section 13.1.2).
    func response(to head: RequestHead) -> Response {
        let form = head.takes(coding: "gzip") ? packed ?? plain : plain
        let known = head.tokens(of: "if-none-match").map { String(decoding: $0, as: UTF8.self) }
        // A proxy that packs what it passes on makes the tag a weak one.
        let isKnown = known.contains { $0 == "*" || $0 == form.tag || $0 == "W/\(form.tag)" }
        return isKnown
            ? Response(.notModified, fields: form.fields) : Response(.ok, fields: form.fields, body: form.body)
    }
}
