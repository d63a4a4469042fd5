internal import CWSQueueLinux
internal import Glibc
package import WSQueueSystem

/// A listening socket that several loops may accept from.
package final class Listener: Sendable {
    /// What accepting gave.
    package enum Accepted: ~Copyable {
        /// A client, non-blocking, and where it comes from.
        case client(Socket, from: Address)
        /// No connection waits.
        case nobody
        /// Somebody waits, but no descriptor is left (`EMFILE`, `ENFILE`).
        case outOfDescriptors
        /// The client went away before it was accepted, or the kernel could not give it to us now.
        case failed(SystemCallError)
    }

    /// Where it listens, with the port that the kernel chose.
    package let address: Address
    private let descriptor: FileDescriptor
    /// Where its name is removed in the end, if it is a queue's `.control`.
    private let place: (directory: Directory, name: FileName)?
    /// Whether its name in the file system is ours to remove.
    private let isOwn: Bool

    /// Binds and listens (bind(2), listen(2)). A Unix socket that no one listens on any more is replaced; its mode is
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
        isOwn = true
        place = nil
        var one: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        // Restarting must not wait for the last clients' TIME_WAIT. A second server still gets EADDRINUSE.
        _ = unsafe setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &one, size)
        if family == AF_INET6 { _ = unsafe setsockopt(number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &one, size) }
        // Sockets that are accepted have what their listener had when they came.
        Socket.tune(number)
        if case .unix(let path) = wanted { Self.removeStale(path, wanted) }
        guard unsafe wanted.withSocketAddress({ unsafe bind(number, $0, $1) }) == 0 else {
            throw SystemCallError(call: "bind", object: "\(wanted)", code: errno)
        }
        if case .unix(let path) = wanted { _ = unsafe path.withCString { unsafe chmod($0, 0o660) } }
        guard listen(number, backlog) == 0 else {
            throw SystemCallError(call: "listen", object: "\(wanted)", code: errno)
        }
        address = if case .unix = wanted { wanted } else { Self.boundAddress(of: number) }
    }

    /// Takes over a socket that the service manager listens on: it stays open there when we end, so that clients wait
    /// for the next server instead of being refused.
    ///
    /// - Throws: ``SystemCallError``: `ENOTSOCK` for another kind of file, `EINVAL` for a socket that does not listen,
    ///   `ESOCKTNOSUPPORT` for one of packets.
    package init(adopting passed: PassedSocket) throws(SystemCallError) {
        descriptor = FileDescriptor(owning: passed.number)
        isOwn = false
        place = nil
        let object = "descriptor \(passed.number), passed as \(passed.name)"
        guard try Self.option(SO_TYPE, of: passed.number, object) == Int32(SOCK_STREAM.rawValue) else {
            throw SystemCallError(call: "accept", object: object, code: ESOCKTNOSUPPORT)
        }
        guard try Self.option(SO_ACCEPTCONN, of: passed.number, object) != 0 else {
            throw SystemCallError(call: "accept", object: object, code: EINVAL)
        }
        let flags = fcntl(passed.number, F_GETFL)
        guard fcntl(passed.number, F_SETFL, flags | O_NONBLOCK) == 0 else {
            throw SystemCallError(call: "fcntl", object: object, code: errno)
        }
        address = Self.boundAddress(of: passed.number)
    }

    /// Binds and listens at a Unix socket to which only this user and root may connect. Nothing may have its name yet.
    package init(onlyOwnersAt name: FileName, in directory: Directory) throws(SystemCallError) {
        address = .unix(path: directory.path(of: name))
        let object = "\(address)"
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw SystemCallError(call: "socket", object: object, code: errno) }
        descriptor = FileDescriptor(owning: number)
        isOwn = true
        place = (directory, name)
        // Before it has a name, so that the name has this mode from the first moment (unix(7)).
        guard fchmod(number, 0o600) == 0 else { throw SystemCallError(call: "fchmod", object: object, code: errno) }
        let bound = Address.unix(path: directory.socketPath(of: name))
        guard unsafe bound.withSocketAddress({ unsafe bind(number, $0, $1) }) == 0 else {
            throw SystemCallError(call: "bind", object: object, code: errno)
        }
        guard listen(number, 16) == 0 else { throw SystemCallError(call: "listen", object: object, code: errno) }
    }

    /// Whether only this user and root may connect.
    package var isOnlyOwners: Bool { place != nil }

    private static func option(
        _ name: Int32, of number: Int32, _ object: String
    ) throws(SystemCallError) -> Int32 {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(number, SOL_SOCKET, name, &value, &size) == 0 else {
            throw SystemCallError(call: "getsockopt", object: object, code: errno)
        }
        return value
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
        // Those that came before a socket was passed to us have what it had then.
        if !isOwn { Socket.tune(number) }
        return .client(socket, from: Address(storage))
    }

    /// Removes the name of a Unix socket that we made; to be called when the server stops.
    package func removeName() {
        guard isOwn else { return }
        if let place {
            _ = try? place.directory.remove(place.name)
            return
        }
        if case .unix(let path) = address { _ = unsafe path.withCString { unsafe unlink($0) } }
    }

    private static func boundAddress(of number: Int32) -> Address {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = unsafe withUnsafeMutablePointer(to: &storage) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(number, $0, &length) }
        }
        return Address(storage, length: Int(length))
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
