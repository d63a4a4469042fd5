package import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem
package import WSQueueWire

/// The proxies that are believed about their clients (SPEC §6). `X-Forwarded-For` is the one field that names the client:
/// what a proxy does not write itself, such as `Forwarded` beside it, would come from the client unchanged.
package struct TrustedProxies: Sendable {
    private let ranges: [AddressRange]

    /// Takes the addresses that the operator trusts.
    package init(_ ranges: [AddressRange]) { self.ranges = ranges }

    /// Whether a peer is believed.
    package func contains(_ peer: Address) -> Bool { ranges.contains { $0.contains(peer) } }

    /// Finds out who asks: the nearest of those named that is no trusted proxy itself. Everything further away was written
    /// by a program that is not trusted. What is no address ends the search at the one before.
    ///
    /// - Parameters:
    ///   - peer: Who is at the other end of the connection.
    ///   - user: Of the program at the other end of a Unix socket.
    package func source(of head: RequestHead, from peer: Address, user: UInt32? = nil) -> RequestSource {
        let isProxy = contains(peer)
        guard head.isPassedOn, isProxy else {
            return RequestSource(
                address: peer, isFromLoopback: peer.isLoopback, isPassedOn: head.isPassedOn, isTrusted: false,
                isProxys: isProxy, user: user)
        }
        var address = peer
        var proxies = 1
        let names = head.forwardedFor
        for (index, name) in names.enumerated() {
            guard let hop = Self.hop(String(decoding: name, as: UTF8.self)) else { break }
            address = hop
            guard contains(hop), index < names.count - 1 else { break }
            proxies += 1
        }
        return RequestSource(
            address: address, isFromLoopback: peer.isLoopback, isPassedOn: true, isTrusted: true, isProxys: true,
            user: user, isSecure: head.isForwardedSecure(by: proxies), hosts: Self.hosts(of: head, believing: proxies))
    }

    /// The hosts that the believed proxies were asked for: each adds one at the end. What stands in front may be the
    /// client's own invention; but a host that the proxies have kept in `Host`, too, is the one that it came to.
    private static func hosts(of head: RequestHead, believing proxies: Int) -> [[UInt8]] {
        let named = head.forwardedHosts
        let kept = head.host.flatMap { host in named.first { $0.elementsEqual(host) } }
        return Array(named.suffix(proxies)) + [kept].compactMap(\.self)
    }

    /// Reads an address with or without a port, as proxies write it.
    private static func hop(_ text: String) -> Address? {
        if let address = IPAddress(text) { return .internet(host: address.description, port: 0) }
        if text.hasPrefix("["), text.hasSuffix("]") {
            return IPAddress(text.dropFirst().dropLast()).map { .internet(host: $0.description, port: 0) }
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        let host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        // An IPv6 address has its port behind brackets, and an IPv4 address has none.
        guard let address = IPAddress(isBracketed ? host.dropFirst().dropLast() : host),
            isBracketed == (address.bytes.count == 16)
        else { return nil }
        return .internet(host: address.description, port: port)
    }
}

/// Who asks, as far as it is known.
package struct RequestSource: Sendable {
    /// The client's address: the peer's, or what trusted proxies say. It says nothing about privileges.
    package let address: Address
    /// Whether the peer is on this machine; it may be a proxy.
    let isFromLoopback: Bool
    /// Whether a proxy passed the request on.
    package let isPassedOn: Bool
    /// Whether that proxy is believed.
    package let isTrusted: Bool
    /// Whether the peer is a proxy that is believed, also where it says nothing of a client.
    let isProxys: Bool
    /// Whether a trusted proxy says that the client came by TLS.
    package let isSecure: Bool
    /// The hosts that trusted proxies say they were asked for, so that each is the server's own; empty where none says so.
    package let hosts: [[UInt8]]
    /// The user of the program at the other end of a Unix socket.
    let user: UInt32?
    /// Whether the server's own user, or root, asks by the queue's `.control`.
    package var isControl: Bool { isByControl }
    private var isByControl = false

    init(
        address: Address, isFromLoopback: Bool, isPassedOn: Bool, isTrusted: Bool, isProxys: Bool,
        user: UInt32?, isSecure: Bool = false, hosts: [[UInt8]] = []
    ) {
        self.address = address
        self.isFromLoopback = isFromLoopback
        self.isPassedOn = isPassedOn
        self.isTrusted = isTrusted
        self.isProxys = isProxys
        self.user = user
        self.isSecure = isSecure
        self.hosts = hosts
    }

    /// The same, from who has connected to `.control`: its mode lets nobody else in; the kernel says so once more.
    func byControl() -> RequestSource {
        var source = self
        source.isByControl = user == 0 || user == Process.user
        return source
    }

    /// Whether a program on this machine asks this machine directly: all clients of a proxy on this machine have its
    /// address, whatever it says. A host that is not this machine is that of a proxy's client, or of a
    /// page that had its name lead here; and HTTP/1.0 is how nginx asks when it is told nothing.
    package func isLocal(_ head: RequestHead) -> Bool {
        guard isFromLoopback, !head.hasProxyMarks, head.version == .oneOne, let host = head.host else { return false }
        return HostName(host)?.isLoopback ?? false
    }
}
