internal import WSQueueNet
package import WSQueueOperation
package import WSQueueWire

/// Which pages may open a WebSocket (SPEC §4, origin). A program that is no browser sends no `Origin` and is not asked.
package struct OriginPolicy {
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
        let advice = "Pages of this origin may not connect. Start the server with --origin to allow them."
        return Response(.forbidden, advice: advice)
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

    private func isAllowed(_ origin: String, _ head: RequestHead, _ source: RequestSource) -> Bool {
        if listed.contains(where: { $0.matches(origin) }) { return true }
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
        return isLoopbackOnly && Self.isLoopback(authority) && source.isLocal(head)
    }

    static func isLoopback(_ authority: Substring) -> Bool {
        let name: Substring
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            name = authority[...end]
        } else {
            name = authority.prefix { $0 != ":" }
        }
        if name == "localhost" || name == "[::1]" || name.hasSuffix(".localhost") { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
