package import WSQueueOperation
package import WSQueueWire

/// By which names the server may be asked (SPEC §4, origin).
///
/// A page of any site can have its own name lead to this machine, and is then, for the browser, a page of this server's:
/// such requests have nothing but their `Host` that tells them from others, and a same-origin GET has no `Origin`.
package struct HostPolicy: Sendable {
    private let origins: [OriginPattern]
    private let names: [String]
    private let isLoopbackOnly: Bool

    /// Takes the names and origins that the operator listed, and whether only this machine is listened to.
    package init(_ configuration: Configuration) {
        origins = configuration.origins
        names = configuration.hostNames
        isLoopbackOnly = configuration.isLoopbackOnly
    }

    /// The answer to a request by a name that is none of the server's, or `nil` where it is one.
    package func refusal(of head: RequestHead, from source: RequestSource) -> Response? {
        // Only HTTP/1.0 may name none, as HAProxy's checks do; browsers always name one.
        guard let host = head.host else { return nil }
        guard isLoopbackOnly else { return refusalElsewhere(host, source) }
        return isFromListedPage(head) ? nil : refusalOnLoopback(host, source)
    }

    /// Whether a request says that it comes from a page that the operator has named: no browser says so for another one,
    /// whatever its name leads to. `null` is many pages'.
    private func isFromListedPage(_ head: RequestHead) -> Bool {
        let given = head.values(of: "origin")
        guard given.count == 1, let origin = given.first else { return false }
        let text = String(decoding: origin, as: UTF8.self).lowercased()
        return text != "null" && origins.contains { $0 != .any && $0.matches(text) }
    }

    private func refusalOnLoopback(_ host: [UInt8], _ source: RequestSource) -> Response? {
        // A proxy has looked at the name, or has put its own in its place.
        if source.isProxys { return nil }
        if let name = HostName(host),
            name.isLoopback || names.contains(name.text) || origins.contains(where: { $0.names(name.text) })
        {
            return nil
        }
        return Response(
            .forbidden,
            advice: "The request's Host is no name of this server, which listens on this machine only. "
                + "Ask for localhost, or start the server with --origin https://NAME or --host-name NAME; "
                + "if a proxy passes this on, with --trusted-proxy.")
    }

    /// Who comes from this machine, and says so, has no name that could lead elsewhere.
    private func refusalElsewhere(_ host: [UInt8], _ source: RequestSource) -> Response? {
        guard !names.isEmpty else { return nil }
        let asked = ([host] + source.hosts).compactMap { HostName($0) }
        if asked.contains(where: { names.contains($0.text) || $0.isLoopback && source.isFromLoopback }) { return nil }
        return Response(
            .forbidden,
            advice: "The request's Host is none of this server's names. Start the server with --host-name NAME "
                + "for each that it has.")
    }
}
