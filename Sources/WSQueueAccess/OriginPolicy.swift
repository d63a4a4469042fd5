package import WSQueueOperation
package import WSQueueWire

/// Which pages may open a WebSocket (SPEC §4, origin). A program that is no browser sends no `Origin` and is not asked.
package struct OriginPolicy: Sendable {
    private let listed: [OriginPattern]
    private let isLoopbackOnly: Bool

    /// Takes the origins that the operator listed, and whether only this machine is listened to.
    package init(_ configuration: Configuration) {
        listed = configuration.origins
        isLoopbackOnly = configuration.isLoopbackOnly
    }

    /// The answer to a request from a page that may not connect, or `nil` when it may.
    ///
    /// - Parameter source: Who asks: a page that comes by a proxy is not from this machine.
    package func refusal(of head: RequestHead, from source: RequestSource) -> Response? {
        let origins = head.values(of: "origin")
        guard let first = origins.first else { return nil }
        let origin = String(decoding: first, as: UTF8.self).lowercased()
        if origins.count == 1, isAllowed(origin, head, source) { return nil }
        return Response(.forbidden, advice: Self.advice(origins.count == 1 ? origin : ""))
    }

    /// Names the origin as it is typed, where it is one that needs no quotes: what is in the request is anyone's text.
    private static func advice(_ origin: String) -> String {
        let isPlain = origin.utf8.allSatisfy { byte in
            switch UInt8(byte) {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-")...UInt8(ascii: ":"): true
            default: false
            }
        }
        guard isPlain, (1...256).contains(origin.utf8.count) else {
            return "Pages of this origin may not connect. Start the server with --origin to allow them."
        }
        return "Pages of the origin \(origin) may not connect. Start the server with --origin \(origin) to allow them."
    }

    /// What an answer says so that the page that asked may read it (Fetch Standard, section 3.2.3): that page and no
    /// other, with its cookies; anyone, without.
    package func sharing(with head: RequestHead) -> [Response.Field] {
        guard let origin = head.text(of: "origin") else { return [] }
        if listed.contains(.any) { return [.init("Access-Control-Allow-Origin", "*")] }
        return [
            .init("Access-Control-Allow-Origin", origin), .init("Access-Control-Allow-Credentials", "true"),
            .init("Vary", "Origin"),
        ]
    }

    /// Whether a request may come from a page that only `*` lets in: what the browser adds by itself is then not what the
    /// page knows, and speaks for nobody.
    package func isByAnyPage(_ head: RequestHead, from source: RequestSource) -> Bool {
        guard listed.contains(.any) else { return false }
        guard let origin = head.text(of: "origin") else {
            // A page's image or frame; programs do not say where they are.
            let site = head.text(of: "sec-fetch-site") ?? "none"
            return site != "none" && site != "same-origin"
        }
        return !isKnown(origin.lowercased(), head, source)
    }

    private func isAllowed(_ origin: String, _ head: RequestHead, _ source: RequestSource) -> Bool {
        listed.contains(.any) || isKnown(origin, head, source)
    }

    /// Whether a page is the server's own, this machine's, or one that the operator has named.
    private func isKnown(_ origin: String, _ head: RequestHead, _ source: RequestSource) -> Bool {
        if listed.contains(where: { $0 != .any && $0.matches(origin) }) { return true }
        // scheme "://" host [":" port] (RFC 6454, section 6.2); "null" and everything else is no page's own host.
        guard let scheme = ["http://", "https://"].first(where: { origin.hasPrefix($0) }) else { return false }
        let authority = origin.dropFirst(scheme.count)
        let defaultPort = scheme == "http://" ? ":80" : ":443"
        // Over TLS a page that came without is another one: another program on the way may have written it.
        if !(source.isSecure && scheme == "http://") {
            let hosts = source.hosts.isEmpty ? [head.host].compactMap(\.self) : source.hosts
            for host in hosts {
                let asked = String(decoding: host, as: UTF8.self).lowercased()
                if authority == asked || authority + defaultPort == asked || authority == asked + defaultPort {
                    return true
                }
            }
        }
        return isLoopbackOnly && (HostName(authority)?.isLoopback ?? false) && source.isLocal(head)
    }
}
