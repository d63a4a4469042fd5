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

    /// The host that the client asked for, as the last proxy says in `X-Forwarded-Host`.
    package var forwardedHost: [UInt8]? { tokens(of: "x-forwarded-host").last }

    /// Whether the last proxy says in `X-Forwarded-Proto` that the client came by TLS.
    package var isForwardedSecure: Bool {
        tokens(of: "x-forwarded-proto").last.map { ASCII.equalsIgnoringCase($0, "https") } ?? false
    }

    private static let marks = [
        "forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip",
    ]
}
