internal import CWSQueueLinux
internal import Glibc

/// Where a server listens: an IP address and port, or a Unix socket.
package enum Address: Equatable, Sendable, CustomStringConvertible {
    /// A numeric IPv4 or IPv6 address; port 0 lets the kernel choose, or is not known.
    case internet(host: String, port: UInt16)
    /// The path of a Unix socket.
    case unix(path: String)

    /// Reads `127.0.0.1:8081`, `[::1]:8081`, `localhost:8081`, `:8081`, `8081` or `unix:/run/wsqueue.sock`.
    ///
    /// - Returns: `nil` when the text is none of these; names other than `localhost` are not looked up.
    package static func parse(_ text: String) -> Address? {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            return path.isEmpty || path.utf8.count > 107 ? nil : .unix(path: path)
        }
        let host: Substring
        let port: Substring
        if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        } else {
            host = ""
            port = text[...]
        }
        guard port.allSatisfy(\.isNumber), let number = UInt16(port) else { return nil }
        guard let numeric = numericHost(String(host)) else { return nil }
        return .internet(host: numeric, port: number)
    }

    package var description: String {
        switch self {
        case .internet(let host, 0): host
        case .internet(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// Whether it is a Unix socket's.
    package var isUnix: Bool {
        if case .unix = self { return true }
        return false
    }

    /// Whether the kernel chooses the port.
    package var isAnyPort: Bool {
        guard case .internet(_, let port) = self else { return false }
        return port == 0
    }

    /// Whether only programs on this machine can reach it.
    package var isLoopback: Bool {
        switch self {
        case .internet(let host, _): host.hasPrefix("127.") || host == "::1"
        case .unix: true
        }
    }

    /// The block of addresses that one customer of a network usually has: an IPv4 address, or the /64 around an IPv6 one.
    /// `nil` for a Unix socket.
    package var block: [UInt8]? {
        guard case .internet(let host, _) = self else { return nil }
        return IPAddress(host).map { Array($0.bytes.prefix(8)) }
    }

    private static func numericHost(_ host: String) -> String? {
        if host.isEmpty || host == "localhost" { return "127.0.0.1" }
        if host.hasPrefix("["), host.hasSuffix("]") {
            let inner = String(host.dropFirst().dropLast())
            var address = in6_addr()
            return unsafe inet_pton(AF_INET6, inner, &address) == 1 ? inner : nil
        }
        var address = in_addr()
        return unsafe inet_pton(AF_INET, host, &address) == 1 ? host : nil
    }

    /// Calls `body` with the address as the kernel takes it (ip(7), ipv6(7), unix(7)).
    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var storage = sockaddr_storage()
        let length: Int
        switch self {
        case .internet(let host, let port) where host.contains(":"):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            _ = unsafe inet_pton(AF_INET6, host, &address.sin6_addr)
            length = MemoryLayout<sockaddr_in6>.size
            unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.storeBytes(of: address, as: sockaddr_in6.self) }
        case .internet(let host, let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            _ = unsafe inet_pton(AF_INET, host, &address.sin_addr)
            length = MemoryLayout<sockaddr_in>.size
            unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.storeBytes(of: address, as: sockaddr_in.self) }
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
            length = MemoryLayout<sockaddr_un>.size
            unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.storeBytes(of: address, as: sockaddr_un.self) }
        }
        return unsafe withUnsafePointer(to: &storage) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, socklen_t(length)) }
        }
    }

    /// The address the kernel wrote into `storage`; a Unix peer has no name and gives an empty path.
    ///
    /// An IPv4 address in IPv6's clothes (`::ffff:127.0.0.1`, from a socket that takes both) is the IPv4 address.
    ///
    /// - Parameter length: How much the kernel wrote; only for the path of a Unix socket.
    init(_ storage: sockaddr_storage, length: Int = 0) {
        var storage = storage
        var text = [CChar](repeating: 0, count: 64)
        switch Int32(storage.ss_family) {
        case AF_INET:
            let address = unsafe withUnsafeBytes(of: &storage) { unsafe $0.load(as: sockaddr_in.self) }
            unsafe withUnsafePointer(to: address.sin_addr) {
                _ = unsafe inet_ntop(AF_INET, $0, &text, socklen_t(text.count))
            }
            self = .internet(host: Self.string(text), port: UInt16(bigEndian: address.sin_port))
        case AF_INET6:
            let address = unsafe withUnsafeBytes(of: &storage) { unsafe $0.load(as: sockaddr_in6.self) }
            unsafe withUnsafePointer(to: address.sin6_addr) {
                _ = unsafe inet_ntop(AF_INET6, $0, &text, socklen_t(text.count))
            }
            let host = Self.string(text)
            let isMapped = host.hasPrefix(Self.mappedPrefix) && host.contains(".")
            self = .internet(
                host: isMapped ? String(host.dropFirst(Self.mappedPrefix.count)) : host,
                port: UInt16(bigEndian: address.sin6_port))
        default:
            let path = unsafe withUnsafeBytes(of: &storage) {
                unsafe Array($0.prefix(length).dropFirst(MemoryLayout<sa_family_t>.size))
            }
            // An abstract name begins with a NUL, which is written as @ (unix(7)).
            self = .unix(
                path: (path.first == 0 ? "@" : "")
                    + String(decoding: path.split(separator: 0).first ?? [], as: UTF8.self))
        }
    }

    private static let mappedPrefix = "::ffff:"

    private static func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
