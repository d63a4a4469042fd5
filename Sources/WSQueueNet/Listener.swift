internal import CWSQueueLinux
internal import Glibc
package import WSQueueSystem

/// A listening socket that several loops may accept from.
package final class Listener: Sendable {
    /// What accepting gave.
    package enum Accepted: ~Copyable {
        /// A client, non-blocking, and where it comes from.
        case client(Socket, from: Address)
        /// Nobody waits.
        case nobody
        /// Somebody waits, but no descriptor is left (`EMFILE`, `ENFILE`).
        case outOfDescriptors
        /// The client went away before it was accepted, or the kernel could not give it to us now.
        case failed(SystemCallError)
    }

    /// Where it listens, with the port that the kernel chose.
    package let address: Address
    private let descriptor: FileDescriptor

    /// Binds and listens (bind(2), listen(2)). A Unix socket that nobody listens on any more is replaced; its mode is
    /// 0660.
    ///
    /// - Parameter backlog: How many handshaken connections the kernel keeps for us; it may cut this
    ///   (`net.core.somaxconn`).
    package init(_ wanted: Address, backlog: Int32) throws(SystemCallError) {
        let family =
            switch wanted {
            case .internet(let host, _): host.contains(":") ? AF_INET6 : AF_INET
            case .unix: AF_UNIX
            }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let number = socket(family, kind, 0)
        guard number >= 0 else { throw SystemCallError(call: "socket", object: "\(wanted)", code: errno) }
        descriptor = FileDescriptor(owning: number)
        var one: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        // Restarting must not wait for the last clients' TIME_WAIT. A second server still gets EADDRINUSE.
        _ = unsafe setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &one, size)
        if family == AF_INET6 { _ = unsafe setsockopt(number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &one, size) }
        if case .unix(let path) = wanted { Self.removeStale(path, wanted) }
        guard unsafe wanted.withSocketAddress({ unsafe bind(number, $0, $1) }) == 0 else {
            throw SystemCallError(call: "bind", object: "\(wanted)", code: errno)
        }
        if case .unix(let path) = wanted { _ = unsafe path.withCString { unsafe chmod($0, 0o660) } }
        guard listen(number, backlog) == 0 else {
            throw SystemCallError(call: "listen", object: "\(wanted)", code: errno)
        }
        address = Self.boundAddress(of: number, wanted)
    }

    /// For pollers.
    package var number: Int32 { descriptor.number }

    /// Takes one waiting client (accept4(2)).
    package func accept() -> Accepted {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let number = unsafe withUnsafeMutablePointer(to: &storage) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe accept4(
                    descriptor.number, $0, &length, Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
            }
        }
        guard number >= 0 else {
            let code = errno
            switch code {
            case EAGAIN, EINTR, ECONNABORTED: return .nobody
            case EMFILE, ENFILE: return .outOfDescriptors
            default: return .failed(SystemCallError(call: "accept", object: "\(address)", code: code))
            }
        }
        let socket = Socket(FileDescriptor(owning: number))
        socket.tune(lowWaterBytes: 131_072)
        return .client(socket, from: Address(storage))
    }

    /// Removes the name of a Unix socket; to be called when the server stops.
    package func removeName() {
        if case .unix(let path) = address { _ = unsafe path.withCString { unsafe unlink($0) } }
    }

    private static func boundAddress(of number: Int32, _ wanted: Address) -> Address {
        if case .unix = wanted { return wanted }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = unsafe withUnsafeMutablePointer(to: &storage) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(number, $0, &length) }
        }
        return Address(storage)
    }

    /// A socket file outlives its server; only one that refuses connections may go.
    private static func removeStale(_ path: String, _ address: Address) {
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { return }
        let owner = FileDescriptor(owning: probe)
        let isRefused =
            unsafe address.withSocketAddress { unsafe connect(owner.number, $0, $1) } != 0 && errno == ECONNREFUSED
        if isRefused { _ = unsafe path.withCString { unsafe unlink($0) } }
    }
}
