internal import CWSQueueLinux
internal import Glibc
package import WSQueueSystem

/// The socket on which a service manager listens for news of its services (sd_notify(3)).
package struct NotifySocket: ~Copyable {
    /// How sending ended.
    package enum Outcome: Equatable, Sendable {
        case sent
        /// The manager has not taken what was sent before; to be tried again.
        case wouldBlock
        case failed(SystemCallError)
    }

    private let path: String
    private let descriptor: FileDescriptor

    /// Opens a socket of our own to send from.
    ///
    /// - Parameter path: What `NOTIFY_SOCKET` says: an absolute path, or with `@` in front a name in the abstract
    ///   namespace (unix(7)).
    /// - Throws: ``SystemCallError``; `EAFNOSUPPORT` for an address of another kind, such as `vsock:`.
    package init(_ path: String) throws(SystemCallError) {
        guard path.hasPrefix("/") || path.hasPrefix("@"), (2...107).contains(path.utf8.count) else {
            throw SystemCallError(call: "socket", object: path, code: EAFNOSUPPORT)
        }
        let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw SystemCallError(call: "socket", object: path, code: errno) }
        self.path = path
        descriptor = FileDescriptor(owning: number)
    }

    /// Sends one message, lines of `KEY=value`, without waiting (sendto(2)).
    ///
    /// The socket stays unconnected: a manager that has been restarted listens on another one under the same name.
    package func send(_ text: String) -> Outcome {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        var length = MemoryLayout<sockaddr_un>.size
        if path.hasPrefix("@") {
            // An abstract name begins with a NUL and ends where the address does, so every byte of the length counts.
            address.sun_path.0 = 0
            length = MemoryLayout<sa_family_t>.size + path.utf8.count
        }
        let bytes = Array(text.utf8)
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        let count = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe sendto(descriptor.number, bytes, bytes.count, flags, $0, socklen_t(length))
            }
        }
        if count >= 0 { return .sent }
        let code = errno
        return code == EAGAIN || code == EINTR || code == ENOBUFS
            ? .wouldBlock : .failed(SystemCallError(call: "sendto", object: path, code: code))
    }
}
