internal import CWSQueueLinux
internal import Glibc
internal import WSQueueSystem

/// The client's end of a connection to a server on this machine.
enum ClientSocket {
    /// Connects to 127.0.0.1 (connect(2)); loopback answers at once or refuses.
    ///
    /// - Parameter source: Which address of 127.0.0.0/8 it comes from (bind(2)); `nil` leaves that to the kernel.
    /// - Returns: The number of a non-blocking socket, which the caller closes.
    static func connect(port: UInt16, from source: UInt32? = nil) throws(SystemCallError) -> Int32 {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw SystemCallError(call: "socket", object: "", code: errno) }
        if let source {
            let result = unsafe withAddress(source, port: 0) { unsafe Glibc.bind(number, $0, $1) }
            guard result == 0 else { throw failure("bind", "127.0.0.0/8", number) }
        }
        let result = unsafe withAddress(0x7F00_0001, port: port) { unsafe Glibc.connect(number, $0, $1) }
        guard result == 0 else { throw failure("connect", "127.0.0.1:\(port)", number) }
        var one: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        _ = unsafe setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &one, size)
        _ = fcntl(number, F_SETFL, O_NONBLOCK)
        return number
    }

    private static func withAddress(
        _ host: UInt32, port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = host.bigEndian
        return unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// Closes the socket, and says what went wrong with it.
    private static func failure(_ call: String, _ object: String, _ number: Int32) -> SystemCallError {
        let code = errno
        close(number)
        return SystemCallError(call: call, object: object, code: code)
    }

    /// Closes without a TIME_WAIT, so that tens of thousands of connections do not use up the ports (`SO_LINGER`).
    static func abort(_ number: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(number, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close(number)
    }
}
