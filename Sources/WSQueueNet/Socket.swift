internal import CWSQueueLinux
internal import Glibc
package import WSQueueSystem

/// One connected stream socket, non-blocking, owned.
package struct Socket: ~Copyable, Sendable {
    /// How a send or receive on a non-blocking socket ended.
    package enum Transfer: Equatable, Sendable {
        /// How many bytes went; fewer than asked for means that the socket is full.
        case bytes(Int)
        /// Nothing can go now.
        case wouldBlock
        /// The connection is over: end of stream, reset or broken; 0 for an orderly end.
        case closed(errorNumber: Int32)
    }

    private let descriptor: FileDescriptor

    /// Takes over a connected, non-blocking socket.
    package init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// Begins to connect (connect(2)); the socket is writable once that has succeeded or failed.
    package static func connect(to address: Address) throws(SystemCallError) -> Socket {
        let family =
            switch address {
            case .internet(let host, _): host.contains(":") ? AF_INET6 : AF_INET
            case .unix: AF_UNIX
            }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let number = Glibc.socket(family, kind, 0)
        guard number >= 0 else { throw SystemCallError(call: "socket", object: "\(address)", code: errno) }
        let descriptor = FileDescriptor(owning: number)
        guard unsafe address.withSocketAddress({ unsafe Glibc.connect(number, $0, $1) }) == 0 || errno == EINPROGRESS
        else { throw SystemCallError(call: "connect", object: "\(address)", code: errno) }
        return Socket(descriptor)
    }

    /// Gives the socket away: the caller closes it.
    package consuming func release() -> Int32 { descriptor.release() }

    /// For pollers.
    package var number: Int32 { descriptor.number }

    /// The user of the program at the other end of a Unix socket when it connected (`SO_PEERCRED`, unix(7)).
    package var user: UInt32? {
        // Process, user and group.
        var credentials: [UInt32] = [0, 0, 0]
        var size = socklen_t(MemoryLayout<UInt32>.size * credentials.count)
        let result = unsafe credentials.withUnsafeMutableBytes {
            unsafe getsockopt(number, SOL_SOCKET, SO_PEERCRED, $0.baseAddress, &size)
        }
        return result == 0 ? credentials[1] : nil
    }

    /// Sends what of `bytes` the socket takes now (send(2)).
    package static func send(_ bytes: Span<UInt8>, to number: Int32) -> Transfer {
        unsafe bytes.withUnsafeBytes { unsafe transfer(Glibc.send(number, $0.baseAddress, $0.count, flags)) }
    }

    /// Sends what of `ring`'s range the socket takes now, straight from where it lies (send(2)).
    package static func send(_ ring: MappedRing, from position: UInt64, count: Int, to number: Int32) -> Transfer {
        unsafe transfer(Glibc.send(number, ring.address(of: position), count, flags))
    }

    /// Sends what of several ranges of `ring` the socket takes now, in one call (sendmsg(2)).
    ///
    /// - Parameter ranges: In the order they are sent; at most the first 1,024 are looked at (`IOV_MAX`).
    package static func send(_ ring: MappedRing, _ ranges: ArraySlice<Range<UInt64>>, to number: Int32) -> Transfer {
        if ranges.count == 1, let range = ranges.first {
            return send(ring, from: range.lowerBound, count: range.count, to: number)
        }
        let count = min(ranges.count, 1_024)
        return unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: count) { vectors in
            for (index, range) in ranges.prefix(count).enumerated() {
                unsafe vectors[index] = iovec(iov_base: ring.address(of: range.lowerBound), iov_len: range.count)
            }
            var message = unsafe msghdr()
            unsafe message.msg_iov = vectors.baseAddress
            unsafe message.msg_iovlen = count
            return unsafe transfer(sendmsg(number, &message, flags))
        }
    }

    /// Receives into `buffer` what has come, up to its size (recv(2)).
    package static func receive(into buffer: inout MutableSpan<UInt8>, from number: Int32) -> Transfer {
        let result = unsafe buffer.withUnsafeMutableBytes { unsafe recv(number, $0.baseAddress, $0.count, flags) }
        return result == 0 ? .closed(errorNumber: 0) : transfer(result)
    }

    /// Says that nothing more will be sent, and leaves the other direction open (shutdown(2)).
    package func finishSending() { _ = shutdown(number, Int32(SHUT_WR)) }

    /// Has a socket send each event at once (`TCP_NODELAY`, tcp(7)), and report writability while less than 128 KiB wait
    /// unsent in the kernel (`TCP_NOTSENT_LOWAT`), so that what a slow client is owed stays with us, where it is
    /// counted. Does nothing on a Unix socket.
    static func tune(_ number: Int32) {
        var one: Int32 = 1
        var lowWaterBytes: Int32 = 131_072
        let size = socklen_t(MemoryLayout<Int32>.size)
        _ = unsafe setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &one, size)
        _ = unsafe setsockopt(number, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &lowWaterBytes, size)
    }

    private static let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)

    private static func transfer(_ result: Int) -> Transfer {
        if result >= 0 { return .bytes(result) }
        let code = errno
        return code == EAGAIN || code == EINTR || code == ENOBUFS || code == ENOMEM
            ? .wouldBlock : .closed(errorNumber: code)
    }
}
