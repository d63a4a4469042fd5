internal import Synchronization
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueWire

extension LoopContext {
    /// Finds out who asks. A proxy on this machine that is not trusted is named in the log once: everybody would have its
    /// address.
    func source(of head: RequestHead, from peer: Address) -> RequestSource {
        let source = proxies.source(of: head, from: peer)
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
