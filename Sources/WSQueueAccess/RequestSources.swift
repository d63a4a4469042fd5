internal import Synchronization
package import WSQueueNet
package import WSQueueOperation
package import WSQueueWire

/// Finds out who asks. All loops share it.
package final class RequestSources: Sendable {
    private let proxies: TrustedProxies
    private let log: Log
    /// Whether the log names a proxy that is not trusted.
    private let isProxyNamed = Atomic<Bool>(false)

    package init(_ proxies: TrustedProxies, _ log: Log) {
        self.proxies = proxies
        self.log = log
    }

    /// Whether a peer is believed about its clients.
    package func isProxy(_ peer: Address) -> Bool { proxies.contains(peer) }

    /// Finds out who sends a request. A proxy on this machine that is not trusted is named in the log once: all clients
    /// would have its address.
    ///
    /// - Parameters:
    ///   - user: Of the program at the other end of a Unix socket.
    ///   - isControl: Whether that is the queue's `.control`.
    package func source(
        of head: RequestHead, from peer: Address, user: UInt32? = nil, isControl: Bool = false
    ) -> RequestSource {
        let source = proxies.source(of: head, from: peer, user: user)
        if isControl { return source.byControl() }
        if source.isPassedOn, !source.isTrusted, peer.isLoopback,
            !isProxyNamed.exchange(true, ordering: .relaxed)
        {
            let name =
                switch peer {
                case .unix: "unix"
                case .internet(let host, _): host
                }
            log.write(
                LogLine(.warning, "config.warn").with("addr", peer.description).with("reason", "forwarded")
                    .with("hint", "if that is your proxy, --trusted-proxy \(name) believes what it says of its clients")
            )
        }
        return source
    }
}
