internal import CWSQueueLinux
internal import Glibc
internal import WSQueueSystem

/// The client's end of a connection to a server on this machine.
enum ClientSocket {
    /// Connects to 127.0.0.1 (connect(2)); loopback answers at once or refuses.
    ///
    /// - Returns: The number of a non-blocking socket, which the caller closes.
    static func connect(port: UInt16) throws(SystemCallError) -> Int32 {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw SystemCallError(call: "socket", object: "", code: errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            let code = errno
            close(number)
            throw SystemCallError(call: "connect", object: "127.0.0.1:\(port)", code: code)
        }
        var one: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        _ = unsafe setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &one, size)
        _ = fcntl(number, F_SETFL, O_NONBLOCK)
        return number
    }

    /// Closes without a TIME_WAIT, so that tens of thousands of connections do not use up the ports (`SO_LINGER`).
    static func abort(_ number: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(number, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close(number)
    }
}
