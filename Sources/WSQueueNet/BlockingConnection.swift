internal import CWSQueueLinux
internal import Glibc
package import WSQueueSystem

/// A connection for a program that has one thing to do, and waits for it.
package struct BlockingConnection: ~Copyable {
    private let socket: Socket
    private let address: Address

    /// Connects to the first of some addresses that answers (connect(2)).
    ///
    /// - Parameter milliseconds: How long each of them may take.
    /// - Throws: ``SystemCallError`` of the last one.
    package static func open(
        _ addresses: [Address], within milliseconds: Int32
    ) throws(SystemCallError) -> BlockingConnection {
        var last = SystemCallError(call: "connect", object: "", code: ENOENT)
        for address in addresses {
            do throws(SystemCallError) {
                let connection = BlockingConnection(socket: try Socket.connect(to: address), address: address)
                try connection.finishConnecting(within: milliseconds)
                return connection
            } catch {
                last = error
            }
        }
        throw last
    }

    /// Sends all of `bytes`.
    ///
    /// - Parameter milliseconds: How long the other end may take nothing.
    package func send(_ bytes: [UInt8], within milliseconds: Int32) throws(SystemCallError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest)
            switch Socket.send(piece.span, to: socket.number) {
            case .bytes(let count): rest = rest.dropFirst(count)
            case .wouldBlock:
                guard wait(POLLOUT, milliseconds) else { throw error("send", ETIMEDOUT) }
            case .closed(let code): throw error("send", code)
            }
        }
    }

    /// Receives into `buffer` what comes next.
    ///
    /// - Returns: How many bytes came, 0 at the end; `nil` when nothing has come in that time.
    package func receive(into buffer: inout [UInt8], within milliseconds: Int32) throws(SystemCallError) -> Int? {
        guard wait(POLLIN, milliseconds) else { return nil }
        let result: Socket.Transfer
        do {
            var span = buffer.mutableSpan
            result = Socket.receive(into: &span, from: socket.number)
        }
        switch result {
        case .bytes(let count): return count
        case .wouldBlock: return nil
        case .closed(0): return 0
        case .closed(let code): throw error("receive", code)
        }
    }

    /// Ends the connection (shutdown(2)): the other end need not wait for what is not taken. What has come can still be
    /// received, and then its end.
    package func end() { _ = shutdown(socket.number, Int32(SHUT_RDWR)) }

    private func finishConnecting(within milliseconds: Int32) throws(SystemCallError) {
        guard wait(POLLOUT, milliseconds) else { throw error("connect", ETIMEDOUT) }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(socket.number, SOL_SOCKET, SO_ERROR, &code, &size) == 0, code == 0 else {
            throw error("connect", code == 0 ? errno : code)
        }
    }

    /// Waits until the socket is ready (poll(2)); a signal that does not end the program counts as time that is over.
    private func wait(_ events: Int32, _ milliseconds: Int32) -> Bool {
        var request = pollfd(fd: socket.number, events: Int16(events), revents: 0)
        return unsafe poll(&request, 1, milliseconds) > 0
    }

    private func error(_ call: String, _ code: Int32) -> SystemCallError {
        SystemCallError(call: call, object: "\(address)", code: code)
    }

    private init(socket: consuming Socket, address: Address) {
        self.socket = socket
        self.address = address
    }
}
