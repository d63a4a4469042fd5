internal import WSQueueCore

/// What proxies say of the requests they pass on. Anybody may send these fields: who they are believed from is decided
/// elsewhere.
extension RequestHead {
    /// Whether any field says that the request came by way of others (RFC 9110, section 7.6.3; RFC 7239; `X-Forwarded-…`
    /// and its like).
    package var isPassedOn: Bool {
        fields.contains { field in
            let name = bytes[field.name]
            return name.starts(with: "x-forwarded-".utf8) || Self.marks.contains { name.elementsEqual($0.utf8) }
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

    private static let marks = [
        "forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip",
    ]
}
