internal import WSQueueCore

/// What proxies say of the requests they pass on. Anybody may send these fields: who they are believed from is decided
/// elsewhere.
extension RequestHead {
    /// Whether any field says that the request came by way of others (RFC 9110, section 7.6.3; RFC 7239; `X-Forwarded-…`
    /// and its like).
    package var isPassedOn: Bool {
        fields.contains { field in
            let name = bytes[field.name]
            return Self.marks.contains { name.elementsEqual($0.utf8) }
                || Self.markStarts.contains { name.starts(with: $0.utf8) }
                || Self.markEnds.contains { name.reversed().starts(with: $0.utf8.reversed()) }
        }
    }

    /// Whether anything in the request shows that a proxy or a content network wrote part of it, be it no word about its
    /// client. Programs on this machine have no need of such fields, and a server that takes one of theirs for a proxy's
    /// only asks them for a token.
    package var hasProxyMarks: Bool {
        if isPassedOn || hasProxysConnection { return true }
        // nginx's usual snippet writes it on every request, also where nothing is to be upgraded.
        if hasToken("upgrade", in: "connection"), values(of: "upgrade").isEmpty { return true }
        return fields.contains { field in
            let name = bytes[field.name]
            return Self.networkStarts.contains { name.starts(with: $0.utf8) }
                && !name.elementsEqual("x-requested-with".utf8)
        }
    }

    /// Who asked whom, the last one first: each proxy adds the address it was asked from at the end of `X-Forwarded-For`.
    package var forwardedFor: [[UInt8]] { tokens(of: "x-forwarded-for").reversed() }

    /// The hosts that were asked for, as `X-Forwarded-Host` says, the client's first: proxies such as Apache's add theirs.
    package var forwardedHosts: [[UInt8]] { tokens(of: "x-forwarded-host") }

    /// Whether the client came by TLS, as `X-Forwarded-Proto` says: Traefik calls that `wss` for a WebSocket.
    ///
    /// - Parameter proxies: How many of those who may each have added something are believed, the last ones.
    package func isForwardedSecure(by proxies: Int) -> Bool {
        guard let scheme = tokens(of: "x-forwarded-proto").suffix(proxies).first else { return false }
        return ["https", "wss"].contains { ASCII.equalsIgnoringCase(scheme, $0) }
    }

    private static let marks = ["via", "x-scheme", "x-envoy-external-address", "front-end-https", "cdn-loop"]
    private static let markStarts = ["x-forwarded", "forwarded"]
    private static let markEnds = [
        "forwarded-for", "client-ip", "connecting-ip", "real-ip", "remote-ip", "remote-addr",
    ]
    /// What content networks, proxies in front of applications, and services that lead to a machine behind a router write.
    private static let networkStarts = [
        "x-", "cf-", "cdn-", "fly-", "fastly-", "akamai-", "tailscale-", "ngrok-", "proxy-", "surrogate-", "early-data",
        "client-cert",
    ]
}
